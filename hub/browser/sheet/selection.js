/**
 * Where one stands in the grid, and what is selected. Pure: knows how large each section is, nothing of the page.
 *
 * @typedef {{section: number, row: number, column: number}} Place
 * @typedef {{section: number, top: number, bottom: number, left: number, right: number}} Block
 * @typedef {"left" | "right" | "up" | "down"} Way
 */

/** @type {Record<Way, [number, number]>} rows, columns */
const STEPS = { left: [0, -1], right: [0, 1], up: [-1, 0], down: [1, 0] };

export class Selection {
  /**
   * @param {number} rows  the same in each section
   * @param {number[]} columns  of each section
   */
  constructor(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    /** @type {Place} */
    this.at = { section: 0, row: 0, column: 0 };
    /** @type {Place} */
    this.anchor = this.at;
  }

  /** @param {Place} place */
  go(place) {
    this.at = this.kept(place);
    this.anchor = this.at;
  }

  /** Select from where one began up to there. @param {Place} place */
  extend(place) {
    this.at = this.kept({ ...place, section: this.anchor.section });
  }

  /** @param {Place} place @returns {Place} the nearest place that there is */
  kept({ section, row, column }) {
    const within = Math.max(0, Math.min(section, this.columns.length - 1));
    return {
      section: within,
      row: Math.max(0, Math.min(row, this.rows - 1)),
      column: Math.max(0, Math.min(column, (this.columns[within] ?? 1) - 1)),
    };
  }

  /** @returns {Block} */
  block() {
    return {
      section: this.at.section,
      top: Math.min(this.at.row, this.anchor.row),
      bottom: Math.max(this.at.row, this.anchor.row),
      left: Math.min(this.at.column, this.anchor.column),
      right: Math.max(this.at.column, this.anchor.column),
    };
  }

  isRange() {
    return this.at.row !== this.anchor.row || this.at.column !== this.anchor.column;
  }

  /** One cell on; over a section's lower or upper edge into its neighbour. @param {Way} way @returns {Place} */
  beside(way) {
    const [down, right] = STEPS[way];
    const { section, row, column } = this.at;
    if (way === "down" && row === this.rows - 1 && section < this.columns.length - 1) {
      return this.kept({ section: section + 1, row: 0, column });
    }
    if (way === "up" && row === 0 && section > 0) {
      return this.kept({ section: section - 1, row: this.rows - 1, column });
    }
    return this.kept({ section, row: row + down, column: column + right });
  }

  /**
   * As Excel's Ctrl+arrow: to the end of the filled cells, or over the empty ones to the next filled.
   * @param {Way} way
   * @param {(place: Place) => boolean} isFilled
   * @returns {Place}
   */
  edge(way, isFilled) {
    const [down, right] = STEPS[way];
    const step = (/** @type {Place} */ place) => ({ ...place, row: place.row + down, column: place.column + right });
    const isThere = (/** @type {Place} */ place) => same(this.kept(place), place);
    let at = this.at;
    const runs = isFilled(at) && isThere(step(at)) && isFilled(step(at));
    while (isThere(step(at))) {
      if (runs && !isFilled(step(at))) break;
      at = step(at);
      if (!runs && isFilled(at)) break;
    }
    return at;
  }

  /** The next cell in reading order, over rows and sections; null at the end. @param {1 | -1} by @returns {Place | null} */
  following(by) {
    const { section, row } = this.at;
    const column = this.at.column + by;
    if (column >= 0 && column < (this.columns[section] ?? 0)) return { section, row, column };
    const last = (/** @type {number} */ of) => (this.columns[of] ?? 1) - 1;
    if (row + by >= 0 && row + by < this.rows) return { section, row: row + by, column: by > 0 ? 0 : last(section) };
    const next = section + by;
    if (next < 0 || next >= this.columns.length) return null;
    return { section: next, row: by > 0 ? 0 : this.rows - 1, column: by > 0 ? 0 : last(next) };
  }
}

/** @param {Place} one @param {Place} other */
export function same(one, other) {
  return one.section === other.section && one.row === other.row && one.column === other.column;
}

/** @param {Block} block @returns {Place[]} row by row */
export function placesOf({ section, top, bottom, left, right }) {
  /** @type {Place[]} */
  const places = [];
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) places.push({ section, row, column });
  }
  return places;
}
