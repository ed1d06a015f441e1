/**
 * Cells as typed, read into values as hub/datatypes reads them; what cannot be read is told in the server's words.
 *
 * A text's own pattern is left to the server, whose regular expressions are Python's.
 *
 * @typedef {import("./expressions.js").Value} Value
 * @typedef {import("./numbers.js").Exact} Exact
 * @typedef {{
 *   identifier: string, label: string, source: string, datatype: string, unit: string, is_required: boolean,
 *   decimals: number, minimum: string | null, maximum: string | null, maximum_length: number,
 *   permissible_values: [string, string][],
 * }} Element
 * @typedef {Record<string, any>} Texts
 * @typedef {{code: string, expectation: string}} Fault
 * @typedef {{value: Value} | {fault: Fault}} Read
 */

import { isNumber } from "./expressions.js";
import { filledIn } from "./payload.js";
import { compare, countDigits, halfWidth, readNumber, spelled, stripped } from "./numbers.js";

const MAXIMUM_DIGITS = 15;
const LONGEST_SHOWN = 40;
const CHOICES_NAMED = 8;
const YES = ["是", "有", "true", "yes", "1", "１", "√", "✓"];
const NO = ["否", "无", "false", "no", "0", "０", "×", "✗"];
const DATES = [
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$/,
  /^([0-9]{4})\/([0-9]{1,2})\/([0-9]{1,2})$/,
  /^([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})$/,
  /^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日$/,
  /^([0-9]{4})([0-9]{2})([0-9]{2})$/,
];
const UNPRINTABLE = /(?![\n\r\t])[\p{Cc}\p{Cs}]/u;

/** Short enough for a sentence. @param {string} text */
export function shown(text) {
  const characters = [...stripped(text)];
  return characters.length <= LONGEST_SHOWN ? characters.join("") : characters.slice(0, LONGEST_SHOWN).join("") + "…";
}

/** @param {string} text */
export function isBlank(text) {
  return stripped(text) === "";
}

/**
 * @param {string} text  not blank
 * @param {Element} element
 * @param {Texts} texts
 * @returns {Read}
 */
export function readValue(text, element, texts) {
  const reader = READERS[element.datatype];
  return reader ? reader(text, element, texts) : { value: stripped(text) };
}

/** @type {Record<string, (text: string, element: Element, texts: Texts) => Read>} */
const READERS = {
  integer: (text, element, texts) => readNumeral(text, element, texts, 0, "value-not-integer", texts.integer),
  decimal: (text, element, texts) =>
    readNumeral(text, element, texts, element.decimals, "value-not-number", texts.number),
  boolean: (text, _element, texts) => {
    const word = stripped(text).toLowerCase();
    if (YES.includes(word)) return { value: true };
    if (NO.includes(word)) return { value: false };
    return { fault: { code: "value-not-boolean", expectation: texts.boolean } };
  },
  date: (text, _element, texts) => {
    const day = readDate(halfWidth(stripped(text)));
    return day === null ? { fault: { code: "value-not-date", expectation: texts.date } } : { value: day };
  },
  code: readCode,
  text: (text, element, texts) => {
    const value = stripped(text);
    if ([...value].length > element.maximum_length) {
      return { fault: { code: "value-too-long", expectation: filledIn(texts.length, { limit: element.maximum_length }) } };
    }
    return UNPRINTABLE.test(value) ? { fault: { code: "value-not-text", expectation: texts.control } } : { value };
  },
};

/**
 * @param {string} text
 * @param {Element} element
 * @param {Texts} texts
 * @param {number} decimals
 * @param {string} code  of what is no such number at all
 * @param {string} expectation
 * @returns {Read}
 */
function readNumeral(text, element, texts, decimals, code, expectation) {
  const number = readNumber(text);
  if (number === null) return { fault: { code, expectation } };
  if (countDigits(number) > MAXIMUM_DIGITS) {
    return { fault: { code: "value-too-precise", expectation: filledIn(texts.digits, { limit: MAXIMUM_DIGITS }) } };
  }
  if (number.scale > decimals) {
    if (element.datatype === "integer") return { fault: { code, expectation } };
    const sentence = decimals ? filledIn(texts.decimals, { limit: decimals }) : texts.no_decimals;
    return { fault: { code: "value-too-precise", expectation: sentence } };
  }
  const outside = rangeFault(number, element, texts);
  return outside === null ? { value: number } : { fault: outside };
}

/**
 * @param {Exact} number
 * @param {Element} element
 * @param {Texts} texts
 * @returns {Fault | null}
 */
function rangeFault(number, { minimum, maximum }, texts) {
  const low = minimum === null ? null : readNumber(minimum);
  const high = maximum === null ? null : readNumber(maximum);
  if (!(low && compare(number, low) < 0) && !(high && compare(number, high) > 0)) return null;
  const template = minimum !== null && maximum !== null ? texts.between : minimum !== null ? texts.at_least : texts.at_most;
  return { code: "value-out-of-range", expectation: filledIn(template, { minimum: minimum ?? "", maximum: maximum ?? "" }) };
}

/** @param {string} text */
function readDate(text) {
  for (const spelling of DATES) {
    const found = spelling.exec(text);
    if (!found) continue;
    const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
    const last = new Date(Date.UTC(2000, month, 0)).getUTCDate() - (month === 2 && !isLeap(year) ? 1 : 0);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > last) return null;
    return `${found[1]}-${found[2].padStart(2, "0")}-${found[3].padStart(2, "0")}`;
  }
  return null;
}

/** @param {number} year */
function isLeap(year) {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/**
 * @param {string} text
 * @param {Element} element
 * @param {Texts} texts
 * @returns {Read}
 */
function readCode(text, element, texts) {
  const written = stripped(text);
  for (const candidate of [written, halfWidth(written)]) {
    if (element.permissible_values.some(([value]) => value === candidate)) return { value: candidate };
  }
  const meant = element.permissible_values.filter(([, meaning]) => meaning === written);
  if (meant.length === 1) return { value: meant[0][0] };
  const choices = element.permissible_values.map(([value, meaning]) => `${value} ${meaning}`);
  const listed = choices.slice(0, CHOICES_NAMED).join("、") + (choices.length > CHOICES_NAMED ? "…" : "");
  return { fault: { code: "value-not-permitted", expectation: filledIn(texts.code, { choices: listed }) } };
}

/**
 * A value of the hub's own (the past, a department's), which stands in the payload in one spelling.
 * @param {string | undefined} text
 * @param {Element} element
 * @returns {Value}
 */
export function heldValue(text, element) {
  if (text === undefined) return null;
  if (element.datatype === "integer" || element.datatype === "decimal") return readNumber(text);
  return element.datatype === "boolean" ? text === "true" : text;
}

/**
 * A quantity with its unit, a code with its meaning.
 * @param {Value} value
 * @param {Element} element
 * @param {Texts} texts
 */
export function seen(value, element, texts) {
  if (value === null) return texts.empty;
  if (typeof value === "boolean") return value ? texts.yes : texts.no;
  if (isNumber(value)) return shown(spelled(value)) + element.unit;
  if (element.datatype === "date") return value + element.unit;
  const meaning = element.permissible_values.find(([code]) => code === value);
  return `“${shown(value)}”${meaning ? meaning[1] : ""}`;
}
