/**
 * The one input of the grid. It lies over the selected cell, has the focus all the time and holds the cell's text,
 * selected, so that whatever comes next replaces it: a key, a paste, or an input method's first letter. A grid that
 * makes its input only when a key is pressed loses that letter to the page (UX.md: "z红果" for 中国).
 *
 * @typedef {import("./keys.js").Mode} Mode
 */

export class Editor extends EventTarget {
  constructor() {
    super();
    this.input = document.createElement("textarea");
    this.input.id = "cell-input";
    this.input.className = "cell-input";
    this.input.rows = 1;
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.setAttribute("autocapitalize", "off");
    this.input.setAttribute("aria-describedby", "cell-about");
    /** @type {Mode} */
    this.mode = "ready";
    this.text = "";
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("compositionstart", () => this.#typed());
  }

  #typed() {
    if (this.mode === "ready") this.mode = "typing";
    this.input.classList.add("is-typing");
    this.#grow();
    this.dispatchEvent(new Event("typed"));
  }

  /** As many lines as there are, so that none is typed unseen. */
  #grow() {
    const lines = Math.min(6, this.input.value.split("\n").length);
    this.input.style.height = lines > 1 ? `${lines * 1.5 + 0.5}em` : "";
  }

  /**
   * Lie over a cell. The box of the section is the only one that is ever changed for another, so the focus stays.
   * @param {HTMLElement} box
   * @param {HTMLTableCellElement} cell
   */
  lieOver(box, cell) {
    if (this.input.parentElement !== box) {
      const old = this.input.parentElement;
      if (old) old.tabIndex = 0;
      box.append(this.input);
      box.tabIndex = -1;
    }
    const { style } = this.input;
    style.left = `${cell.offsetLeft}px`;
    style.top = `${cell.offsetTop}px`;
    style.width = `${cell.offsetWidth}px`;
  }

  /** @param {string} text @param {{isOpen: boolean, inputMode: string, name: string, isWrong: boolean}} cell */
  hold(text, { isOpen, inputMode, name, isWrong }) {
    this.mode = "ready";
    this.text = text;
    this.input.value = text;
    this.input.readOnly = !isOpen;
    this.input.style.height = "";
    this.input.className = `cell-input${inputMode ? " n" : ""}${isOpen ? "" : " is-locked"}`;
    this.input.setAttribute("aria-label", name);
    this.input.setAttribute("aria-invalid", String(isWrong));
    if (document.activeElement === this.input) this.input.select();
  }

  focus() {
    this.input.focus({ preventScroll: true });
    if (this.mode === "ready") this.input.select();
  }

  get hasFocus() {
    return document.activeElement === this.input;
  }

  edit() {
    if (this.input.readOnly) return;
    this.mode = "editing";
    this.input.classList.add("is-typing");
    this.#grow();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** @param {string} text */
  replace(text) {
    this.input.value = text;
    this.#typed();
  }

  newLine() {
    const { selectionStart, selectionEnd } = this.input;
    this.input.setRangeText("\n", selectionStart, selectionEnd, "end");
    this.#grow();
  }

  /** Whether something was typed that the model does not hold. */
  get isChanged() {
    return this.mode !== "ready" && this.input.value !== this.text;
  }

  reset() {
    this.mode = "ready";
    this.input.value = this.text;
    this.input.style.height = "";
    this.input.classList.remove("is-typing");
    this.input.select();
  }
}
