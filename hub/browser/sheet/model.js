/**
 * What stands in the cells, exactly as it was typed, with undo. Knows nothing of pages, keys or servers.
 *
 * Events: "change" {changes, origin} after every `set`, "mark" {division, element, state} when a cell's fate changes,
 * "derived" {division} when a row's computed cells change. Keeping and sending (sheet/keeping) listen to "change";
 * what others saved comes in by `set(…, "merge")`, what this device had kept by `set(…, "stored")`.
 *
 * @typedef {import("./payload.js").Payload} Payload
 * @typedef {import("./payload.js").Column} Column
 * @typedef {{value: string, missing: string}} Content
 * @typedef {{division: string, element: string, value: string, missing: string}} Wanted
 * @typedef {Wanted & {before: Content}} Change
 * @typedef {"typed" | "paste" | "carried" | "undo" | "stored" | "merge"} Origin
 * @typedef {"" | "waiting" | "saved" | "refused" | "conflict"} Mark
 */

/** Only what a person did here is taken back by a person here; never what came from elsewhere. */
const UNDOABLE = ["typed", "paste", "carried"];
const MOST_STEPS = 200;
/** @type {Readonly<Content>} */
const EMPTY = Object.freeze({ value: "", missing: "" });

/** @param {string} division @param {string} element */
function keyOf(division, element) {
  return `${division}|${element}`;
}

export class SheetModel extends EventTarget {
  /** @param {Payload} payload */
  constructor(payload) {
    super();
    this.payload = payload;
    this.rows = payload.rows;
    this.sections = payload.sections;
    /** @type {Column[]} */
    this.columns = payload.sections.flatMap((section) => section.columns);
    this.byIdentifier = new Map(this.columns.map((column) => [column.identifier, column]));
    /** @type {Map<string, Content>} */
    this.contents = new Map();
    /** @type {Map<string, string>} */
    this.shown = new Map();
    /** @type {Map<string, Mark>} */
    this.marks = new Map();
    /** @type {Map<string, Set<string>>} */
    this.notAsked = new Map();
    this.openCells = payload.open_cells && new Set(payload.open_cells.map(([row, name]) => keyOf(row, name)));
    /** @type {Change[][]} */
    this.done = [];
    /** @type {Change[][]} */
    this.undone = [];
    for (const [division, cells] of Object.entries(payload.cells)) {
      for (const [element, held] of Object.entries(cells)) this.#take(division, element, held);
    }
  }

