/**
 * Submitting, for as long as it takes: pressed without a line, it waits on the device and is sent later under the same
 * `Idempotency-Key`, so that an answer that was lost submits nothing twice. What was typed goes first; a conflict, a
 * refused cell or somebody else's change meanwhile stops it, because another form would be submitted than the one seen.
 */

import { ask, backoff, mayPass, newKey } from "./wire.js";

/**
 * @typedef {{code: string, division: string, element: string | null, rule?: string | null, reason: string}} Confirmation
 * @typedef {{key: string, body: {confirm_warnings: Confirmation[], reason?: string}, submission: string | null}} Pressed
 */

export class Outbox extends EventTarget {
  /** @param {import("./keeper.js").Keeper} keeper @param {string} collection @param {string} door to whom it goes */
  constructor(keeper, collection, door) {
    super();
    this.keeper = keeper;
    this.door = door;
    this.path = `/api/v1/collections/${collection}`;
    /** @type {Pressed | null} */
    this.pressed = null;
    this.failures = 0;
    this.timer = 0;
    this.isBusy = false;
    keeper.addEventListener("merged", () => this.pressed && void this.#stop("changed"));
    addEventListener("online", () => this.#soon(0));
    addEventListener("focus", () => this.#soon(0));
  }

  /** What was pressed before the page was loaded anew. */
  async restore() {
    const { device, scope, queue } = this.keeper;
    const kept = device ? await device.note(scope, "outbox") : null;
    if (!kept) return;
    if (kept.submission !== queue.submission) return void device?.keepNote(scope, "outbox", null);
    this.pressed = kept;
    this.#tell("waiting");
    this.#soon(0);
    return undefined;
  }

  /** @param {{confirm_warnings: Confirmation[], reason?: string}} body */
  async press(body) {
    if (this.isBusy) return;
    this.pressed = { key: newKey(), body, submission: this.keeper.queue.submission };
    this.failures = 0;
    await this.#keep(this.pressed);
    await this.#try();
  }

  /** @param {Pressed | null} pressed */
  async #keep(pressed) {
    const { device, scope } = this.keeper;
    try {
      if (device) await device.keepNote(scope, "outbox", pressed);
    } catch {
      // Without room it waits as long as the page is open.
    }
  }

  async cancel() {
    this.pressed = null;
    await this.#keep(null);
    this.#tell("idle");
  }

  /** @param {number} wait */
  #soon(wait) {
    clearTimeout(this.timer);
    if (this.pressed) this.timer = setTimeout(() => void this.#try(), wait);
  }

  async #try() {
    if (this.isBusy || !this.pressed) return;
    this.isBusy = true;
    try {
      await this.#sendAll(this.pressed);
    } finally {
      this.isBusy = false;
    }
  }

  /** @param {Pressed} pressed */
  async #sendAll(pressed) {
    if (this.failures > 0 || navigator.onLine === false) this.#tell("waiting");
    const hasArrived = await this.keeper.flush();
    if (this.pressed !== pressed) return undefined;
    if (this.keeper.stop) return this.#stop("stopped");
    if (this.keeper.queue.inState("conflict").length > 0) return this.#stop("conflicts");
    if (this.keeper.queue.inState("refused").length > 0) return this.#stop("refused");
    if (!hasArrived) return this.#later(0);
    const headers = { ...this.keeper.session.headers(), "Idempotency-Key": pressed.key };
    const reply = await ask(`${this.path}/${this.door}`, { method: "POST", body: pressed.body, headers });
    return this.#answered(reply);
  }

  /** @param {number} wait */
  #later(wait) {
    this.failures += 1;
    this.#tell("waiting");
    this.#soon(Math.max(wait, backoff(this.failures, Math.random())));
  }

  /** @param {import("./wire.js").Reply} reply */
  async #answered(reply) {
    const code = reply.content?.code;
    if (reply.status === 401 || code === "csrf_refused") {
      await this.keeper.signInAgain(reply.status);
      return this.#soon(0);
    }
    if (mayPass(reply) || (reply.status < 300 && !reply.content)) return this.#later(reply.retryAfter);
    await this.cancel();
    if (reply.status < 300) return this.#tell("submitted", reply.content);
    if (code === "draft_not_valid") return this.#tell("findings", reply.content);
    return this.#tell("refused", reply.content);
  }

  /** @param {"changed" | "conflicts" | "refused" | "stopped"} why */
  async #stop(why) {
    await this.cancel();
    this.#tell("held", { why });
  }

  /** @param {string} name @param {any} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
