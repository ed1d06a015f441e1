/**
 * Keeps what is typed on the device at once, then sends it, for as long as it takes. Shows nothing itself: whoever
 * listens hears "state" when there is something to show, and the names in `stop`.
 */

import { Explaining } from "./explaining.js";
import { NOTHING_NEW, flightOf, refusedIn } from "./flight.js";
import { ANSWER_OF_TABS, AT_ONCE, IN_USE, LAST_WORDS, LOOK_EVERY, PATIENCE_WITH_TABS, SOON } from "./pace.js";
import { showDerived, watchPage } from "./page.js";
import { Queue, isSame, keyOf } from "./queue.js";
import { stampNow } from "./session.js";
import { ask, backoff, mayPass } from "./wire.js";

/**
 * @typedef {import("./queue.js").CellRecord} CellRecord
 * @typedef {import("./queue.js").Outcome} Outcome
 * @typedef {import("./wire.js").Reply} Reply
 * @typedef {import("../model.js").SheetModel} SheetModel
 * @typedef {import("./explaining.js").Reason} Reason
 * @typedef {import("./flight.js").Flight} Flight
 * @typedef {"" | "submitted" | "locked" | "gone" | "other-person" | "wiped"} Stop why nothing is sent any more
 */

export class Keeper extends EventTarget {
  /**
   * @param {{payload: import("../payload.js").Payload, model: SheetModel,
   *   tabs: import("./tabs.js").Tabs, session: import("./session.js").Session,
   *   reenter: () => Promise<import("./session.js").Who>}} parts
   */
  constructor({ payload, model, tabs, session, reenter }) {
    super();
    this.model = model;
    /** @type {import("./store.js").Device | null} */
    this.device = null;
    /** The device is asked, and people type meanwhile. */
    this.isOpening = true;
    this.tabs = tabs;
    this.session = session;
    this.reenter = reenter;
    this.scope = { user: payload.user, collection: payload.collection };
    this.path = `/collections/${payload.collection}/cells`;
    this.etag = payload.etag;
    this.deliveredAt = payload.keeping.saved_at;
    this.queue = new Queue({
      cells: payload.cells,
      submission: payload.keeping.submission,
      owner: tabs.id,
      now: payload.keeping.now,
    });
    this.explaining = new Explaining(payload.keeping.explanations);
    /** @type {CellRecord[]} */
    this.leftover = [];
    /** @type {Stop} */
    this.stop = "";
    this.stopDetail = "";
    this.storing = 0;
    this.failures = 0;
    this.activeAt = Date.now();
    this.restored = 0;
    /** The hub's own words on why it takes nothing now. */
    this.problem = "";
    this.isSending = false;
    /** @type {Flight | null} */
    this.inFlight = null;
    this.timer = 0;
    /** @type {Promise<boolean> | null} */
    this.running = null;
    model.addEventListener("change", (event) => this.#onChange(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {import("./store.js").Device | null} device null: it keeps nothing */
  async begin(device) {
    this.device = device;
    const early = [...this.queue.records.values()];
    await this.#restore();
    this.isOpening = false;
    await this.#keep(early);
    this.tabs.addEventListener("told", (event) => this.#onTold(/** @type {CustomEvent} */ (event).detail));
    this.tabs.begin();
    watchPage({
      woken: () => this.#hurry(),
      cut: () => this.#tell(),
      left: () => this.#lastWords(),
      wiped: () => {
        this.device = null;
        this.#halt("wiped", "");
      },
    });
    setInterval(() => void this.#everyHalfMinute(), LOOK_EVERY);
    this.#schedule(ANSWER_OF_TABS);
  }

  async #restore() {
    if (!this.device) return;
    const kept = await this.device.cells(this.scope);
    const { restored, shown, gone, leftover } = this.queue.restore(kept);
    this.leftover = leftover;
    this.#show([...shown, ...restored], "stored");
    this.restored = restored.length;
    if (gone.length > 0) await this.device.keep(this.scope, [], gone);
    await this.explaining.restoreFrom(this.device, this.scope, this.queue.submission);
  }

  /** What was typed before a submission that has come since: into the form, or away. @param {boolean} isWanted */
  async settleLeftover(isWanted) {
    const leftover = this.leftover;
    this.leftover = [];
    if (this.device) await this.device.keep(this.scope, [], leftover);
    if (isWanted) this.model.set(leftover.filter((one) => this.model.isOpen(one.division, one.element)), "typed");
    this.#tell();
  }

  /** @param {{changes: import("../model.js").Change[], origin: import("../model.js").Origin}} detail */
  #onChange({ changes, origin }) {
    if (origin === "stored" || origin === "merge") return;
    this.activeAt = Date.now();
    const records = this.queue.note(changes, stampNow());
    this.#mark(records);
    void this.#keep(records);
    this.#schedule(SOON);
  }

  /** @param {CellRecord[]} records @param {CellRecord[]} [gone] */
  async #keep(records, gone = []) {
    this.tabs.tell({ kind: "cells", records: records.map((one) => ({ ...one })), gone });
    if (this.isOpening || !this.device || records.length + gone.length === 0) return this.#tell();
    this.storing += 1;
    this.#tell();
    try {
      await this.device.keep(this.scope, records, gone);
    } catch {
      this.device = null; // no room: from here on what matters is to send it
    }
    this.storing -= 1;
    return this.#tell();
  }

  /** @param {CellRecord[]} records @param {"stored" | "merge"} origin */
  #show(records, origin) {
    this.model.set(records.map(({ division, element, value, missing }) => ({ division, element, value, missing })), origin);
    this.#mark(records);
  }