  /** @param {string} division @param {string} element @param {import("./payload.js").HeldCell} held */
  #take(division, element, held) {
    const key = keyOf(division, element);
    if (held.value || held.missing) this.contents.set(key, { value: held.value ?? "", missing: held.missing ?? "" });
    if (held.shown) this.shown.set(key, held.shown);
  }

  /** @param {string} division @param {string} element @returns {Readonly<Content>} */
  cell(division, element) {
    return this.contents.get(keyOf(division, element)) ?? EMPTY;
  }

  /** The preceding period's value, as it would be typed. @param {string} division @param {string} element */
  previous(division, element) {
    return this.payload.cells[division]?.[element]?.previous ?? "";
  }

  /** A computed or supplied cell's text. @param {string} division @param {string} element */
  derived(division, element) {
    return this.shown.get(keyOf(division, element)) ?? "";
  }

  /** @param {string} division @param {Iterable<[string, string]>} texts */
  setDerived(division, texts) {
    let isChanged = false;
    for (const [element, text] of texts) {
      isChanged = isChanged || this.derived(division, element) !== text;
      this.shown.set(keyOf(division, element), text);
    }
    if (isChanged) this.dispatchEvent(new CustomEvent("derived", { detail: { division } }));
  }

  /**
   * The preceding value as people read it: a code by its meaning.
   * @param {string} division @param {import("./payload.js").Column} column
   */
  previousWords(division, column) {
    const previous = this.previous(division, column.identifier);
    return column.choices.find((one) => one.value === previous)?.label ?? previous;
  }

  /** Whether a person may change the cell here and now. @param {string} division @param {string} element */
  isOpen(division, element) {
    const column = this.byIdentifier.get(element);
    if (!column || column.kind === "readonly" || this.payload.is_read_only) return false;
    if (!this.isAsked(division, element) && this.isEmpty(division, element)) return false;
    return this.openCells === null || this.openCells.has(keyOf(division, element));
  }

  /** Whether the element is asked of this row; what stands in one that is not can still be taken out. @param {string} division @param {string} element */
  isAsked(division, element) {
    return !this.notAsked.get(division)?.has(element);
  }

  /** @param {string} division @param {Set<string>} elements @returns {string[]} what is asked now and was not, or the other way */
  setNotAsked(division, elements) {
    const before = this.notAsked.get(division) ?? new Set();
    this.notAsked.set(division, elements);
    return [...new Set([...before, ...elements])].filter((one) => before.has(one) !== elements.has(one));
  }

  /** @param {string} division @param {string} element */
  isEmpty(division, element) {
    const { value, missing } = this.cell(division, element);
    return !value.trim() && !missing;
  }

  /** Filled in exactly as it was in the preceding period. @param {string} division @param {string} element */
  isUnchanged(division, element) {
    const { value, missing } = this.cell(division, element);
    return value !== "" && !missing && value === this.previous(division, element);
  }

  /**
   * One step, however many cells: one event, and one undo for what a person did. What is the same already is left out.
   * @param {Wanted[]} wanted
   * @param {Origin} origin
   * @returns {number} how many cells changed
   */
  set(wanted, origin) {
    const changes = this.#apply(wanted);
    if (changes.length === 0) return 0;
    if (UNDOABLE.includes(origin)) {
      this.done.push(changes);
      if (this.done.length > MOST_STEPS) this.done.shift();
      this.undone = [];
    }
    this.#tell(changes, origin);
    return changes.length;
  }

  /** @param {Wanted[]} wanted @returns {Change[]} */
  #apply(wanted) {
    /** @type {Change[]} */
    const changes = [];
    for (const { division, element, value, missing } of wanted) {
      const before = this.cell(division, element);
      if (before.value === value && before.missing === missing) continue;
      this.contents.set(keyOf(division, element), { value, missing });
      changes.push({ division, element, value, missing, before });
    }
    return changes;
  }

  /** @param {Change[]} changes @param {Origin} origin */
  #tell(changes, origin) {
    this.dispatchEvent(new CustomEvent("change", { detail: { changes, origin } }));
  }

  /** @returns {Change[]} what was taken back, newest step first */
  undo() {
    return this.#step(this.done, this.undone);
  }

  /** @returns {Change[]} */
  redo() {
    return this.#step(this.undone, this.done);
  }

  /** @param {Change[][]} from @param {Change[][]} to @returns {Change[]} */
  #step(from, to) {
    const step = from.pop();
    if (!step) return [];
    const back = step.map(({ division, element, before }) => ({ division, element, ...before })).reverse();
    const changes = this.#apply(back);
    to.push(step.map((one) => ({ ...one, ...one.before, before: { value: one.value, missing: one.missing } })).reverse());
    if (changes.length > 0) this.#tell(changes, "undo");
    return changes;
  }

  /** What somebody else says of the cell, until it holds just that. @param {string} division @param {string} element */
  saidOf(division, element) {
    const said = this.payload.said.find((one) => one.division === division && one.element === element);
    const { value, missing } = this.cell(division, element);
    return said && (said.value !== value || said.missing !== missing) ? said.words : "";
  }

  /** @param {string} division @param {string} element @returns {Mark} */
  markOf(division, element) {
    return this.marks.get(keyOf(division, element)) ?? "";
  }

  /** @param {string} division @param {string} element @param {Mark} state */
  mark(division, element, state) {
    if (this.markOf(division, element) === state) return;
    this.marks.set(keyOf(division, element), state);
    this.dispatchEvent(new CustomEvent("mark", { detail: { division, element, state } }));
  }

  /** Whether anything of a row was typed. @param {string} division */
  isBegun(division) {
    return this.columns.some((column) => column.kind !== "readonly" && !this.isEmpty(division, column.identifier));
  }

  /**
   * How far the form is: rows in which everything owed has a value or a reason, and cells of all that is asked.
   * @returns {{rows: number, cells: number, asked: number}}
   */
  progress() {
    const captured = this.columns.filter((column) => column.kind !== "readonly");
    let rows = 0;
    let cells = 0;
    let asked = 0;
    for (const { division } of this.rows) {
      const owed = captured.filter((column) => this.isAsked(division, column.identifier));
      const empty = owed.filter((column) => this.isEmpty(division, column.identifier));
      asked += owed.length;
      cells += owed.length - empty.length;
      if (!empty.some((column) => column.is_required)) rows += 1;
    }
    return { rows, cells, asked };
  }
}
