/**
 * What is wrong, by cell: from the server's check, and for a row touched since then from the rules in the browser.
 *
 * Until a check was asked for, nothing is said of a cell that is merely still empty.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {{
 *   severity: "error" | "warning", code: string, division: string, element: string | null, rule: string | null,
 *   message: string,
 * }} Finding
 */

import { placeOf } from "./steps.js";

const MERELY_EMPTY = "value-missing";

export class Findings {
  /**
   * @param {SheetModel} model
   * @param {import("./rules.js").Rules | null} rules
   */
  constructor(model, rules) {
    this.model = model;
    this.rules = rules;
    /** @type {Finding[]} */
    this.all = [];
    /** @type {Map<string, Finding[]>} */
    this.byCell = new Map();
    this.isChecked = false;
    /** @type {Map<string, string>} */
    this.reasons = new Map();
  }

  /** What is said of a whole row is shown at its first cell. @param {Finding} finding */
  elementOf(finding) {
    const first = this.model.columns.find((column) => column.kind !== "readonly");
    return finding.element ?? first?.identifier ?? "";
  }

  /** The server's whole report. @param {Finding[]} all */
  take(all) {
    this.isChecked = true;
    this.#hold(all);
  }

  /** @param {Finding[]} all */
  #hold(all) {
    this.all = all;
    this.byCell.clear();
    for (const one of all) {
      const key = `${one.division}|${this.elementOf(one)}`;
      this.byCell.set(key, [...(this.byCell.get(key) ?? []), one]);
    }
  }

  /**
   * A row was changed: what was said of it may hold no more.
   * @param {string} division
   * @param {Set<string>} changed
   * @param {import("./rules.js").Reading | null} reading
   * @returns {Set<string>} elements whose findings may differ now
   */
  rejudge(division, changed, reading) {
    const mine = this.all.filter((one) => one.division === division);
    const found = reading ? this.#judge(division, reading) : mine.filter((one) => !changed.has(this.elementOf(one)));
    if (mine.length === 0 && found.length === 0) return new Set();
    const at = this.all.findIndex((one) => one.division === division);
    const others = this.all.filter((one) => one.division !== division);
    others.splice(at < 0 ? others.length : at, 0, ...found);
    this.#hold(others);
    return new Set([...mine, ...found].map((one) => this.elementOf(one)));
  }

  /** One row as the rules see it now; null where no rules came along. @param {string} division */
  read(division) {
    const name = this.model.rows.find((row) => row.division === division)?.name ?? division;
    const held = this.model.payload.held[division] ?? {};
    return this.rules?.read((identifier) => this.model.cell(division, identifier), held, name) ?? null;
  }

  /** @param {string} division @param {import("./rules.js").Reading} reading @returns {Finding[]} */
  #judge(division, reading) {
    const found = this.rules?.judge(reading) ?? [];
    return found
      .filter((one) => this.isChecked || one.code !== MERELY_EMPTY)
      .map((one) => ({ ...one, division }));
  }

  /** The sentences of a cell, without the place. @param {string} division @param {string} element @param {string} severity */
  at(division, element, severity) {
    const found = this.byCell.get(`${division}|${element}`) ?? [];
    return found.filter((one) => one.severity === severity).map((one) => this.withoutPlace(one));
  }

  /** The heads of row and column say the place already. @param {Finding} finding */
  withoutPlace(finding) {
    const row = this.model.rows.find((one) => one.division === finding.division)?.name ?? "";
    const column = this.model.byIdentifier.get(finding.element ?? "")?.label ?? "";
    for (const place of [`${row} ${column}`, row]) {
      for (const colon of ["：", ": "]) {
        if (finding.message.startsWith(place + colon)) return finding.message.slice(place.length + colon.length);
      }
    }
    return finding.message;
  }

  /** @param {"error" | "warning"} severity */
  of(severity) {
    return this.all.filter((one) => one.severity === severity);
  }

  /** Where there is something to mend, in the order of the form; each cell once. */
  places() {
    /** @type {Map<string, import("./selection.js").Place>} */
    const found = new Map();
    for (const one of this.all) {
      const place = placeOf(this.model, one.division, this.elementOf(one));
      if (place) found.set(`${place.section}.${place.row}.${place.column}`, place);
    }
    return [...found.values()].sort((a, b) => a.section - b.section || a.row - b.row || a.column - b.column);
  }

  /** @param {Finding} finding */
  static keyOf(finding) {
    return [finding.code, finding.division, finding.element ?? "", finding.rule ?? ""].join("|");
  }

  /** The reasons given for warnings that still stand, as the submission wants them. */
  confirmations() {
    return this.of("warning").flatMap((one) => {
      const reason = (this.reasons.get(Findings.keyOf(one)) ?? "").trim();
      return reason ? [{ code: one.code, division: one.division, element: one.element, rule: one.rule, reason }] : [];
    });
  }
}
