/**
 * The grid: a plain table for each section, one input over the selected cell, and Excel's keys and clipboard.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./selection.js").Place} Place
 * @typedef {import("./keys.js").Command} Command
 */

import { Choosing } from "./choosing.js";
import { readClipboard, readTable, unstyled, writeHtml, writePlain } from "./clipboard.js";
import { Editor } from "./editor.js";
import { commandOf } from "./keys.js";
import { element } from "./painting.js";
import { filledIn } from "./payload.js";
import { Selection, placesOf } from "./selection.js";
import { cellAt, clear, contentOf, paste, placeOf, setMissing, textAt, textsOf, wholeSection } from "./steps.js";

const ROWS_OF_A_PAGE = 10;

export class Grid {
  /**
   * @param {SheetModel} model
   * @param {import("./painting.js").Painting} painting
   * @param {import("./findings.js").Findings} findings
   * @param {(text: string) => void} say
   * @param {(name: string) => boolean} run  commands that are not the grid's own; false when there is none
   */
  constructor(model, painting, findings, say, run) {
    this.model = model;
    this.painting = painting;
    this.findings = findings;
    this.say = say;
    this.run = run;
    this.texts = model.payload.texts;
    this.selection = new Selection(model.rows.length, model.sections.map((section) => section.columns.length));
    this.editor = new Editor();
    this.choosing = new Choosing(this.editor.input);
    this.about = element("div", "");
    this.about.id = "cell-about";
    this.about.className = "visually-hidden";
    this.heard = element("div", "");
    this.heard.id = "cell-heard";
    this.heard.className = "visually-hidden";
    this.heard.setAttribute("aria-live", "polite");
    /** @type {number | undefined} */
    this.hearing = undefined;
    this.isArriving = false;
    this.commands = this.#commands();
    this.#attach();
  }

