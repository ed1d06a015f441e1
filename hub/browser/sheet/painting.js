/**
 * Draws the cells of the tables that the server sent: text, preceding value, change, findings, marks, totals.
 * Touches only the cells that changed: on an old machine a table of 1,200 cells must not be drawn anew for a key.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./selection.js").Place} Place
 * @typedef {import("./selection.js").Block} Block
 * @typedef {import("./findings.js").Findings} Findings
 */

import { filledIn } from "./payload.js";
import { same } from "./selection.js";
import { cellAt, placeOf } from "./steps.js";
import { changeOf, totalOf } from "./sums.js";

export class Painting {
  /**
   * @param {SheetModel} model
   * @param {Findings} findings
   */
  constructor(model, findings) {
    this.model = model;
    this.findings = findings;
    this.texts = model.payload.texts;
    this.boxes = /** @type {HTMLElement[]} */ (Array.from(document.querySelectorAll(".grid-scroll")));
    this.tables = this.boxes.map((box) => /** @type {HTMLTableElement} */ (box.querySelector("table")));
    this.bodies = this.tables.map((table) => /** @type {HTMLTableSectionElement} */ (table.tBodies[0]).rows);
    /** @type {HTMLElement[]} */
    this.selected = [];
    this.reasons = new Map(model.payload.returned.map((one) => [`${one.division}|${one.element}`, one.reason]));
  }

  /** @param {Place} place @returns {HTMLTableCellElement} */
  cellOf({ section, row, column }) {
    const cells = /** @type {HTMLTableRowElement} */ (this.bodies[section]?.[row]).cells;
    return /** @type {HTMLTableCellElement} */ (cells[column + 1]);
  }

  /** @param {string} division @param {string} element */
  paint(division, element) {
    const place = placeOf(this.model, division, element);
    if (place) this.paintPlace(place);
  }

  /** @param {Place} place */
  paintPlace(place) {
    const cell = cellAt(this.model, place);
    if (!cell) return;
    const node = this.cellOf(place);
    const { identifier } = cell.column;
    const errors = this.findings.at(cell.division, identifier, "error");
    const warnings = this.findings.at(cell.division, identifier, "warning");
    node.className = this.classOf(cell, errors.length, warnings.length, node.classList.contains("chosen"));
    node.textContent = "";
    this.#write(node, cell);
    this.#note(node, "err", "✕ ", this.texts["error"], errors);
    this.#note(node, "warn", "! ", this.texts["warning"], warnings);
    const reason = this.reasons.get(`${cell.division}|${identifier}`);
    const said = this.model.saidOf(cell.division, identifier);
    if (said) this.#note(node, "warn", "≠ ", this.texts["warning"], [said]);
    if (reason) this.#note(node, "back", "↩ ", "", [filledIn(this.texts["returned"] ?? "", { reason })]);
  }

  /**
   * @param {{division: string, column: import("./payload.js").Column}} cell
   * @param {number} errors
   * @param {number} warnings
   * @param {boolean} isChosen
   */
  classOf({ division, column }, errors, warnings, isChosen) {
    const isOpen = this.model.isOpen(division, column.identifier);
    const mark = this.model.markOf(division, column.identifier);
    const names = [
      column.input_mode ? "n" : "",
      column.kind === "readonly" ? "readonly" : isOpen ? "" : "locked-cell",
      this.model.isAsked(division, column.identifier) ? "" : "not-asked",
      this.model.isUnchanged(division, column.identifier) ? "unchanged" : "",
      errors ? "has-error" : warnings ? "has-warning" : "",
      mark ? `mark-${mark}` : this.model.saidOf(division, column.identifier) && "mark-conflict",
      isChosen ? "chosen" : "",
    ];
    return names.filter(Boolean).join(" ");
  }

  /** @param {HTMLElement} node @param {{division: string, column: import("./payload.js").Column}} cell */
  #write(node, { division, column }) {
    const { value, missing } = this.model.cell(division, column.identifier);
    if (column.kind === "readonly") {
      node.append(this.model.derived(division, column.identifier));
      return;
    }
    if (!this.model.isAsked(division, column.identifier) && !value && !missing) {
      node.append(element("i", this.texts["not_asked"] ?? ""));
      return;
    }
    const choice = column.choices.find((one) => one.value === value);
    if (value) node.append(choice ? choice.label : value);
    if (missing) node.append(element("i", this.wordOf(missing)));
    const previous = this.model.previous(division, column.identifier);
    if (!previous) return;
    if (this.model.isUnchanged(division, column.identifier)) {
      const small = element("small", "");
      small.append(element("b", this.texts["unchanged"] ?? ""));
      node.append(small);
      return;
    }
    const said = this.model.previousWords(division, column);
    const small = element("small", filledIn(this.texts["previous"] ?? "", { value: said }));
    const change = missing ? "" : changeOf(value, previous);
    if (change) small.append(element("b", ` ${change}`));
    node.append(small);
  }

  /** @param {string} missing */
  wordOf(missing) {
    return this.model.payload.missing_kinds.find((kind) => kind.value === missing)?.label ?? missing;
  }

  /**
   * Never by colour alone: a sign, and the sentence for whoever hears the page.
   * @param {HTMLElement} node
   * @param {string} name
   * @param {string} sign
   * @param {string | undefined} kind
   * @param {string[]} sentences
   */
  #note(node, name, sign, kind, sentences) {
    if (sentences.length === 0) return;
    const note = element("em", "");
    note.className = name;
    const shape = element("span", sign);
    shape.setAttribute("aria-hidden", "true");
    const said = element("span", kind ?? "");
    said.className = "visually-hidden";
    note.append(shape, said, sentences.join(" "));
    note.title = sentences.join("\n");
    node.append(note);
  }

  /** @param {Set<string>} identifiers */
  paintTotals(identifiers) {
    for (const { index, columns } of this.model.sections) {
      const foot = this.tables[index]?.tFoot?.rows[0];
      columns.forEach((column, place) => {
        const node = foot?.cells[place + 1];
        if (node && column.is_counted && identifiers.has(column.identifier)) node.textContent = totalOf(this.model, column);
      });
    }
  }

  paintAll() {
    for (const { index, columns } of this.model.sections) {
      for (let row = 0; row < this.model.rows.length; row += 1) {
        for (let column = 0; column < columns.length; column += 1) this.paintPlace({ section: index, row, column });
      }
    }
    this.paintTotals(new Set(this.model.columns.map((column) => column.identifier)));
  }

  /** @param {Block} block @param {Place} at */
  paintSelection(block, at) {
    for (const node of this.selected) node.classList.remove("chosen");
    this.selected = [];
    for (let row = block.top; row <= block.bottom; row += 1) {
      for (let column = block.left; column <= block.right; column += 1) {
        const place = { section: block.section, row, column };
        if (same(place, at)) continue;
        const node = this.cellOf(place);
        node.classList.add("chosen");
        this.selected.push(node);
      }
    }
  }
}

/** @param {string} name @param {string} text */
export function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}
