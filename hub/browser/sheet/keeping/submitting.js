/** Submitting as people see it: waiting for a line, held back and why, the receipt or the findings. */

/** @typedef {import("./view.js").KeepingView} KeepingView */

export class SubmittingView {
  /** @param {import("./outbox.js").Outbox} outbox @param {KeepingView} view @param {string} collection */
  constructor(outbox, view, collection) {
    this.outbox = outbox;
    this.view = view;
    this.collection = collection;
    outbox.addEventListener("waiting", () => this.#waiting());
    outbox.addEventListener("idle", () => this.view.notices.drop("submit"));
    outbox.addEventListener("held", (event) => this.#held(/** @type {CustomEvent} */ (event).detail.why));
    outbox.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    outbox.addEventListener("submitted", (event) => this.#submitted(/** @type {CustomEvent} */ (event).detail));
  }

  #waiting() {
    const cancel = { text: this.view.text("submit_cancel"), press: () => void this.outbox.cancel() };
    this.view.notices.show("submit", "caution", [this.view.text("submit_waiting")], [cancel]);
  }

  /** @param {"changed" | "conflicts" | "refused" | "stopped"} why */
  #held(why) {
    const count = this.view.keeper.queue.inState("refused").length;
    const text = this.view.text(why === "stopped" ? "submit_stopped" : `submit_${why}`, { count });
    this.view.notices.show("submit", "trouble", [text]);
  }

  /** @param {{code?: string, detail?: string} | null} problem */
  #refused(problem) {
    const detail = problem?.detail ?? "";
    this.view.notices.show("submit", "trouble", [this.view.text("submit_again", { detail })]);
  }

  /** @param {{number?: string}} receipt without a number, it goes on to somebody who signs or reviews it */
  #submitted({ number }) {
    this.view.notices.show("submit", "notice", [this.view.text(number ? "submitted" : "handed_on", { number: number ?? "" })]);
    this.view.keeper.tabs.tell({ kind: "submitted", number: number ?? "" }); // other tabs of the form are old now
    location.assign(number ? `/submissions/${number}` : `/collections/${this.collection}`);
  }
}
