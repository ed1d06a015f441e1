/**
 * The form's rules while typing: derived cells, and what the check will say, without a network.
 *
 * The sentences, the order and the codes are those of hub/validation/check.py; tests/validation/test_portable.py
 * compares the two over a thousand random rows. The server's check remains the one that counts.
 *
 * @typedef {import("./expressions.js").Value} Value
 * @typedef {import("./expressions.js").Row} Row
 * @typedef {import("./expressions.js").Node} Node
 * @typedef {import("./values.js").Element} Element
 * @typedef {{value: string, missing: string}} Cell  as typed
 * @typedef {{
 *   severity: "error" | "warning", code: string, element: string, elements: string[], rule: string | null,
 *   message: string,
 * }} Finding
 * @typedef {{
 *   identifier: string, severity: "error" | "warning", sentence: string, blamed: string, elements: string[],
 *   operands: [string, string | null][], expression: Node,
 * }} Rule
 * @typedef {{
 *   elements: Element[], past: Record<string, string>,
 *   derivations: {element: string, named: string[], expression: Node}[],
 *   applicability: {element: string, named: string[], expression: Node}[],
 *   rules: Rule[], texts: Record<string, any>,
 * }} PortableForm
 */

import { evaluate, isNumber } from "./expressions.js";
import { filledIn } from "./payload.js";
import { compare, negative, readNumber, rounded, spelled } from "./numbers.js";
import { heldValue, isBlank, readValue, seen, shown } from "./values.js";

/** What a look-back column is called: `previous` of `village_population` is `previous__village_population`. */
const SEPARATOR = "__";
const STATISTICS = ["usual", "spread"];
const TOO_LONG = { digits: 10n ** 15n, scale: 0 };

/** One row read: what its cells mean, what follows from them, and what is wrong with them. */
export class Reading {
  /** @param {(identifier: string) => Cell} cellOf @param {string} place  the row's name, as sentences begin */
  constructor(cellOf, place) {
    this.cellOf = cellOf;
    this.place = place;
    /** @type {Row} */
    this.values = new Map();
    /** @type {Finding[]} */
    this.findings = [];
  }

  /** @param {string} code @param {string} element @param {string} message */
  refuse(code, element, message) {
    this.findings.push({ severity: "error", code, element, elements: [element], rule: null, message });
  }
}

export class Rules {
  /** @param {PortableForm} form */
  constructor(form) {
    this.form = form;
    /** @type {Map<string, Element>} */
    this.elements = new Map(form.elements.map((element) => [element.identifier, element]));
    this.order = new Map(form.elements.map((element, place) => [element.identifier, place]));
    this.captured = form.elements.filter((element) => element.source === "captured");
  }

  /**
   * One row, read and computed once for all that is asked of it.
   * @param {(identifier: string) => Cell} cellOf
   * @param {Record<string, string>} held  supplied values and the past, by column
   * @param {string} place  the row's name
   */
  read(cellOf, held, place) {
    return this.#compute(this.#read(cellOf, place), held);
  }

  /**
   * Derived cells as texts; an empty one while an operand is absent or cannot be read.
   * @param {Reading} reading
   * @returns {Map<string, string>}
   */
  derive({ values }) {
    /** @type {Map<string, string>} */
    const texts = new Map();
    for (const { element } of this.form.derivations) {
      const value = values.get(element) ?? null;
      const isGood = value !== null && this.#faultOf(value, element) === null;
      texts.set(element, isGood ? plain(value) : "");
    }
    return texts;
  }

  /**
   * The elements that are not asked of this row; one whose condition cannot be told yet is asked.
   * @param {Reading} reading
   * @returns {Set<string>}
   */
  inapplicable({ values }) {
    const found = this.form.applicability.filter(({ expression }) => evaluate(expression, values) === false);
    return new Set(found.map(({ element }) => element));
  }

  /**
   * Everything the check will say of the row, by element. Asked last: it takes back what is not owed.
   * @param {Reading} reading
   * @returns {Finding[]}
   */
  judge(reading) {
    const { place } = reading;
    this.#excuse(reading);
    const violations = this.form.rules
      .filter((rule) => evaluate(rule.expression, reading.values) === false)
      .map((rule) => this.#violation(rule, reading.values, place));
    const found = [...reading.findings, ...violations, ...this.#badDerivations(reading.values, violations, place)];
    return found.sort((one, other) => (this.order.get(one.element) ?? 0) - (this.order.get(other.element) ?? 0));
  }

  /**
   * @param {(identifier: string) => Cell} cellOf
   * @param {string} place
   */
  #read(cellOf, place) {
    const reading = new Reading(cellOf, place);
    for (const element of this.captured) {
      const { value, missing } = cellOf(element.identifier);
      const name = `${place} ${element.label}`;
      if (missing) this.#readReason(reading, element, value, name);
      else if (isBlank(value)) this.#readAbsence(reading, element, name);
      else this.#readTyped(reading, element, value, name);
    }
    return reading;
  }

  /** @param {Reading} reading @param {Element} element @param {string} value @param {string} name */
  #readReason(reading, element, value, name) {
    if (isBlank(value)) return;
    reading.refuse("value-and-missing", element.identifier, filledIn(this.form.texts.both, { name, value: shown(value) }));
  }

