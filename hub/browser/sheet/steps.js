/**
 * What one press does to several cells: each is one step of the model, so that one undo takes it back.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./model.js").Wanted} Wanted
 * @typedef {import("./model.js").Content} Content
 * @typedef {import("./payload.js").Column} Column
 * @typedef {import("./selection.js").Place} Place
 * @typedef {import("./selection.js").Block} Block
 */

import { placesOf } from "./selection.js";

/**
 * The cell at a place. A cell beside the table has none.
 * @param {SheetModel} model
 * @param {Place} place
 * @returns {{division: string, name: string, column: Column} | null}
 */
export function cellAt(model, { section, row, column }) {
  const village = model.rows[row];
  const asked = model.sections[section]?.columns[column];
  return village && asked ? { division: village.division, name: village.name, column: asked } : null;
}

/** @param {SheetModel} model @param {string} division @param {string} element @returns {Place | null} */
export function placeOf(model, division, element) {
  const row = model.rows.findIndex((one) => one.division === division);
  for (const { index, columns } of model.sections) {
    const column = columns.findIndex((one) => one.identifier === element);
    if (row >= 0 && column >= 0) return { section: index, row, column };
  }
  return null;
}

/**
 * A typed text as content: a choice by its code, its meaning or both; a reason by its word where no text is asked.
 * @param {SheetModel} model
 * @param {Column} column
 * @param {string} text
 * @returns {Content}
 */
export function contentOf(model, column, text) {
  const plain = text.trim();
  const choice = column.choices.find(
    ({ value, label }) => plain !== "" && [value, label, label.slice(value.length).trim()].includes(plain),
  );
  if (choice) return { value: choice.value, missing: "" };
  const reason = model.payload.missing_kinds.find(({ label }) => label === plain);
  if (reason && column.datatype !== "text") return { value: "", missing: reason.value };
  return { value: text, missing: "" };
}

/** What the cell reads, as it would be typed. @param {SheetModel} model @param {string} division @param {Column} column */
export function textAt(model, division, column) {
  if (column.kind === "readonly") return model.derived(division, column.identifier);
  const { value, missing } = model.cell(division, column.identifier);
  if (value || !missing) return value;
  return model.payload.missing_kinds.find((kind) => kind.value === missing)?.label ?? missing;
}

/** @param {SheetModel} model @param {Block} block @returns {string[][]} */
export function textsOf(model, block) {
  /** @type {string[][]} */
  const rows = [];
  for (const place of placesOf(block)) {
    if (place.column === block.left) rows.push([]);
    const cell = cellAt(model, place);
    rows[rows.length - 1]?.push(cell ? textAt(model, cell.division, cell.column) : "");
  }
  return rows;
}

/**
 * A block from elsewhere, laid from the selection's first cell on. A single value fills the whole selection.
 * @param {SheetModel} model
 * @param {Block} block
 * @param {string[][]} texts
 * @returns {{pasted: number, outside: number, locked: number, covered: Block}}
 */
export function paste(model, block, texts) {
  const isOne = texts.length === 1 && texts[0]?.length === 1;
  const height = isOne ? block.bottom - block.top + 1 : texts.length;
  const width = isOne ? block.right - block.left + 1 : Math.max(...texts.map((row) => row.length));
  const covered = { ...block, bottom: block.top + height - 1, right: block.left + width - 1 };
  /** @type {Wanted[]} */
  const wanted = [];
  const counts = { pasted: 0, outside: 0, locked: 0 };
  for (const place of placesOf(covered)) {
    const text = isOne ? texts[0]?.[0] : texts[place.row - block.top]?.[place.column - block.left];
    if (text === undefined) continue;
    const cell = cellAt(model, place);
    if (!cell) counts.outside += 1;
    else if (!model.isOpen(cell.division, cell.column.identifier)) counts.locked += 1;
    else {
      counts.pasted += 1;
      wanted.push({ ...at(cell), ...contentOf(model, cell.column, text) });
    }
  }
  model.set(wanted, "paste");
  return { ...counts, covered };
}

/** @param {{division: string, column: Column}} cell */
function at({ division, column }) {
  return { division, element: column.identifier };
}

/**
 * Each open cell of some places, with what it is to hold; null leaves it as it is.
 * @param {SheetModel} model
 * @param {Place[]} places
 * @param {(cell: {division: string, column: Column}, place: Place) => Content | null} content
 * @param {import("./model.js").Origin} origin
 * @returns {number} how many changed
 */
function fill(model, places, content, origin) {
  /** @type {Wanted[]} */
  const wanted = [];
  for (const place of places) {
    const cell = cellAt(model, place);
    if (!cell || !model.isOpen(cell.division, cell.column.identifier)) continue;
    const wish = content(cell, place);
    if (wish) wanted.push({ ...at(cell), ...wish });
  }
  return model.set(wanted, origin);
}

/** @param {SheetModel} model @param {Block} block */
export function clear(model, block) {
  return fill(model, placesOf(block), () => ({ value: "", missing: "" }), "typed");
}

/** @param {SheetModel} model @param {Block} block @param {string} missing */
export function setMissing(model, block, missing) {
  return fill(model, placesOf(block), () => ({ value: "", missing }), "typed");
}

/** The first row of the selection into the others; with one row only, the row above it. @param {SheetModel} model @param {Block} block */
export function fillDown(model, block) {
  const source = block.top === block.bottom ? block.top - 1 : block.top;
  const target = { ...block, top: source + 1 };
  return fill(model, placesOf(target), (cell, place) => {
    const from = cellAt(model, { ...place, row: source });
    if (!from || cell.column.kind === "readonly") return null;
    return model.cell(from.division, from.column.identifier);
  }, "typed");
}

/**
 * The preceding period's values. `only` empty cells for a section or the whole form; chosen cells are overwritten.
 * @param {SheetModel} model
 * @param {Place[]} places
 * @param {"empty" | "any"} only
 */
export function carry(model, places, only) {
  return fill(model, places, ({ division, column }) => {
    const value = model.previous(division, column.identifier);
    if (!value || (only === "empty" && !model.isEmpty(division, column.identifier))) return null;
    return { value, missing: "" };
  }, "carried");
}

/** @param {SheetModel} model @param {number} section @returns {Block} */
export function wholeSection(model, section) {
  const columns = model.sections[section]?.columns.length ?? 1;
  return { section, top: 0, bottom: model.rows.length - 1, left: 0, right: columns - 1 };
}

/** @param {SheetModel} model @returns {Place[]} */
export function everyPlace(model) {
  return model.sections.flatMap((section) => placesOf(wholeSection(model, section.index)));
}
