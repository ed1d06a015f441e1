/** Help for the selected cell, beside the grid: the inside of the cell's own page (definition, basis, history…). */

import { element } from "./painting.js";

const PAUSE = 250;

export class Panel {
  /**
   * @param {import("./payload.js").Payload} payload
   * @param {() => {division: string, column: import("./payload.js").Column}} here
   */
  constructor(payload, here) {
    this.payload = payload;
    this.here = here;
    this.box = /** @type {HTMLElement} */ (document.getElementById("cell-panel"));
    /** @type {number | undefined} */
    this.waiting = undefined;
    this.asked = "";
    document.addEventListener("cell", () => this.#follow());
  }

  get isOpen() {
    return !this.box.hidden;
  }

  toggle() {
    this.box.hidden = this.isOpen;
    this.box.parentElement?.classList.toggle("has-panel", this.isOpen);
    for (const button of Array.from(document.querySelectorAll('[data-command="help-cell"]'))) {
      button.setAttribute("aria-expanded", String(this.isOpen));
    }
    this.asked = "";
    if (this.isOpen) void this.#read();
  }

  /** With the panel open, the help follows the selected cell, after a pause. */
  #follow() {
    window.clearTimeout(this.waiting);
    if (this.isOpen) this.waiting = window.setTimeout(() => void this.#read(), PAUSE);
  }

  async #read() {
    const { division, column } = this.here();
    const path = `/collections/${this.payload.collection}/cells/${division}/${column.identifier}`;
    if (path === this.asked) return;
    this.asked = path;
    const inside = await this.#fetch(path);
    if (path !== this.asked) return;
    this.box.textContent = "";
    if (inside) this.box.append(inside);
    else this.#draw(column);
  }

  /** @param {string} path @returns {Promise<DocumentFragment | null>} */
  async #fetch(path) {
    try {
      const answer = await fetch(path, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fragment = document.createDocumentFragment();
      fragment.append(...Array.from(page.body.childNodes));
      return fragment;
    } catch {
      return null;
    }
  }

  /** Without an answer, what the page itself knows. @param {import("./payload.js").Column} column */
  #draw(column) {
    this.box.append(element("h2", column.label + (column.unit ? ` (${column.unit})` : "")));
    for (const text of [column.definition, column.basis]) if (text) this.box.append(element("p", text));
    this.box.append(element("p", this.payload.texts["panel_unreachable"] ?? ""));
  }
}
