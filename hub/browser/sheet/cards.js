/**
 * One village at a time, for a narrow screen: labelled fields under one another, a numeric keyboard for numbers.
 * The same model as the grid's, so what was typed in one stands in the other.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./payload.js").Column} Column
 */

import { element } from "./painting.js";
import { filledIn } from "./payload.js";
import { contentOf, placeOf } from "./steps.js";
import { changeOf } from "./sums.js";

export class Cards {
  /**
   * @param {SheetModel} model
   * @param {import("./findings.js").Findings} findings
   * @param {(text: string) => void} say
   */
  constructor(model, findings, say) {
    this.model = model;
    this.findings = findings;
    this.say = say;
    this.texts = model.payload.texts;
    this.box = /** @type {HTMLElement} */ (document.getElementById("cards"));
    this.row = 0;
    this.element = model.columns[0]?.identifier ?? "";
    /** @type {Map<string, HTMLElement>} */
    this.fields = new Map();
  }

  get village() {
    return /** @type {{division: string, name: string}} */ (this.model.rows[this.row]);
  }

  /** A form of the township itself has one row, and nothing to turn to. */
  get isAlone() {
    return this.model.rows.length === 1;
  }

  /** Where one is, as in the grid. */
  here() {
    const column = this.model.byIdentifier.get(this.element) ?? /** @type {Column} */ (this.model.columns[0]);
    return { division: this.village.division, column };
  }

  place() {
    return placeOf(this.model, this.village.division, this.element) ?? { section: 0, row: this.row, column: 0 };
  }

  /** @param {boolean} isShown */
  show(isShown) {
    this.box.hidden = !isShown;
    this.box.textContent = "";
    this.fields.clear();
    if (isShown && this.village) this.#draw();
  }

  /** @param {import("./selection.js").Place} place */
  goTo(place) {
    const column = this.model.sections[place.section]?.columns[place.column];
    const village = this.model.rows[place.row];
    if (column && village) this.goToCell(village.division, column.identifier);
  }

  /** @param {string} division @param {string} name */
  goToCell(division, name) {
    this.row = Math.max(0, this.model.rows.findIndex((one) => one.division === division));
    this.element = name;
    this.show(true);
    const field = this.fields.get(name);
    /** @type {HTMLElement | null | undefined} */ (field?.querySelector("input, select, textarea, h4"))?.focus();
  }

