/**
 * A dialog over the page: it takes the focus, keeps it, and gives it back. `<dialog>` is younger than the browsers we
 * serve (Firefox 78, Safari 15.0).
 */

const REACHABLE = "button:not([disabled]), a[href], input:not([type=hidden]):not([disabled]), select, textarea";

export class Dialog {
  /**
   * @param {HTMLElement} back what lies behind, with the dialog in it
   * @param {{onEscape?: () => void}} [options] without it, the dialog wants an answer
   */
  constructor(back, { onEscape } = {}) {
    this.back = back;
    this.element = /** @type {HTMLElement} */ (back.querySelector("[role=dialog]"));
    this.onEscape = onEscape;
    /** @type {HTMLElement | null} */
    this.before = null;
    // Before the grid hears of it: what is typed here is no cell.
    this.back.addEventListener("keydown", (event) => this.#onKey(event));
    this.back.addEventListener("paste", (event) => event.stopPropagation());
  }

  get isOpen() {
    return !this.back.hidden;
  }

  /** @param {HTMLElement} [first] what takes the focus */
  open(first) {
    if (this.isOpen) return;
    this.before = /** @type {HTMLElement | null} */ (document.activeElement);
    this.back.hidden = false;
    (first ?? this.element).focus();
  }

  close() {
    if (!this.isOpen) return;
    this.back.hidden = true;
    if (this.before && document.contains(this.before)) this.before.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    event.stopPropagation();
    if (event.key === "Escape" && this.onEscape) this.onEscape();
    if (event.key !== "Tab") return;
    const reachable = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(REACHABLE)]);
    const seen = reachable.filter((one) => one.getClientRects().length > 0);
    const first = seen[0];
    const last = seen[seen.length - 1];
    if (!first || !last) return;
    const isAtEnd = document.activeElement === (event.shiftKey ? first : last);
    const isOutside = !this.element.contains(document.activeElement) || document.activeElement === this.element;
    if (isAtEnd || (isOutside && !event.shiftKey)) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }
}
