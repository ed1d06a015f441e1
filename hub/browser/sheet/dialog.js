/** A dialog that keeps the focus inside and gives it back (Firefox 78 and Safari 15 have no <dialog>). */

const FOCUSABLE = "button, a[href], input, select, textarea, [tabindex='0']";

export class Dialog {
  /** @param {HTMLElement} back  the veil; the dialog is its only child */
  constructor(back) {
    this.back = back;
    this.box = /** @type {HTMLElement} */ (back.firstElementChild);
    /** @type {HTMLElement | null} */
    this.opener = null;
    back.addEventListener("keydown", (event) => this.#pressed(event));
    back.addEventListener("mousedown", (event) => {
      if (event.target === back) this.close();
    });
  }

  open() {
    this.opener = /** @type {HTMLElement | null} */ (document.activeElement);
    this.back.hidden = false;
    this.box.focus();
  }

  close() {
    this.back.hidden = true;
    this.opener?.focus();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
    if (event.key !== "Tab") return;
    const all = /** @type {HTMLElement[]} */ (Array.from(this.box.querySelectorAll(FOCUSABLE)));
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement !== edge && document.activeElement !== this.box) return;
    event.preventDefault();
    (event.shiftKey ? all[all.length - 1] : all[0])?.focus();
  }
}