  #attach() {
    const main = this.painting.boxes[0]?.closest(".sheet-main");
    main?.append(this.about, this.heard);
    const { input } = this.editor;
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("paste", (event) => this.#pasted(event));
    input.addEventListener("copy", (event) => this.#copied(event));
    input.addEventListener("cut", (event) => this.#copied(event) && this.#cleared());
    input.addEventListener("blur", () => this.commit());
    input.addEventListener("focus", () => this.show());
    input.addEventListener("dblclick", () => this.editor.edit());
    this.editor.addEventListener("typed", () => this.#offer());
    this.painting.boxes.forEach((box, section) => {
      box.addEventListener("focus", () => this.#enter(section));
      box.addEventListener("mousedown", (event) => this.#pointed(event, section));
      box.addEventListener("mousemove", (event) => this.#dragged(event, section));
      const head = this.painting.tables[section]?.tHead?.offsetHeight ?? 0;
      box.style.scrollPaddingTop = `${head + 4}px`;
    });
    this.#place();
  }

  /** @param {number} section */
  #enter(section) {
    this.goTo({ section, row: 0, column: 0 });
  }

  /** The cell that is selected; there is always one. */
  here() {
    return /** @type {NonNullable<ReturnType<typeof cellAt>>} */ (cellAt(this.model, this.selection.at));
  }

  block() {
    return this.selection.block();
  }

  /** Select one cell and be in it. @param {Place} place */
  goTo(place) {
    this.commit();
    this.selection.go(place);
    this.#place();
    this.editor.focus();
    this.show();
  }

  /** @param {string} division @param {string} elementName */
  goToCell(division, elementName) {
    const place = placeOf(this.model, division, elementName);
    if (place) this.goTo(place);
  }

  /** @param {Place} place */
  #extendTo(place) {
    this.selection.extend(place);
    this.#place();
    this.editor.focus();
    this.show();
  }

  #place() {
    const { at } = this.selection;
    const box = this.painting.boxes[at.section];
    if (!box) return;
    this.editor.lieOver(box, this.painting.cellOf(at));
    this.painting.paintSelection(this.selection.block(), at);
    this.refresh();
  }

  /** Be in a cell where the page opens: what stands over the form stays in sight as far as there is room. */
  arrive() {
    this.isArriving = true;
    this.editor.focus();
    this.isArriving = false;
  }

  /** Keep the selected cell clear of the frozen head, the frozen column and the bar (scroll-padding says how far). */
  show() {
    if (!this.isArriving) this.painting.boxes[this.selection.at.section]?.scrollIntoView({ block: "nearest" });
    this.editor.input.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The input holds what the model holds, and says whose it is. */
  refresh() {
    if (this.editor.mode !== "ready") return;
    const { division, name, column } = this.here();
    const isOpen = this.model.isOpen(division, column.identifier);
    const errors = this.findings.at(division, column.identifier, "error");
    const unit = column.unit ? filledIn(this.texts["unit"] ?? "", { unit: column.unit }) : "";
    const label = filledIn(this.texts["cell"] ?? "", { row: name, column: column.label }) + unit;
    this.editor.hold(this.#textHere(), { isOpen, inputMode: column.input_mode, name: label, isWrong: errors.length > 0 });
    this.editor.input.required = column.is_required && isOpen;
    this.about.textContent = this.#description(errors).join(" ");
    window.clearTimeout(this.hearing);
    this.hearing = window.setTimeout(() => {
      const value = this.#textHere() || this.texts["value_empty"];
      this.heard.textContent = `${label} ${value} ${this.about.textContent ?? ""}`;
    }, 120);
    document.dispatchEvent(new CustomEvent("cell", { detail: { division, element: column.identifier } }));
  }

  #textHere() {
    const { division, column } = this.here();
    const text = textAt(this.model, division, column);
    return column.choices.find((choice) => choice.value === text)?.label ?? text;
  }

  /** @param {string[]} errors @returns {string[]} */
  #description(errors) {
    const { division, column } = this.here();
    const say = (/** @type {string} */ name, /** @type {Record<string, string | number>} */ blanks = {}) =>
      filledIn(this.texts[name] ?? "", blanks);
    const previous = this.model.previousWords(division, column);
    const block = this.selection.block();
    const size = { rows: block.bottom - block.top + 1, columns: block.right - block.left + 1 };
    return [
      ...errors.map((text) => say("error") + text),
      ...this.findings.at(division, column.identifier, "warning").map((text) => say("warning") + text),
      this.painting.reasons.has(`${division}|${column.identifier}`)
        ? say("returned", { reason: this.painting.reasons.get(`${division}|${column.identifier}`) ?? "" })
        : "",
      this.model.saidOf(division, column.identifier),
      column.kind === "readonly" ? say("derived") : "",
      this.model.isAsked(division, column.identifier) ? "" : say("not_asked"),
      column.kind !== "readonly" && !this.model.isOpen(division, column.identifier) ? say("locked") : "",
      say(`mark_${this.model.markOf(division, column.identifier)}`),
      previous ? say("previous", { value: previous }) : "",
      this.model.isUnchanged(division, column.identifier) ? say("unchanged") : "",
      column.choices.length > 0 ? say("choices") : "",
      this.selection.isRange() ? say("range", size) : "",
    ].filter(Boolean);
  }

  /** What was typed becomes the cell's content. */
  commit() {
    this.choosing.close();
    const { editor } = this;
    if (editor.mode === "ready") return;
    const { division, column } = this.here();
    const isChanged = editor.isChanged;
    const text = editor.input.value;
    editor.mode = "ready";
    if (isChanged) {
      const content = contentOf(this.model, column, text);
      this.model.set([{ division, element: column.identifier, ...content }], "typed");
    }
    this.refresh();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // While an input method composes, every key is its own, Enter above all (229: engines that do not say so).
    if (event.isComposing || event.keyCode === 229) return;
    if (this.choosing.takes(event)) {
      event.preventDefault();
      return;
    }
    const command = commandOf(event, this.editor.mode);
    if (!command) {
      this.#refuseTyping(event);
      return;
    }
    if (this.#obey(command)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  #refuseTyping(event) {
    const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isText && this.editor.input.readOnly) this.say(this.texts["is_locked"] ?? "");
  }

  /** @param {Command} command @returns {boolean} */
  #obey(command) {
    const own = this.commands[command.name];
    if (own) return own(command) !== false;
    if (!this.run(command.name)) return false;
    return true;
  }

  /** @returns {Record<string, (command: Command) => boolean | void>} */
  #commands() {
    const { selection } = this;
    const to = (/** @type {Place} */ place, extend = false) => (extend ? this.#extendTo(place) : this.goTo(place));
    const last = () => ({ ...selection.at, row: this.model.rows.length - 1, column: Infinity });
    return {
      move: ({ way = "down", extend }) => to(extend ? this.#within(way) : selection.beside(way), extend),
      edge: ({ way = "down", extend }) => to(selection.edge(way, (place) => this.#isFilled(place)), extend),
      commit: ({ way = "down" }) => to(selection.beside(way)),
      next: () => this.#follow(1),
      previous: () => this.#follow(-1),
      "row-start": ({ extend }) => to({ ...selection.at, column: 0 }, extend),
      "row-end": ({ extend }) => to({ ...selection.at, column: Infinity }, extend),
      first: ({ extend }) => to({ ...selection.at, row: 0, column: 0 }, extend),
      last: ({ extend }) => to(last(), extend),
      "page-down": ({ extend }) => to({ ...selection.at, row: selection.at.row + ROWS_OF_A_PAGE }, extend),
      "page-up": ({ extend }) => to({ ...selection.at, row: selection.at.row - ROWS_OF_A_PAGE }, extend),
      all: () => this.#selectSection(),
      edit: () => this.editor.edit(),
      cancel: () => this.#cancel(),
      "new-line": () => this.editor.newLine(),
      clear: () => this.#cleared(),
      "clear-and-edit": () => (this.editor.input.readOnly ? undefined : this.editor.replace("")),
      list: () => this.#offer(true),
      missing: () => this.offerMissing(),
      "not-applicable": () => this.#miss("not_applicable"),
      "not-yet-known": () => this.#miss("not_yet_known"),
    };
  }

  /** A selection grows within its section. @param {import("./selection.js").Way} way */
  #within(way) {
    const place = this.selection.beside(way);
    return place.section === this.selection.at.section ? place : this.selection.at;
  }

  /** @param {Place} place */
  #isFilled(place) {
    const cell = cellAt(this.model, place);
    return cell !== null && textAt(this.model, cell.division, cell.column) !== "";
  }

  /** Tab leaves the grid after its last cell and before its first: nobody is caught in it. @param {1 | -1} by */
  #follow(by) {
    const place = this.selection.following(by);
    this.commit();
    if (!place) return false;
    this.goTo(place);
    return true;
  }

  #selectSection() {
    const whole = wholeSection(this.model, this.selection.at.section);
    this.selection.go({ section: whole.section, row: whole.bottom, column: whole.right });
    this.#extendTo({ section: whole.section, row: 0, column: 0 });
  }

  #cancel() {
    if (this.editor.mode !== "ready") this.editor.reset();
    else if (this.selection.isRange()) this.goTo(this.selection.at);
  }