  /** @param {number} row */
  #turn(row) {
    this.row = Math.max(0, Math.min(row, this.model.rows.length - 1));
    this.show(true);
    /** @type {HTMLElement | null} */ (this.box.querySelector("h2"))?.focus();
    this.box.scrollIntoView({ block: "start" });
  }

  #draw() {
    const sections = this.model.sections.map((section) => this.#section(section));
    this.box.append(this.#heading(), ...sections, ...(this.isAlone ? [] : [this.#turning()]));
    this.refresh(this.village.division);
  }

  #heading() {
    const head = document.createElement("div");
    head.className = "card-head";
    const title = element("h2", this.village.name);
    title.tabIndex = -1;
    head.append(title);
    if (this.isAlone) return head;
    title.append(element("small", ` ${this.row + 1}/${this.model.rows.length}`));
    const choice = document.createElement("select");
    choice.setAttribute("aria-label", this.texts["village"] ?? "");
    this.model.rows.forEach((row, place) => choice.append(new Option(row.name, String(place), false, place === this.row)));
    choice.addEventListener("change", () => this.#turn(Number(choice.value)));
    head.append(choice, this.#turning());
    return head;
  }

  #turning() {
    const box = document.createElement("div");
    box.className = "card-turn";
    const steps = /** @type {[string, number][]} */ ([["village_before", -1], ["village_after", 1]]);
    for (const [name, by] of steps) {
      const button = /** @type {HTMLButtonElement} */ (element("button", this.texts[name] ?? ""));
      button.type = "button";
      button.className = "plain";
      button.disabled = !this.model.rows[this.row + by];
      button.addEventListener("click", () => this.#turn(this.row + by));
      box.append(button);
    }
    return box;
  }

  /** @param {import("./payload.js").Section} section */
  #section(section) {
    const box = document.createElement("section");
    box.className = "section card";
    const head = element("h3", section.title);
    head.id = `card-section-${section.index}`;
    box.setAttribute("aria-labelledby", head.id);
    box.append(head, ...section.columns.map((column) => this.#field(column)));
    return box;
  }

  /** @param {Column} column */
  #field(column) {
    const box = document.createElement("div");
    box.className = "card-field";
    const id = `card-${column.identifier}`;
    const isReadonly = column.kind === "readonly";
    const label = element(isReadonly ? "span" : "label", column.label);
    label.className = "label";
    if (!isReadonly) /** @type {HTMLLabelElement} */ (label).htmlFor = id;
    const unit = element("span", ` ${[column.unit, column.note].filter(Boolean).join(" ")}`);
    unit.className = "unit";
    label.append(unit);
    if (column.is_required) label.append(this.#must());
    const control = isReadonly ? element("output", "") : this.#control(column, id);
    const about = element("div", "");
    about.id = `${id}-about`;
    about.className = "card-about";
    control.setAttribute("aria-describedby", about.id);
    box.append(label, control, about);
    if (!isReadonly) box.append(this.#under(column, id));
    this.fields.set(column.identifier, box);
    return box;
  }

  #must() {
    const must = element("span", "*");
    must.className = "must";
    must.title = this.texts["required"] ?? "";
    return must;
  }

  /** @param {Column} column @param {string} id */
  #control(column, id) {
    const isChoice = column.choices.length > 0;
    const control = isChoice ? document.createElement("select") : document.createElement("textarea");
    control.id = id;
    control.className = "value";
    control.required = column.is_required;
    if (control instanceof HTMLSelectElement) {
      control.append(new Option("", ""), ...column.choices.map((one) => new Option(one.label, one.value)));
    } else {
      control.rows = 1;
      control.autocomplete = "off";
      control.inputMode = column.input_mode || "text";
      control.addEventListener("keydown", (event) => this.#entered(/** @type {KeyboardEvent} */ (event)));
    }
    control.addEventListener("focus", () => this.#came(column.identifier));
    control.addEventListener("change", () => this.#typed(column, control.value));
    return control;
  }

  /** @param {string} name */
  #came(name) {
    this.element = name;
    document.dispatchEvent(new CustomEvent("cell", { detail: { division: this.village.division, element: name } }));
  }

  /** Enter goes on to the next field: a number is one line. @param {KeyboardEvent} event */
  #entered(event) {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const all = /** @type {HTMLElement[]} */ (Array.from(this.box.querySelectorAll(".value:enabled")));
    all[all.indexOf(/** @type {HTMLElement} */ (event.target)) + 1]?.focus();
  }

  /** @param {Column} column @param {string} text */
  #typed(column, text) {
    const content = contentOf(this.model, column, text);
    this.model.set([{ division: this.village.division, element: column.identifier, ...content }], "typed");
  }

  /** @param {Column} column @param {string} id */
  #under(column, id) {
    const under = document.createElement("div");
    under.className = "card-under";
    const { division } = this.village;
    const previous = this.model.previous(division, column.identifier);
    const kinds = document.createElement("select");
    kinds.id = `${id}-missing`;
    kinds.className = "missing";
    kinds.setAttribute("aria-label", `${column.label} ${this.texts["missing"] ?? ""}`);
    kinds.append(new Option(this.texts["has_value"] ?? "", ""));
    kinds.append(...this.model.payload.missing_kinds.map((kind) => new Option(kind.label, kind.value)));
    kinds.addEventListener("change", () => this.#fill(column, { value: "", missing: kinds.value }, "typed"));
    under.append(kinds);
    if (!previous) return under;
    const same = /** @type {HTMLButtonElement} */ (element("button", this.texts["unchanged"] ?? ""));
    same.type = "button";
    same.className = "tool";
    same.setAttribute("aria-label", `${column.label} ${this.texts["unchanged"] ?? ""}`);
    same.addEventListener("click", () => this.#fill(column, { value: previous, missing: "" }, "carried"));
    under.append(same);
    return under;
  }

  /** @param {Column} column @param {import("./model.js").Content} content @param {"typed" | "carried"} origin */
  #fill(column, content, origin) {
    this.model.set([{ division: this.village.division, element: column.identifier, ...content }], origin);
  }

  refreshAll() {
    if (!this.box.hidden) this.refresh(this.village.division);
  }

  /** @param {string} division */
  refresh(division) {
    if (this.box.hidden || division !== this.village.division) return;
    for (const column of this.model.columns) this.#refreshField(division, column);
  }

  /** @param {string} division @param {Column} column */
  #refreshField(division, column) {
    const box = /** @type {HTMLElement} */ (this.fields.get(column.identifier));
    const { value, missing } = this.model.cell(division, column.identifier);
    const isOpen = this.model.isOpen(division, column.identifier);
    const errors = this.findings.at(division, column.identifier, "error");
    const warnings = this.findings.at(division, column.identifier, "warning");
    const control = /** @type {HTMLInputElement | null} */ (box.querySelector(".value"));
    const output = box.querySelector("output");
    if (output) output.textContent = this.model.derived(division, column.identifier) || "—";
    if (control) {
      if (document.activeElement !== control || control.tagName === "SELECT") control.value = value;
      control.disabled = !isOpen;
      control.setAttribute("aria-invalid", String(errors.length > 0));
      const kinds = /** @type {HTMLSelectElement} */ (box.querySelector(".missing"));
      kinds.value = missing;
      kinds.disabled = !isOpen;
    }
    box.classList.toggle("has-error", errors.length > 0);
    box.hidden = !this.model.isAsked(division, column.identifier) && this.model.isEmpty(division, column.identifier);
    this.#describe(box, division, column, errors, warnings);
  }

  /** @param {HTMLElement} box @param {string} division @param {Column} column @param {string[]} errors @param {string[]} warnings */
  #describe(box, division, column, errors, warnings) {
    const about = /** @type {HTMLElement} */ (box.querySelector(".card-about"));
    about.textContent = "";
    for (const text of errors) about.append(named("p", `${this.texts["error"]}${text}`, "cell-error"));
    for (const text of warnings) about.append(named("p", `${this.texts["warning"]}${text}`, "cell-warning"));
    const returned = this.model.payload.returned.find((one) => one.division === division && one.element === column.identifier);
    if (returned) about.append(named("p", filledIn(this.texts["returned"] ?? "", returned), "cell-error"));
    const said = this.model.saidOf(division, column.identifier);
    if (said) about.append(named("p", said, "card-mark mark-conflict"));
    const mark = this.model.markOf(division, column.identifier);
    if (mark) about.append(named("p", this.texts[`mark_${mark}`] ?? "", `card-mark mark-${mark}`));
    const previous = this.model.previous(division, column.identifier);
    if (!previous) return;
    const change = changeOf(this.model.cell(division, column.identifier).value, previous);
    const words = this.model.isUnchanged(division, column.identifier) ? this.texts["unchanged"] : change;
    about.append(named("p", `${filledIn(this.texts["previous"] ?? "", { value: this.model.previousWords(division, column) })} ${words}`, "muted"));
  }
}

/** @param {string} name @param {string} text @param {string} className */
function named(name, text, className) {
  const node = element(name, text);
  node.className = className;
  return node;
}
