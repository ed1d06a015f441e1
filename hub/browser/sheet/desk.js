/**
 * The whole form: model, rules, grid or cards, summary, buttons. Whatever is attached later (keeping drafts on the
 * device) finds everything here.
 */

import { Cards } from "./cards.js";
import { Dialog } from "./dialog.js";
import { Findings } from "./findings.js";
import { Grid } from "./grid.js";
import { SheetModel } from "./model.js";
import { Painting, element } from "./painting.js";
import { Panel } from "./panel.js";
import { filledIn } from "./payload.js";
import { Rules } from "./rules.js";
import { Sending } from "./sending.js";
import { placesOf, same } from "./selection.js";
import { carry, everyPlace, fillDown, placeOf, wholeSection } from "./steps.js";
import { Summary } from "./summary.js";

const NARROW = "(max-width: 699px)";
const STALE = 412;

export class Desk {
  /** @param {import("./payload.js").Payload} payload */
  constructor(payload) {
    this.payload = payload;
    this.texts = payload.texts;
    this.model = new SheetModel(payload);
    this.rules = payload.rules ? new Rules(payload.rules) : null;
    this.findings = new Findings(this.model, this.rules);
    this.painting = new Painting(this.model, this.findings);
    this.says = /** @type {HTMLElement} */ (document.getElementById("says"));
    this.grid = new Grid(this.model, this.painting, this.findings, (text) => this.say(text), (name) => this.run(name));
    this.cards = new Cards(this.model, this.findings, (text) => this.say(text));
    this.summary = new Summary(this.findings, this.texts, (row, name) => this.goToCell(row, name));
    /** @type {Pick<Sending, "isSaved" | "flush" | "check" | "submit">} sheet/keeping puts its own here */
    this.sending = new Sending(this.model);
    this.panel = new Panel(payload, () => (this.isNarrow ? this.cards.here() : this.grid.here()));
    this.keys = new Dialog(/** @type {HTMLElement} */ (document.getElementById("keys")));
    this.narrow = window.matchMedia(NARROW);
    this.isBusy = false;
    this.commands = this.#commands();
    this.#attach();
  }

  get isNarrow() {
    return this.narrow.matches;
  }

  #attach() {
    this.model.addEventListener("change", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    this.model.addEventListener("mark", (event) => this.#marked(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("click", (event) => this.#clicked(event));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    this.narrow.addListener(() => this.#lay()); // Safari before 14 and Chromium 80 know both names
    window.addEventListener("beforeunload", (event) => this.#leaving(event));
    this.#lay();
    if (this.rules && this.rules.form.applicability.length > 0) this.#askFirst();
    this.#progress();
    for (const one of this.payload.returned) this.painting.paint(one.division, one.element);
    for (const link of document.querySelectorAll("#returned a")) link.addEventListener("click", (event) => this.#returned(event));
    for (const [division, name] of this.#lockedCells()) this.painting.paint(division, name);
    document.documentElement.dataset["sheet"] = "ready";
    if (!this.payload.is_read_only) this.#judgeBegun(this.model.rows.filter((row) => this.model.isBegun(row.division)));
  }

  /** What was typed on another day is judged where it stands: a row at a time, so that no key waits for all. @param {{division: string}[]} rows */
  #judgeBegun([row, ...others]) {
    if (!row) return;
    setTimeout(() => {
      const judged = this.findings.rejudge(row.division, new Set(), this.findings.read(row.division));
      for (const name of judged) this.painting.paint(row.division, name);
      if (judged.size > 0) this.cards.refresh(row.division);
      this.#countFindings();
      this.#judgeBegun(others);
    });
  }

  /** What is asked of which row hangs on what stands in it, so it is told once at the beginning. */
  #askFirst() {
    for (const { division } of this.model.rows) {
      for (const name of this.#derive(division, this.findings.read(division))) this.painting.paint(division, name);
    }
  }

  /** Cells that look open in the server's table and are not. @returns {[string, string][]} */
  #lockedCells() {
    if (this.model.openCells === null) return [];
    const captured = this.model.columns.filter((column) => column.kind !== "readonly");
    return this.model.rows.flatMap(({ division }) =>
      captured
        .filter(({ identifier }) => !this.model.isOpen(division, identifier))
        .map(({ identifier }) => /** @type {[string, string]} */ ([division, identifier])),
    );
  }

  /** The grid, or below 700 px a card for one village: the same model, so nothing is lost by turning a tablet. */
  #lay() {
    this.grid.commit();
    this.cards.show(this.isNarrow);
    // A sentence that wants the focus gets it with the first frame, which may come after this.
    const isAwaited = document.querySelector("[autofocus]") !== null;
    if (!this.isNarrow && !isAwaited && document.activeElement === document.body) this.grid.arrive();
  }

  /** @param {{changes: import("./model.js").Change[]}} detail */
  #changed({ changes }) {
    /** @type {Map<string, Set<string>>} */
    const byRow = new Map();
    for (const { division, element: name } of changes) {
      byRow.set(division, (byRow.get(division) ?? new Set()).add(name));
    }
    const identifiers = new Set(changes.map((change) => change.element));
    for (const [division, names] of byRow) {
      const reading = this.findings.read(division);
      const derived = this.#derive(division, reading);
      const judged = this.findings.rejudge(division, names, reading);
      for (const name of new Set([...names, ...derived, ...judged])) this.painting.paint(division, name);
      for (const name of derived) identifiers.add(name);
      this.cards.refresh(division);
    }
    this.painting.paintTotals(identifiers);
    this.summary.draw();
    this.#progress();
    this.grid.refresh();
  }