  #cleared() {
    const count = clear(this.model, this.block());
    if (count > 1) this.say(filledIn(this.texts["cleared"] ?? "", { count }));
    this.refresh();
  }

  /** The codes of the cell that fit what is typed. @param {boolean} isAsked */
  #offer(isAsked = false) {
    const { column, division } = this.here();
    if (column.choices.length === 0 || this.editor.input.readOnly) return isAsked ? this.offerMissing() : undefined;
    const typed = this.editor.mode === "ready" ? "" : this.editor.input.value.trim();
    const options = column.choices.filter((choice) => !typed || choice.label.includes(typed) || choice.value === typed);
    const chosen = this.model.cell(division, column.identifier).value;
    this.choosing.open(options, column.label, chosen, ({ value }) => this.#choose(value));
  }

  /** @param {string} value */
  #choose(value) {
    const { division, column } = this.here();
    this.editor.mode = "ready";
    this.model.set([{ division, element: column.identifier, value, missing: "" }], "typed");
    this.refresh();
  }

  offerMissing() {
    this.commit();
    this.editor.focus();
    if (this.editor.input.readOnly) return;
    const { division, column } = this.here();
    const chosen = this.model.cell(division, column.identifier).missing;
    this.choosing.open(this.model.payload.missing_kinds, column.label, chosen, ({ value }) => this.#miss(value));
  }

  /** @param {string} missing */
  #miss(missing) {
    setMissing(this.model, this.block(), missing);
    this.refresh();
  }

  /** @param {ClipboardEvent} event */
  #pasted(event) {
    if (this.editor.mode !== "ready" || !event.clipboardData) return;
    event.preventDefault();
    const html = event.clipboardData.getData("text/html");
    const table = html ? readTable(new DOMParser().parseFromString(unstyled(html), "text/html")) : null;
    const texts = readClipboard(event.clipboardData.getData("text/plain"), table);
    if (texts.length === 0) return;
    const { pasted, outside, locked, covered } = paste(this.model, this.block(), texts);
    this.selection.go({ section: covered.section, row: covered.bottom, column: covered.right });
    this.#extendTo({ section: covered.section, row: covered.top, column: covered.left });
    const parts = /** @type {[string, number][]} */ ([["pasted", pasted], ["outside", outside], ["not_open", locked]]);
    const told = parts.filter(([name, count]) => count > 0 || name === "pasted");
    this.say(told.map(([name, count]) => filledIn(this.texts[name] ?? "", { count })).join(""));
  }

  /** @param {ClipboardEvent} event @returns {boolean} */
  #copied(event) {
    if (this.editor.mode !== "ready" || !event.clipboardData) return false;
    event.preventDefault();
    const texts = textsOf(this.model, this.block());
    event.clipboardData.setData("text/plain", writePlain(texts));
    event.clipboardData.setData("text/html", writeHtml(texts));
    this.say(filledIn(this.texts["copied"] ?? "", { count: placesOf(this.block()).length }));
    return true;
  }

  /** @param {MouseEvent} event @param {number} section @returns {Place | null} */
  #placeUnder(event, section) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target === this.editor.input) return this.selection.at;
    const cell = target.closest("td");
    const row = cell?.closest("tr");
    if (!cell || !row || row.parentElement?.tagName !== "TBODY") return null;
    return { section, row: row.sectionRowIndex, column: cell.cellIndex - 1 };
  }

  /** @param {MouseEvent} event @param {number} section */
  #pointed(event, section) {
    const isInText = event.target === this.editor.input && this.editor.mode !== "ready";
    const place = this.#placeUnder(event, section);
    if (!place || isInText || event.button !== 0) return;
    event.preventDefault();
    if (event.shiftKey && section === this.selection.at.section) this.#extendTo(place);
    else this.goTo(place);
    if (event.detail === 2) this.editor.edit();
  }

  /** @param {MouseEvent} event @param {number} section */
  #dragged(event, section) {
    if (event.buttons !== 1 || section !== this.selection.at.section || this.editor.mode !== "ready") return;
    const place = this.#placeUnder(event, section);
    const { at } = this.selection;
    if (place && (place.row !== at.row || place.column !== at.column)) this.#extendTo(place);
  }
}
