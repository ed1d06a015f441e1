/**
 * What of the form is on its way: each cell that was typed, what it was typed over, and its fate. Knows neither page,
 * nor device, nor line, so that every order in which things can happen is tested without them.
 *
 * @typedef {{value: string, missing: string}} Content
 * @typedef {Content & {saved_by: string | null, saved_at: string | null}} Theirs
 * @typedef {{
 *   division: string, element: string, value: string, missing: string, was: Content,
 *   state: "waiting" | "sent" | "refused" | "conflict", stamp: string, at: number, owner: string,
 *   submission: string | null, tried: Content[], saved_at: string | null, message: string, theirs: Theirs | null,
 * }} CellRecord
 *   `stamp`: new with each typing; `tried`: what may have reached the hub without our hearing of it;
 *   `saved_at`: by the server's clock, when it was told to be saved
 * @typedef {{division: string, element: string}} Place
 * @typedef {Place & Content} PlacedContent
 * @typedef {{
 *   saved_at: string | null, applied: [string, string][], is_whole: boolean,
 *   conflicts: (Place & {theirs: Content, saved_by: string | null, saved_at: string | null})[],
 *   refused: (Place & {code: string, message: string})[],
 *   others: (PlacedContent & {saved_by: string | null, saved_at: string | null})[],
 * }} Answer
 * @typedef {{changed: CellRecord[], gone: CellRecord[], incoming: (PlacedContent & {saved_by: string | null})[]}} Outcome
 */

/** @type {Readonly<Content>} */
const EMPTY = Object.freeze({ value: "", missing: "" });

/** @param {Place} place */
export function keyOf(place) {
  return `${place.division}|${place.element}`;
}

/** @param {Content} one @param {Content} other */
export function isSame(one, other) {
  return one.value === other.value && one.missing === other.missing;
}

/** @param {Content} from @returns {Content} */
function content(from) {
  return { value: from.value, missing: from.missing };
}

export class Queue {
  /**
   * @param {{cells: Record<string, Record<string, {value?: string, missing?: string}>>, submission: string | null,
   *   owner: string, now: string}} page as the hub drew it
   */
  constructor({ cells, submission, owner, now }) {
    this.submission = submission;
    this.owner = owner;
    this.drawnAt = now;
    /** @type {Map<string, CellRecord>} */
    this.records = new Map();
    /** What the hub holds, as far as we have heard. @type {Map<string, Content>} */
    this.hub = new Map();
    for (const [division, row] of Object.entries(cells)) {
      for (const [element, held] of Object.entries(row)) {
        this.#hear({ division, element }, { value: held.value ?? "", missing: held.missing ?? "" });
      }
    }
  }

  /** @param {Place} place @returns {Content} */
  held(place) {
    return this.hub.get(keyOf(place)) ?? EMPTY;
  }