  /**
   * @param {string} division
   * @param {import("./rules.js").Reading | null} reading
   * @returns {string[]} cells that are computed or asked otherwise now
   */
  #derive(division, reading) {
    if (!this.rules || !reading) return [];
    const asked = this.model.setNotAsked(division, this.rules.inapplicable(reading));
    const texts = this.rules.derive(reading);
    const changed = [...texts].filter(([name, text]) => this.model.derived(division, name) !== text);
    this.model.setDerived(division, changed);
    return [...changed.map(([name]) => name), ...asked];
  }

  /** @param {{division: string, element: string}} detail */
  #marked({ division, element: name }) {
    this.painting.paint(division, name);
    this.cards.refresh(division);
  }

  #progress() {
    const { rows, cells, asked } = this.model.progress();
    const blanks = { filled: rows, rows: this.model.rows.length, percent: asked ? Math.floor((cells * 100) / asked) : 0 };
    const words = /** @type {HTMLElement} */ (document.getElementById("progress-text"));
    const bar = /** @type {HTMLProgressElement} */ (document.getElementById("progress"));
    words.textContent = filledIn(this.texts["progress"] ?? "", blanks);
    bar.max = asked || 1;
    bar.value = cells;
    this.#countFindings();
  }

  #countFindings() {
    const box = /** @type {HTMLElement} */ (document.getElementById("bar-findings"));
    const words = /** @type {HTMLElement} */ (document.getElementById("findings-count"));
    const [errors, warnings] = [this.findings.of("error").length, this.findings.of("warning").length];
    box.hidden = errors + warnings === 0;
    words.textContent = filledIn(this.texts["errors_left"] ?? "", { errors, warnings });
  }

  /** @param {string} text */
  say(text) {
    this.says.textContent = text;
  }

  /** @param {string} division @param {string} name */
  goToCell(division, name) {
    if (this.isNarrow) this.cards.goToCell(division, name);
    else this.grid.goToCell(division, name);
  }

  /** From the list of what came back into its cell: the plain face has an anchor there. @param {Event} event */
  #returned(event) {
    const [, division = "", ...name] = /** @type {HTMLAnchorElement} */ (event.currentTarget).hash.split(".");
    event.preventDefault();
    this.goToCell(division, name.join("."));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-command]");
    if (button instanceof HTMLElement) this.run(button.dataset["command"] ?? "", button);
  }

  /** Away from the grid only the keys that mean the same everywhere on the page. @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || this.grid.editor.hasFocus || event.isComposing || !this.keys.back.hidden) return;
    const names = /** @type {Record<string, string>} */ ({ F8: event.shiftKey ? "previous-finding" : "next-finding", F6: "grid" });
    const name = names[event.key];
    if (name && this.run(name)) event.preventDefault();
  }

  /** @param {string} name @param {HTMLElement} [button] @returns {boolean} */
  run(name, button) {
    const command = this.commands[name];
    if (!command) return false;
    command(button);
    return true;
  }

  /** @returns {Record<string, (button?: HTMLElement) => void>} */
  #commands() {
    const { grid, model } = this;
    return {
      undo: () => this.#took("undone", "nothing_to_undo", model.undo()),
      redo: () => this.#took("redone", "nothing_to_redo", model.redo()),
      "fill-down": () => this.#did("filled_down", fillDown(model, grid.block())),
      missing: () => grid.offerMissing(),
      carry: () => this.#carried(carry(model, placesOf(grid.block()), "any")),
      "carry-section": (button) => {
        const block = wholeSection(model, Number(button?.dataset["section"] ?? grid.selection.at.section));
        this.#carried(carry(model, placesOf(block), "empty"));
      },
      "carry-all": () => this.#carried(carry(model, everyPlace(model), "empty")),
      "help-cell": () => this.panel.toggle(),
      "help-keys": () => this.keys.open(),
      "close-keys": () => this.keys.close(),
      "next-finding": () => this.#goToFinding(1),
      "previous-finding": () => this.#goToFinding(-1),
      leave: () => this.#leave(".bar [data-command=save]", ".bar button, .foot a"),
      "leave-up": () => this.#leave(".tools button"),
      grid: () => (this.isNarrow ? undefined : grid.editor.focus()),
      save: () => void this.#save(),
      check: () => void this.#check(),
      submit: () => void this.#submit(),
    };
  }

  /** To the first of these that there is and that can be seen. @param {string[]} selectors */
  #leave(...selectors) {
    this.grid.commit();
    const found = selectors.flatMap((selector) => Array.from(document.querySelectorAll(selector)));
    const seen = /** @type {HTMLElement[]} */ (found).find((one) => one.offsetParent !== null);
    seen?.focus();
  }

  /** @param {string} text @param {number} count */
  #did(text, count) {
    this.say(filledIn(this.texts[text] ?? "", { count }));
    this.#back();
  }

  /** @param {number} count */
  #carried(count) {
    this.#did(count > 0 ? "carried" : "nothing_to_carry", count);
  }

  /** Show what an undo or a redo touched. @param {string} done @param {string} nothing @param {import("./model.js").Change[]} changes */
  #took(done, nothing, changes) {
    const [first] = changes
      .flatMap((change) => placeOf(this.model, change.division, change.element) ?? [])
      .sort((a, b) => a.section - b.section || a.row - b.row || a.column - b.column);
    if (first && this.isNarrow) this.cards.goTo(first);
    else if (first) this.grid.goTo(first);
    this.#did(first ? done : nothing, changes.length);
  }

  #back() {
    if (this.isNarrow) return;
    this.grid.refresh();
    this.grid.editor.focus();
  }

  /** @param {1 | -1} by */
  #goToFinding(by) {
    const places = this.findings.places();
    if (places.length === 0) {
      this.say(this.texts["no_finding"] ?? "");
      return;
    }
    const at = this.isNarrow ? this.cards.place() : this.grid.selection.at;
    const order = (/** @type {import("./selection.js").Place} */ one) => one.section * 1e6 + one.row * 1e3 + one.column;
    const isOn = places.findIndex((place) => same(place, at));
    let next = isOn >= 0 ? isOn + by : places.findIndex((place) => order(place) > order(at)) - (by < 0 ? 1 : 0);
    if (isOn < 0 && next < (by < 0 ? -1 : 0)) next = by < 0 ? places.length - 1 : 0;
    next = (next + places.length) % places.length;
    const place = /** @type {import("./selection.js").Place} */ (places[next]);
    if (this.isNarrow) this.cards.goTo(place);
    else this.grid.goTo(place);
    this.say(filledIn(this.texts["finding_place"] ?? "", { number: next + 1, count: places.length }));
  }

  /** One press at a time: the second waits for nothing, it is dropped. @param {string} doing @param {() => Promise<void>} work */
  async #work(doing, work) {
    if (this.isBusy) return;
    this.grid.commit();
    this.isBusy = true;
    this.state(this.texts[doing] ?? "");
    try {
      await work();
    } finally {
      this.isBusy = false;
    }
  }

  /** @param {string} text */
  state(text) {
    const node = /** @type {HTMLElement} */ (document.getElementById("bar-says"));
    node.textContent = text;
  }

  async #save() {
    await this.#work("saving", async () => {
      const answer = await this.sending.flush();
      this.state(answer.ok ? answer.body?.note ?? this.texts["saved"] ?? "" : "");
      if (!answer.ok) this.#refused(answer);
    });
  }

  async #check() {
    await this.#work("checking", async () => {
      const answer = await this.sending.check();
      this.state("");
      if (answer.ok) this.report(answer.body.findings);
      else this.#refused(answer);
    });
  }

  async #submit() {
    await this.#work("submitting", async () => {
      const reason = /** @type {HTMLInputElement | null} */ (document.getElementById("reason"))?.value.trim() || null;
      const answer = await this.sending.submit({ confirm_warnings: this.findings.confirmations(), reason });
      if (answer.ok) {
        window.location.assign(`/submissions/${answer.body.number}`);
        return;
      }
      this.state("");
      if (answer.body?.findings) this.report(answer.body.findings);
      else this.#refused(answer);
    });
  }

  /** @param {import("./findings.js").Finding[]} all */
  report(all) {
    const before = this.findings.places();
    this.findings.take(all);
    for (const place of [...before, ...this.findings.places()]) this.painting.paintPlace(place);
    this.grid.refresh();
    this.cards.refreshAll();
    this.#countFindings();
    this.summary.tell();
    if (all.length === 0) this.state(this.texts["valid"] ?? "");
  }

  /** @param {import("./sending.js").Answer} answer */
  #refused(answer) {
    if (answer.body?.isHandled) return; // the outbox has it (sheet/keeping)
    if (answer.status === 0) this.summary.tell([this.texts["unreachable"] ?? ""]);
    else if (answer.status === STALE) this.summary.tell([this.texts["stale"] ?? ""]);
    else this.summary.tell([answer.body?.detail ?? this.texts["unreachable"] ?? ""]);
  }

  /** @param {BeforeUnloadEvent} event */
  #leaving(event) {
    if (this.sending.isSaved) return;
    event.preventDefault();
    event.returnValue = this.texts["leave"] ?? "";
  }

  /** A sentence above the form. @param {string} text @param {string} [name] */
  notice(text, name = "caution") {
    const node = element("p", text);
    node.className = name;
    document.getElementById("notices")?.append(node);
    return node;
  }
}
