/**
 * Nothing typed is ever lost: kept on the device with each cell, sent when there is a line, merged with what others
 * typed. `attach` puts all of it behind a form that is drawn already.
 */

import { Findings } from "../findings.js";
import { Dialog } from "./dialog.js";
import { Keeper } from "./keeper.js";
import { Outbox } from "./outbox.js";
import { keepPage } from "./offline.js";
import { Reentry, Session } from "./session.js";
import { openDevice } from "./store.js";
import { SubmittingView } from "./submitting.js";
import { Tabs } from "./tabs.js";
import { KeepingView } from "./view.js";
import { ask } from "./wire.js";

/** @typedef {import("../sending.js").Answer} Answer */

/** The buttons' ways to the hub: what was typed goes through the keeper, a submission through the outbox. */
class KeptSending {
  /** @param {Keeper} keeper @param {Outbox} outbox @param {KeepingView} view */
  constructor(keeper, outbox, view) {
    this.keeper = keeper;
    this.outbox = outbox;
    this.view = view;
  }

  /** Whether the page may be left. */
  get isSaved() {
    return !this.keeper.isAtRisk;
  }

  /** @returns {Promise<Answer>} what waits on the device is saved as well, and the bar says that it waits */
  async flush() {
    const hasArrived = await this.keeper.flush();
    const isKept = hasArrived || this.keeper.device !== null;
    const note = hasArrived ? undefined : this.view.text("kept_note");
    return { ok: isKept, status: isKept ? 200 : 0, body: note ? { note } : null, etag: this.keeper.etag };
  }

  /** @returns {Promise<Answer>} */
  async check() {
    if (!(await this.keeper.flush())) return { ok: false, status: 0, body: null, etag: null };
    const path = `/api/v1/collections/${this.keeper.scope.collection}/validation`;
    const reply = await ask(path, { method: "POST", headers: this.keeper.session.headers() });
    return { ok: reply.status === 200 && reply.content !== null, status: reply.status, body: reply.content, etag: null };
  }

  /** @param {{confirm_warnings: any[], reason: string | null}} explained @returns {Promise<Answer>} the outbox tells */
  async submit({ confirm_warnings, reason }) {
    await this.outbox.press(reason ? { confirm_warnings, reason } : { confirm_warnings });
    return { ok: false, status: 0, body: { isHandled: true }, etag: null };
  }
}

/** @param {import("../desk.js").Desk} desk @param {Keeper} keeper */
function keepReasons(desk, keeper) {
  const reason = /** @type {HTMLInputElement | null} */ (document.getElementById("reason"));
  const show = () => {
    for (const one of keeper.explanations.reasons) {
      desk.findings.reasons.set(Findings.keyOf({ severity: "warning", message: "", ...one }), one.reason);
    }
    if (reason && document.activeElement !== reason) reason.value = keeper.explanations.reason;
    desk.summary.draw();
  };
  show();
  keeper.addEventListener("explanations", show);
  reason?.addEventListener("input", () => keeper.explainCorrection(reason.value));
  document.addEventListener("explained", (event) => {
    const { finding, reason: given } = /** @type {CustomEvent} */ (event).detail;
    const { code, division, element, rule } = finding;
    keeper.explain({ code, division, element, rule, reason: given });
  });
}

/** @param {import("../desk.js").Desk} desk */
export async function attach(desk) {
  const { payload, model } = desk;
  const session = new Session({ user: payload.user, csrf: payload.csrf });
  const back = /** @type {HTMLElement} */ (document.getElementById("keeping-reentry"));
  const reentry = new Reentry(session, payload.keeping.texts, new Dialog(back));
  const tabs = new Tabs({ user: payload.user, collection: payload.collection });
  const keeper = new Keeper({ payload, model, tabs, session, reenter: () => reentry.ask() });
  const view = new KeepingView(keeper, payload, (division, element) => desk.goToCell(division, element));
  const outbox = new Outbox(keeper, payload.collection, payload.keeping.door);
  new SubmittingView(outbox, view, payload.collection);
  outbox.addEventListener("findings", (event) => desk.report(/** @type {CustomEvent} */ (event).detail.findings));
  desk.sending = new KeptSending(keeper, outbox, view);
  await keeper.begin(await openDevice());
  keepReasons(desk, keeper);
  view.begin();
  await outbox.restore();
  document.documentElement.dataset["keeping"] = "ready";
  await keepPage(location.pathname);
  document.documentElement.dataset["keeping"] = "kept";
}
