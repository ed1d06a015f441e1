/**
 * The error summary above the form (GOV.UK): also for a single error, takes the focus, the same words as at the cells,
 * each line leads to its cell. Warnings ask for a reason, which is kept while its warning stands.
 */

import { Findings } from "./findings.js";
import { element } from "./painting.js";
import { filledIn } from "./payload.js";
import { placeOf } from "./steps.js";

const LINES = 12;

export class Summary {
  /**
   * @param {Findings} findings
   * @param {Record<string, string>} texts
   * @param {(division: string, element: string) => void} goToCell
   */
  constructor(findings, texts, goToCell) {
    this.findings = findings;
    this.texts = texts;
    this.goToCell = goToCell;
    this.box = /** @type {HTMLElement} */ (document.getElementById("summary"));
    this.title = document.title;
    /** @type {string[]} */
    this.refusals = [];
    this.isAsked = false;
  }

  /** What a check or a submission said; takes the focus. @param {string[]} refusals */
  tell(refusals = []) {
    this.refusals = refusals;
    this.isAsked = true;
    this.draw();
    if (!this.box.hidden) this.box.focus();
  }

  /** Drawn anew when a finding went or came; not while somebody types a reason in it. */
  draw() {
    if (!this.isAsked || this.box.querySelector("input:focus")) return;
    const errors = this.findings.of("error");
    const warnings = this.findings.of("warning");
    const count = errors.length + this.refusals.length;
    this.box.textContent = "";
    this.box.hidden = count + warnings.length === 0;
    document.title = (count > 0 ? this.texts["title_errors"] : "") + this.title;
    if (count > 0) {
      this.#head("h2", filledIn(this.texts["errors"] ?? "", { count }));
      const list = document.createElement("ul");
      for (const text of this.refusals) list.append(element("li", text));
      const lines = errors.map((finding) => this.#line(finding));
      list.append(...lines.slice(0, LINES));
      this.box.append(list);
      if (lines.length > LINES) this.box.append(this.#rest(lines.slice(LINES)));
    }
    if (warnings.length > 0) {
      this.#head(count > 0 ? "h3" : "h2", filledIn(this.texts["warnings"] ?? "", { count: warnings.length }));
      this.#warn(warnings);
    }
  }

  /** @param {string} name @param {string} text */
  #head(name, text) {
    const head = element(name, text);
    if (name === "h2") head.id = "summary-title";
    this.box.append(head);
  }

  /** @param {import("./findings.js").Finding} finding */
  #line(finding) {
    const line = document.createElement("li");
    line.append(this.#link(finding));
    return line;
  }

  /** @param {import("./findings.js").Finding} finding */
  #link(finding) {
    const target = this.findings.elementOf(finding);
    if (placeOf(this.findings.model, finding.division, target) === null) return element("span", finding.message);
    const link = /** @type {HTMLAnchorElement} */ (element("a", finding.message));
    link.href = `#${finding.division}.${target}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.goToCell(finding.division, target);
    });
    return link;
  }

  /** @param {HTMLElement[]} lines */
  #rest(lines) {
    const rest = document.createElement("details");
    const list = document.createElement("ul");
    list.append(...lines);
    rest.append(element("summary", filledIn(this.texts["more"] ?? "", { count: lines.length })), list);
    return rest;
  }

  /** @param {import("./findings.js").Finding[]} warnings */
  #warn(warnings) {
    const list = document.createElement("ul");
    list.className = "reasons";
    warnings.forEach((finding, place) => {
      const line = document.createElement("li");
      const label = /** @type {HTMLLabelElement} */ (element("label", ""));
      label.htmlFor = `reason-${place}`;
      label.append(this.#link(finding));
      const input = document.createElement("input");
      input.id = label.htmlFor;
      input.maxLength = 2000;
      input.placeholder = this.texts["reason"] ?? "";
      input.value = this.findings.reasons.get(Findings.keyOf(finding)) ?? "";
      input.addEventListener("input", () => this.#explained(finding, input.value));
      line.append(label, input);
      list.append(line);
    });
    this.box.append(list);
  }

  /** @param {import("./findings.js").Finding} finding @param {string} reason */
  #explained(finding, reason) {
    this.findings.reasons.set(Findings.keyOf(finding), reason);
    document.dispatchEvent(new CustomEvent("explained", { detail: { finding, reason } }));
  }
}