  /** @param {Place} place @param {Content} heard */
  #hear(place, heard) {
    this.hub.set(keyOf(place), content(heard));
  }

  /** @param {CellRecord["state"]} state @returns {CellRecord[]} */
  inState(state) {
    return [...this.records.values()].filter((record) => record.state === state);
  }

  /**
   * Somebody typed here. A conflict stays one until it is decided; whatever else there was begins anew.
   * @param {PlacedContent[]} typed
   * @param {{stamp: string, at: number}} when
   * @returns {CellRecord[]}
   */
  note(typed, { stamp, at }) {
    return typed.map((one) => {
      const before = this.records.get(keyOf(one));
      const isUnsettled = before !== undefined && before.state !== "sent";
      /** @type {CellRecord} */
      const record = {
        division: one.division,
        element: one.element,
        ...content(one),
        was: isUnsettled ? before.was : this.held(one),
        state: before?.state === "conflict" ? "conflict" : "waiting",
        stamp,
        at,
        owner: this.owner,
        submission: this.submission,
        tried: isUnsettled ? before.tried : [],
        saved_at: null,
        message: "",
        theirs: before?.state === "conflict" ? before.theirs : null,
      };
      this.records.set(keyOf(one), record);
      return record;
    });
  }

  /**
   * The next ones to send. Another tab that is open sends its own, unless that takes too long.
   * @param {number} most @param {{now: number, patience: number, open: ReadonlySet<string>}} tabs
   * @returns {CellRecord[]} copies, as they are now
   */
  batch(most, { now, patience, open }) {
    const ripe = this.inState("waiting").filter((one) => !open.has(one.owner) || now - one.at > patience);
    return ripe.slice(0, most).map((record) => {
      if (!record.tried.some((one) => isSame(one, record))) record.tried = [...record.tried, content(record)];
      return { ...record };
    });
  }

  /**
   * The hub has answered: to a batch, or (with an empty one) to the question what is new.
   * @param {CellRecord[]} batch @param {Answer} answer
   * @returns {Outcome}
   */
  settle(batch, answer) {
    /** @type {Outcome} */
    const outcome = { changed: [], gone: [], incoming: [] };
    const sent = new Map(batch.map((record) => [keyOf(record), record]));
    for (const [division, element] of answer.applied) {
      const asSent = sent.get(keyOf({ division, element }));
      if (asSent) this.#applied(asSent, answer.saved_at, outcome);
    }
    for (const conflict of answer.conflicts) this.#conflict(conflict, outcome);
    for (const refusal of answer.refused) this.#refused(refusal, sent.get(keyOf(refusal)), outcome);
    for (const other of this.#news(sent, answer)) this.#other(other, outcome);
    return outcome;
  }

  /** @param {CellRecord} asSent @param {string | null} savedAt @param {Outcome} outcome */
  #applied(asSent, savedAt, outcome) {
    this.#hear(asSent, asSent);
    const record = this.records.get(keyOf(asSent));
    if (!record) return;
    record.tried = [];
    if (record.stamp === asSent.stamp || isSame(record, asSent)) this.#settled(record, savedAt);
    else record.was = content(asSent);
    outcome.changed.push(record);
  }

  /** @param {CellRecord} record @param {string | null} savedAt */
  #settled(record, savedAt) {
    Object.assign(record, { state: "sent", was: content(record), theirs: null, message: "", saved_at: savedAt, tried: [] });
  }

  /** @param {Answer["conflicts"][number]} conflict @param {Outcome} outcome */
  #conflict(conflict, outcome) {
    const { theirs, saved_by, saved_at } = conflict;
    this.#hear(conflict, theirs);
    const record = this.records.get(keyOf(conflict));
    if (!record || record.state === "sent") return;
    if (isSame(record, theirs)) this.#settled(record, saved_at);
    else if (record.tried.some((one) => isSame(one, theirs) && !isSame(one, record))) {
      // Not somebody else: our own earlier typing arrived, and its answer did not.
      Object.assign(record, { was: content(theirs), tried: [], state: "waiting" });
    } else {
      Object.assign(record, { state: "conflict", theirs: { ...content(theirs), saved_by, saved_at }, tried: [] });
    }
    outcome.changed.push(record);
  }

  /** @param {Answer["refused"][number]} refusal @param {CellRecord | undefined} asSent @param {Outcome} outcome */
  #refused(refusal, asSent, outcome) {
    const record = this.records.get(keyOf(refusal));
    if (!record || !asSent) return;
    record.tried = [];
    if (record.stamp === asSent.stamp) Object.assign(record, { state: "refused", message: refusal.message });
    outcome.changed.push(record);
  }

  /** @param {Map<string, CellRecord>} sent @param {Answer} answer @returns {Answer["others"]} */
  #news(sent, answer) {
    if (!answer.is_whole) return answer.others;
    const named = new Set([...answer.others.map(keyOf), ...sent.keys()]);
    const emptied = [...this.hub].filter(([key, held]) => !named.has(key) && !isSame(held, EMPTY));
    return [
      ...answer.others,
      ...emptied.map(([key]) => {
        const [division, element] = /** @type {[string, string]} */ (key.split("|"));
        return { division, element, ...EMPTY, saved_by: null, saved_at: null };
      }),
    ];
  }

  /** @param {Answer["others"][number]} other @param {Outcome} outcome */
  #other(other, outcome) {
    const isNews = !isSame(this.held(other), other);
    this.#hear(other, other);
    const record = this.records.get(keyOf(other));
    if (!record || record.state === "sent") {
      if (record && !isSame(record, other)) {
        this.records.delete(keyOf(other));
        outcome.gone.push(record);
      }
      if (isNews || record) outcome.incoming.push({ ...content(other), ...other });
    } else if (record.state === "conflict") {
      if (isSame(record, other)) this.#settled(record, other.saved_at);
      else record.theirs = { ...content(other), saved_by: other.saved_by, saved_at: other.saved_at };
      outcome.changed.push(record);
    }
  }

  /**
   * A person has decided a conflict.
   * @param {Place} place @param {"mine" | "theirs"} chosen @param {{stamp: string, at: number}} when
   * @returns {Outcome}
   */
  choose(place, chosen, { stamp, at }) {
    const record = this.records.get(keyOf(place));
    if (!record?.theirs) return { changed: [], gone: [], incoming: [] };
    const theirs = record.theirs;
    if (chosen === "mine") {
      Object.assign(record, { state: "waiting", was: content(theirs), theirs: null, stamp, at, owner: this.owner });
      return { changed: [record], gone: [], incoming: [] };
    }
    this.records.delete(keyOf(place));
    return { changed: [], gone: [record], incoming: [{ ...place, ...content(theirs), saved_by: theirs.saved_by }] };
  }

  /**
   * What this device kept when the page opens. A page that the device itself had kept may be older than what was sent
   * from it since: then what was sent is shown as well.
   * @param {CellRecord[]} kept
   * @returns {{restored: CellRecord[], shown: CellRecord[], gone: CellRecord[], leftover: CellRecord[]}}
   *   `leftover`: typed before a submission that has come since
   */
  restore(kept) {
    /** @type {ReturnType<Queue["restore"]>} */
    const found = { restored: [], shown: [], gone: [], leftover: [] };
    for (const record of kept) {
      const typedMeanwhile = this.records.get(keyOf(record));
      if (typedMeanwhile) {
        // While the device was being asked: the later typing counts, over what the earlier was typed over.
        if (record.state !== "sent" && typedMeanwhile.state === "waiting") typedMeanwhile.tried = [...record.tried];
      } else if (record.state === "sent") {
        const isOlderPage = record.saved_at !== null && this.drawnAt < record.saved_at;
        if (isOlderPage && record.submission === this.submission) {
          this.#hear(record, record);
          this.records.set(keyOf(record), record);
          found.shown.push(record);
        } else found.gone.push(record);
      } else if (isSame(record, this.held(record))) found.gone.push(record);
      else if (record.submission !== this.submission) found.leftover.push(record);
      else {
        this.records.set(keyOf(record), record);
        found.restored.push(record);
      }
    }
    return found;
  }

  /**
   * What another tab of this device tells; of two typings the later one counts.
   * @param {CellRecord[]} told
   * @returns {CellRecord[]} those that are news here
   */
  adopt(told) {
    return told.filter((record) => {
      const own = this.records.get(keyOf(record));
      if (own && own.at > record.at) return false;
      // Heard late: what is settled here is not on its way any more.
      if (own && own.stamp === record.stamp && own.state === "sent") return false;
      if (record.state === "sent") this.#hear(record, record);
      this.records.set(keyOf(record), { ...record });
      return true;
    });
  }
}
