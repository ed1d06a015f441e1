/** A list to choose from, driven from the grid's input: the focus never leaves it. For codes and for missing kinds. */

import { element } from "./painting.js";

/** @typedef {{value: string, label: string}} Option */

export class Choosing {
  /** @param {HTMLTextAreaElement} input */
  constructor(input) {
    this.input = input;
    this.list = document.createElement("ul");
    this.list.id = "choices";
    this.list.className = "choosing";
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    document.body.append(this.list);
    /** @type {Option[]} */
    this.options = [];
    this.at = -1;
    /** @type {(option: Option) => void} */
    this.pick = () => undefined;
    this.list.addEventListener("mousedown", (event) => this.#press(event));
    window.addEventListener("scroll", () => this.close(), { passive: true, capture: true });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /**
   * @param {Option[]} options
   * @param {string} name
   * @param {string} chosen
   * @param {(option: Option) => void} pick
   */
  open(options, name, chosen, pick) {
    this.pick = pick;
    this.options = options;
    this.list.setAttribute("aria-label", name);
    this.list.textContent = "";
    options.forEach((option, place) => {
      const item = element("li", option.label);
      item.id = `choice-${place}`;
      item.setAttribute("role", "option");
      this.list.append(item);
    });
    this.list.hidden = options.length === 0;
    this.input.setAttribute("aria-controls", this.list.id);
    this.#put();
    this.#go(Math.max(0, options.findIndex((option) => option.value === chosen)));
  }

  /** Below the input, or above it where there is no room below. */
  #put() {
    const cell = this.input.getBoundingClientRect();
    const height = this.list.offsetHeight;
    const isBelow = cell.bottom + height < window.innerHeight || cell.top < height;
    this.list.style.left = `${Math.max(4, Math.min(cell.left, window.innerWidth - this.list.offsetWidth - 4))}px`;
    this.list.style.top = `${isBelow ? cell.bottom + 2 : cell.top - height - 2}px`;
  }

  /** @param {number} place */
  #go(place) {
    this.at = Math.max(0, Math.min(place, this.options.length - 1));
    Array.from(this.list.children).forEach((item, number) => {
      item.setAttribute("aria-selected", String(number === this.at));
    });
    const item = /** @type {HTMLElement | undefined} */ (this.list.children[this.at]);
    if (!item) return;
    this.input.setAttribute("aria-activedescendant", item.id);
    this.list.scrollTop = Math.min(item.offsetTop, Math.max(this.list.scrollTop, item.offsetTop - 150));
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was the list's */
  takes(event) {
    if (!this.isOpen) return false;
    const option = this.options[this.at];
    if (event.key === "ArrowDown") this.#go(this.at + 1);
    else if (event.key === "ArrowUp") this.#go(this.at - 1);
    else if (event.key === "Escape") this.close();
    else if ((event.key === "Enter" || event.key === "Tab") && option) this.#choose(option);
    else return false;
    return event.key !== "Tab";
  }

  /** @param {MouseEvent} event */
  #press(event) {
    event.preventDefault();
    const item = /** @type {HTMLElement} */ (event.target).closest("li");
    const option = item && this.options[Array.from(this.list.children).indexOf(item)];
    if (option) this.#choose(option);
  }

  /** @param {Option} option */
  #choose(option) {
    this.close();
    this.pick(option);
  }

  close() {
    this.list.hidden = true;
    this.input.removeAttribute("aria-controls");
    this.input.removeAttribute("aria-activedescendant");
  }
}
