/**
 * One batch on its way, under one key until it is answered; and what is made of an answer that refuses it whole.
 *
 * @typedef {import("./queue.js").CellRecord} CellRecord
 * @typedef {{reasons: import("./explaining.js").Reason[], reason: string | null}} Said
 * @typedef {{body: any, batch: CellRecord[], said: Said}} Flight
 */

import { newKey } from "./wire.js";

/**
 * What is to be sent next; null when nothing is.
 * @param {import("./queue.js").Queue} queue @param {import("./explaining.js").Explaining} explaining @param {number} most
 * @param {{now: number, patience: number, open: ReadonlySet<string>}} tabs
 * @returns {Flight | null}
 */
export function flightOf(queue, explaining, most, tabs) {
  const batch = queue.batch(most, tabs);
  if (batch.length === 0 && explaining.isSaid) return null;
  const said = explaining.waiting();
  const changes = batch.map(({ division, element, value, missing, was }) => ({ division, element, value, missing, was }));
  return { body: { submission: queue.submission, key: newKey(), changes, ...said }, batch, said };
}

/** An answer to which nothing is to be added. */
export const NOTHING_NEW = { saved_at: null, applied: [], conflicts: [], others: [], is_whole: false, derived: null };

/**
 * Those that the hub's problem document points at; a batch of one is meant itself. None: it was merely too much at once.
 * @param {import("./wire.js").Reply} reply @param {CellRecord[]} batch
 */
export function refusedIn(reply, batch) {
  /** @type {{pointer: string, message: string}[]} */
  const errors = reply.content?.errors ?? [];
  const named = new Map(errors.map((one) => [Number(/^\/changes\/(\d+)\//.exec(one.pointer)?.[1] ?? -1), one.message]));
  const whole = batch.length === 1 ? reply.content?.detail ?? String(reply.status) : "";
  return batch.flatMap(({ division, element }, index) => {
    const message = named.get(index) ?? whole;
    return message ? [{ division, element, code: "", message }] : [];
  });
}