  /** @param {CellRecord[]} records */
  #mark(records) {
    for (const { division, element, state } of records) {
      this.model.mark(division, element, state === "sent" ? "saved" : state);
    }
  }

  /** @param {{kind: string, [name: string]: any}} message */
  #onTold(message) {
    if (message.kind === "cells") {
      const news = this.queue.adopt(message["records"]);
      for (const one of message["gone"]) this.queue.records.delete(keyOf(one));
      this.#show(news, "merge");
      if (news.some((one) => one.state === "waiting")) this.#schedule(SOON);
      this.#tell();
    } else if (message.kind === "session" && this.stop === "other-person") this.#hurry();
    else if (message.kind === "submitted") this.#halt("submitted", message["number"]);
  }

  /** @param {Reason} reason an empty one takes it back */
  explain(reason) {
    this.explaining.explain(reason);
    void this.#keepUnsaid();
    this.#schedule(SOON);
  }

  /** @param {string} reason of a correction */
  explainCorrection(reason) {
    this.explaining.unsaidReason = reason;
    void this.#keepUnsaid();
    this.#schedule(SOON);
  }

  get explanations() {
    return this.explaining.all;
  }

  async #keepUnsaid() {
    const isKept = !this.device || (await this.explaining.keepOn(this.device, this.scope, this.queue.submission));
    if (!isKept) this.device = null;
    this.#tell();
  }

  /** Nothing is left to send. */
  get isDelivered() {
    return this.queue.inState("waiting").length === 0 && this.explaining.isSaid && this.storing === 0;
  }

  /** Something would be lost if the page went now. */
  get isAtRisk() {
    if (this.stop === "wiped") return false;
    if (this.isOpening) return !this.isDelivered;
    return this.storing > 0 || (!this.device && (!this.isDelivered || this.queue.inState("conflict").length > 0));
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("state"));
  }

  /** @param {number} wait */
  #schedule(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), wait);
  }

  #hurry() {
    this.activeAt = Date.now();
    if (this.stop === "other-person") return void this.#lookWho();
    if (this.stop) return undefined;
    this.failures = 0;
    this.#schedule(0);
    void this.look();
    return undefined;
  }

  /** Perhaps the person whose page this is has come back. */
  async #lookWho() {
    if ((await this.session.look()) !== "same") return;
    this.#halt("", "");
    this.#schedule(0);
  }

  /** Send all there is. @returns {Promise<boolean>} whether all of it arrived */
  flush() {
    this.running ??= this.#run().finally(() => {
      this.running = null;
      this.#tell();
    });
    return this.running;
  }

  async #run() {
    while (!this.stop && (this.inFlight || this.#takeBatch())) {
      this.isSending = true;
      this.#tell();
      const isAnswered = await this.#send();
      this.isSending = false;
      if (!isAnswered) return false;
    }
    return !this.stop && this.isDelivered;
  }

  /** @param {number} [most] @returns {boolean} */
  #takeBatch(most = AT_ONCE) {
    const tabs = { now: Date.now(), patience: PATIENCE_WITH_TABS, open: this.tabs.others };
    this.inFlight = flightOf(this.queue, this.explaining, most, tabs);
    if (!this.inFlight) return false;
    // What may arrive without an answer is written down first.
    if (this.device) void this.device.keep(this.scope, this.inFlight.batch).catch(() => undefined);
    return true;
  }

  /** The same batch under the same key until it is answered. @returns {Promise<boolean>} */
  async #send() {
    const flight = this.inFlight;
    if (!flight) return true;
    const body = { ...flight.body, base: this.etag };
    const reply = await ask(this.path, { method: "POST", body, headers: this.session.headers() });
    if (reply.status === 200 && reply.content) {
      this.failures = 0;
      this.inFlight = null;
      this.explaining.arrived(flight.said);
      void this.#keepUnsaid();
      await this.#settle(flight.batch, reply.content);
      return true;
    }
    return this.#failed(reply, flight);
  }

  /** @param {Reply} reply @param {Flight} flight @returns {Promise<boolean>} */
  async #failed(reply, flight) {
    const code = reply.content?.code;
    if (reply.status === 401 || code === "csrf_refused") return this.signInAgain(reply.status);
    if (reply.status === 413 || (reply.status === 422 && flight.batch.length > 0)) return this.#without(reply, flight);
    if (mayPass(reply) || reply.status === 200) {
      this.failures += 1;
      this.problem = reply.content?.detail ?? "";
      this.#schedule(Math.max(reply.retryAfter, backoff(this.failures, Math.random())));
      return false;
    }
    this.inFlight = null;
    if (code === "collection_submitted") this.#halt("submitted", reply.content.submission);
    else this.#halt(reply.status === 409 ? "locked" : "gone", reply.content?.detail ?? "");
    return false;
  }

  /** @param {number} status @returns {Promise<boolean>} */
  async signInAgain(status) {
    let who = status === 401 ? "none" : await this.session.look();
    if (who === "none") who = await this.reenter();
    if (who === "away") {
      this.failures += 1;
      this.#schedule(backoff(this.failures, Math.random()));
      return false;
    }
    if (who === "same") {
      this.tabs.tell({ kind: "session" });
      return true;
    }
    this.inFlight = null;
    this.#halt("other-person", this.session.otherName);
    return false;
  }

  /**
   * Of a batch that was refused whole, the cells that are named are refused; when none is, it was too large: halves.
   * @param {Reply} reply @param {Flight} flight
   */
  async #without(reply, flight) {
    this.inFlight = null;
    const refused = refusedIn(reply, flight.batch);
    if (refused.length > 0) {
      await this.#settle(flight.batch, { ...NOTHING_NEW, refused, etag: this.etag, explanations: null });
    } else this.#takeBatch(Math.ceil(flight.batch.length / 2));
    return true;
  }

  /** @param {CellRecord[]} batch @param {any} answer */
  async #settle(batch, answer) {
    const outcome = this.queue.settle(batch, answer);
    this.etag = answer.etag;
    this.problem = "";
    if (answer.saved_at) this.deliveredAt = answer.saved_at;
    if (answer.derived) showDerived(this.model, answer.derived);
    if (answer.explanations && this.explaining.hear(answer.explanations)) this.dispatchEvent(new CustomEvent("explanations"));
    await this.take(outcome);
    if (answer.submission !== undefined && answer.submission !== this.queue.submission) {
      this.#halt("submitted", answer.submission ?? "");
    }
  }

  /** What became of cells, onto the page, the device and the other tabs. @param {Outcome} outcome */
  async take({ changed, gone, incoming }) {
    this.#mark(changed);
    const news = incoming.filter((one) => !isSame(this.model.cell(one.division, one.element), one));
    this.model.set(news, "merge");
    for (const { division, element } of incoming) this.model.mark(division, element, "saved");
    if (news.length > 0) this.dispatchEvent(new CustomEvent("merged", { detail: news }));
    await this.#keep(changed, gone);
  }

  /** @param {import("./queue.js").Place} place @param {"mine" | "theirs"} chosen */
  async choose(place, chosen) {
    await this.take(this.queue.choose(place, chosen, stampNow()));
    this.#schedule(0);
  }

  async #everyHalfMinute() {
    // A page that is only open must not keep a session alive for ever.
    const isInUse = document.visibilityState === "visible" && Date.now() - this.activeAt < IN_USE;
    if (isInUse) await this.look();
    if (!this.stop && !this.isDelivered && !this.running && this.failures === 0) this.#schedule(0);
  }

  /** What is new at the hub. */
  async look() {
    if (this.running || this.stop === "submitted" || this.stop === "gone") return;
    const etag = this.etag;
    const reply = await ask(`${this.path}?base=${encodeURIComponent(etag)}`);
    if (reply.status === 401) {
      await this.signInAgain(401);
      return;
    }
    if (reply.status !== 200 || !reply.content || this.running || etag !== this.etag) return;
    if (reply.content.submission === this.queue.submission) await this.#settle([], reply.content);
    else this.#halt("submitted", reply.content.submission ?? "");
  }

  /** The page is going: the browser sends this all the same. */
  #lastWords() {
    if (this.running || this.stop || !this.#takeBatch()) return;
    const flight = /** @type {NonNullable<typeof this.inFlight>} */ (this.inFlight);
    const body = { ...flight.body, base: this.etag };
    if (JSON.stringify(body).length > LAST_WORDS) return this.#schedule(0);
    void ask(this.path, { method: "POST", body, headers: this.session.headers(), isLast: true }).then((reply) => {
      if (reply.status === 200 && this.inFlight === flight) this.#schedule(0);
    });
    return undefined;
  }

  /** @param {Stop} stop @param {string} detail */
  #halt(stop, detail) {
    if (this.stop === stop) return;
    this.stop = stop;
    this.stopDetail = detail;
    this.dispatchEvent(new CustomEvent("stop"));
    this.#tell();
  }

  /** Asked for by whoever looks at another person's session: the owner of the page signs in. */
  async enterAgain() {
    if ((await this.reenter()) !== "same") return this.dispatchEvent(new CustomEvent("stop"));
    this.#halt("", "");
    this.#schedule(0);
    return undefined;
  }
}
