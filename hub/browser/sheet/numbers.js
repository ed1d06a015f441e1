/**
 * Exact numbers: a whole number and how many of its digits follow the point.
 *
 * The hub computes on decimals, never on floating point (0.1 + 0.2 would not be 0.3), so the browser does too.
 * Reading follows hub/datatypes/numerals.py; tests/validation/test_portable.py keeps the two alike.
 *
 * @typedef {{digits: bigint, scale: number}} Exact  `digits` / 10 ** `scale`
 */

const HALF_WIDTH = new Map([..."０１２３４５６７８９－−＋．，"].map((wide, place) => [wide, "0123456789--+.,"[place]]));
const NUMERAL = /^[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?$/;
const LONGEST_NUMERAL = 400;
const DECIMALS_OF_A_QUOTIENT = 12;

/** What Python's `str.strip` takes away. */
const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const ENDS = new RegExp(`^${BLANK}|${BLANK}$`, "g");

/** @param {string} text */
export function stripped(text) {
  return text.replace(ENDS, "");
}

/** Full-width digits, signs and points as half-width ones. @param {string} text */
export function halfWidth(text) {
  return [...text].map((character) => HALF_WIDTH.get(character) ?? character).join("");
}

/**
 * The number that was written, or null when it is none.
 * @param {string} text
 * @returns {Exact | null}
 */
export function readNumber(text) {
  const written = halfWidth(stripped(text));
  if (written.length > LONGEST_NUMERAL || !NUMERAL.test(written)) return null;
  const [whole, fraction = ""] = written.replace(/[,+]/g, "").split(".");
  const isNegative = whole.startsWith("-");
  const digits = BigInt(whole.replace("-", "") + fraction);
  return canonical({ digits: isNegative ? -digits : digits, scale: fraction.length });
}

/**
 * Without zeros after the last digit: one spelling for one number.
 * @param {Exact} number
 * @returns {Exact}
 */
function canonical({ digits, scale }) {
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  return { digits, scale };
}

/** @param {Exact} number */
export function spelled(number) {
  const { digits, scale } = canonical(number);
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  return (digits < 0n ? "-" : "") + text.slice(0, point) + (scale ? "." + text.slice(point) : "");
}

/** Significant digits, as hub/datatypes/numerals.py counts them. @param {Exact} number */
export function countDigits(number) {
  const { digits, scale } = canonical(number);
  if (digits === 0n) return 1;
  const whole = (digits < 0n ? -digits : digits).toString().length - scale;
  return Math.max(whole, 0) + scale;
}

/**
 * @param {Exact} one
 * @param {Exact} other
 * @returns {[bigint, bigint, number]}
 */
function aligned(one, other) {
  const scale = Math.max(one.scale, other.scale);
  return [one.digits * 10n ** BigInt(scale - one.scale), other.digits * 10n ** BigInt(scale - other.scale), scale];
}

/** @param {Exact} one @param {Exact} other @returns {Exact} */
export function add(one, other) {
  const [left, right, scale] = aligned(one, other);
  return { digits: left + right, scale };
}

/** @param {Exact} number @returns {Exact} */
export function negative({ digits, scale }) {
  return { digits: -digits, scale };
}

/** @param {Exact} one @param {Exact} other @returns {Exact} */
export function multiply(one, other) {
  return { digits: one.digits * other.digits, scale: one.scale + other.scale };
}

/**
 * Rounded half away from zero to twelve decimals, as the hub rounds; null where nothing can be divided.
 * @param {Exact} one
 * @param {Exact} other
 * @returns {Exact | null}
 */
export function divide(one, other) {
  if (other.digits === 0n) return null;
  const [left, right] = aligned(one, other);
  const isNegative = left < 0n !== right < 0n;
  const dividend = (left < 0n ? -left : left) * 10n ** BigInt(DECIMALS_OF_A_QUOTIENT);
  const divisor = right < 0n ? -right : right;
  const digits = (2n * dividend + divisor) / (2n * divisor);
  return { digits: isNegative ? -digits : digits, scale: DECIMALS_OF_A_QUOTIENT };
}

/**
 * Rounded half away from zero (四舍五入).
 * @param {Exact} number
 * @param {number} decimals
 * @returns {Exact}
 */
export function rounded({ digits, scale }, decimals) {
  if (scale <= decimals) return { digits, scale };
  const unit = 10n ** BigInt(scale - decimals);
  const size = (2n * (digits < 0n ? -digits : digits) + unit) / (2n * unit);
  return { digits: digits < 0n ? -size : size, scale: decimals };
}

/** Less than, equal to or more than zero, as for sorting. @param {Exact} one @param {Exact} other */
export function compare(one, other) {
  const [left, right] = aligned(one, other);
  return left < right ? -1 : left > right ? 1 : 0;
}
