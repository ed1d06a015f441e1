/**
 * Reasons for warnings, and for a correction: typed work like any cell, kept on the device and with the draft.
 *
 * @typedef {{code: string, division: string, element: string | null, rule: string | null, reason: string}} Reason
 * @typedef {{reasons: Reason[], reason: string}} Explanations
 */

const NOTE = "explanations";

/** @param {Reason} reason */
function keyOf({ code, division, element, rule }) {
  return [code, division, element ?? "", rule ?? ""].join("|");
}

export class Explaining {
  /** @param {Explanations} heard what the hub holds */
  constructor(heard) {
    this.heard = heard;
    /** What it has not heard yet. @type {Map<string, Reason>} */
    this.unsaid = new Map();
    /** @type {string | null} */
    this.unsaidReason = null;
  }

  /** @returns {Explanations} what was said last, here or elsewhere */
  get all() {
    const reasons = new Map(this.heard.reasons.map((one) => [keyOf(one), one]));
    for (const [key, one] of this.unsaid) reasons.set(key, one);
    const given = [...reasons.values()].filter((one) => one.reason.trim() !== "");
    return { reasons: given, reason: this.unsaidReason ?? this.heard.reason };
  }

  get isSaid() {
    return this.unsaid.size === 0 && this.unsaidReason === null;
  }

  /** @param {Reason} reason an empty one takes it back */
  explain(reason) {
    this.unsaid.set(keyOf(reason), reason);
  }

  /** What waits, as it is sent and as the device keeps it. @returns {{reasons: Reason[], reason: string | null}} */
  waiting() {
    return { reasons: [...this.unsaid.values()], reason: this.unsaidReason };
  }

  /** @param {{reasons: Reason[], reason: string | null}} kept */
  restore(kept) {
    for (const reason of kept.reasons) this.explain(reason);
    this.unsaidReason = kept.reason;
  }

  /**
   * What waited when the page was left; a submission since then has outlived it.
   * @param {import("./store.js").Device} device @param {import("./store.js").Scope} scope @param {string | null} submission
   */
  async restoreFrom(device, scope, submission) {
    const kept = await device.note(scope, NOTE);
    if (kept && kept.submission === submission) this.restore(kept);
  }

  /**
   * @param {import("./store.js").Device} device @param {import("./store.js").Scope} scope @param {string | null} submission
   * @returns {Promise<boolean>} whether there was room for it
   */
  async keepOn(device, scope, submission) {
    try {
      await device.keepNote(scope, NOTE, this.isSaid ? null : { ...this.waiting(), submission });
      return true;
    } catch {
      return false;
    }
  }

  /** It has arrived; what was typed over it since has not. @param {{reasons: Reason[], reason: string | null}} sent */
  arrived(sent) {
    for (const one of sent.reasons) {
      if (this.unsaid.get(keyOf(one)) === one) this.unsaid.delete(keyOf(one));
    }
    if (this.unsaidReason === sent.reason) this.unsaidReason = null;
  }

  /** @param {Explanations} heard @returns {boolean} whether that is news */
  hear(heard) {
    const isNews = JSON.stringify(heard) !== JSON.stringify(this.heard);
    this.heard = heard;
    return isNews;
  }
}
