/**
 * Of a batch that was refused whole: which cells were meant.
 *
 * @typedef {import("./queue.js").CellRecord} CellRecord
 */

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