  /** @param {Reading} reading @param {Element} element @param {string} name */
  #readAbsence(reading, element, name) {
    if (!element.is_required) return;
    reading.refuse("value-missing", element.identifier, filledIn(this.form.texts.required, { name }));
  }

  /** @param {Reading} reading @param {Element} element @param {string} text @param {string} name */
  #readTyped(reading, element, text, name) {
    const read = readValue(text, element, this.form.texts);
    if ("value" in read) {
      reading.values.set(element.identifier, read.value);
      return;
    }
    const { code, expectation } = read.fault;
    reading.refuse(code, element.identifier, filledIn(this.form.texts.fault, { name, expectation, value: shown(text) }));
  }

  /**
   * Where an element does not apply it is owed by nobody, and a figure there is a mistake.
   * @param {Reading} reading
   */
  #excuse(reading) {
    const inapplicable = this.inapplicable(reading);
    for (const { element, named } of this.form.applicability) {
      if (!inapplicable.has(element)) continue;
      if (reading.values.has(element)) {
        const name = `${reading.place} ${this.#label(element)}`;
        const names = named.map((one) => this.#label(one)).join("、");
        const blanks = { name, names, value: shown(reading.cellOf(element).value) };
        reading.refuse("value-not-applicable", element, filledIn(this.form.texts.inapplicable, blanks));
      } else {
        reading.findings = reading.findings.filter((one) => one.element !== element || one.code !== "value-missing");
      }
    }
  }

  /** @param {string} identifier */
  #label(identifier) {
    return this.elements.get(identifier)?.label ?? identifier;
  }

  /**
   * What the hub holds beside what is typed, and what is computed from both.
   * @param {Reading} reading
   * @param {Record<string, string>} held
   */
  #compute(reading, held) {
    const { values } = reading;
    for (const element of this.form.elements) {
      if (element.source === "supplied") {
        values.set(element.identifier, heldValue(held[element.identifier], element));
      }
    }
    for (const [column, identifier] of Object.entries(this.form.past)) {
      const element = /** @type {Element} */ (this.elements.get(identifier));
      const isStatistic = STATISTICS.includes(column.slice(0, column.indexOf(SEPARATOR)));
      const text = held[column];
      values.set(column, isStatistic && text !== undefined ? readNumber(text) : heldValue(text, element));
    }
    for (const { element, expression } of this.form.derivations) {
      values.set(element, this.#result(evaluate(expression, values), element));
    }
    return reading;
  }

  /**
   * As the element holds it: rounded, and nothing at all when it has more digits than any element.
   * @param {Value} value
   * @param {string} identifier
   * @returns {Value}
   */
  #result(value, identifier) {
    if (!isNumber(value)) return value;
    const { datatype, decimals } = /** @type {Element} */ (this.elements.get(identifier));
    if (compare(value, TOO_LONG) >= 0 || compare(negative(value), TOO_LONG) >= 0) return null;
    return rounded(value, datatype === "decimal" ? decimals : 0);
  }

  /** @param {Rule} rule @param {Row} values @param {string} place @returns {Finding} */
  #violation(rule, values, place) {
    const { texts } = this.form;
    const operands = rule.operands.map(([identifier, lookBack]) => {
      const element = /** @type {Element} */ (this.elements.get(identifier));
      const column = lookBack === null ? identifier : lookBack + SEPARATOR + identifier;
      const template = lookBack === null ? texts.operand : texts.looked_back[lookBack];
      return filledIn(template, { name: element.label, value: seen(values.get(column) ?? null, element, texts) });
    });
    return {
      severity: rule.severity,
      code: "rule-violated",
      element: rule.blamed,
      elements: rule.elements,
      rule: rule.identifier,
      message: filledIn(texts.rule, {
        place,
        rule: rule.sentence,
        operands: operands.join(texts.operands),
        advice: texts.advice[rule.severity],
      }),
    };
  }

  /**
   * Computed values that their own element refuses; told only when nothing they come from is in question already.
   * @param {Row} values
   * @param {Finding[]} violations
   * @param {string} place
   */
  #badDerivations(values, violations, place) {
    const doubtful = new Set(violations.filter((one) => one.severity === "error").flatMap((one) => one.elements));
    /** @type {Finding[]} */
    const found = [];
    for (const { element, named } of this.form.derivations) {
      const value = values.get(element) ?? null;
      const fault = value === null ? null : this.#faultOf(value, element);
      if (fault === null) continue;
      if (!named.some((name) => doubtful.has(name))) {
        found.push(this.#badDerivation(element, named, fault, plain(value), place));
      }
      doubtful.add(element);
    }
    return found;
  }

  /**
   * @param {string} identifier
   * @param {string[]} named
   * @param {import("./values.js").Fault} fault
   * @param {string} value
   * @param {string} place
   * @returns {Finding}
   */
  #badDerivation(identifier, named, fault, value, place) {
    const { texts } = this.form;
    const sentence = filledIn(texts.fault, {
      name: `${place} ${this.#label(identifier)}`,
      expectation: fault.expectation,
      value: shown(value),
    });
    return {
      severity: "error",
      code: fault.code,
      element: identifier,
      elements: [identifier, ...named],
      rule: null,
      message: filledIn(texts.derived, { sentence, names: named.map((one) => this.#label(one)).join("、") }),
    };
  }

  /** @param {Value} value @param {string} identifier */
  #faultOf(value, identifier) {
    const element = /** @type {Element} */ (this.elements.get(identifier));
    const read = readValue(plain(value), element, this.form.texts);
    return "fault" in read ? read.fault : null;
  }
}

/** A computed value as the cell shows it. @param {Value} value */
function plain(value) {
  if (value === null) return "";
  return isNumber(value) ? spelled(value) : String(value);
}
