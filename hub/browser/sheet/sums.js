/**
 * Column totals and the change against the preceding period, exactly.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./payload.js").Column} Column
 */

import { readNumber, spelled } from "./numbers.js";

/**
 * The sum of what can be read so far; empty where a sum would mean nothing.
 * @param {SheetModel} model
 * @param {Column} column
 */
export function totalOf(model, column) {
  if (!column.is_counted) return "";
  let total = 0n;
  for (const { division } of model.rows) {
    const isReadonly = column.kind === "readonly";
    const text = isReadonly ? model.derived(division, column.identifier) : model.cell(division, column.identifier).value;
    const number = readNumber(text);
    if (number && number.scale === 0) total += number.digits;
  }
  return spelled({ digits: total, scale: 0 });
}

/**
 * By how much a number differs from the preceding period's, in per cent with one decimal; empty if nothing can be said.
 * @param {string} text
 * @param {string} previous
 */
export function changeOf(text, previous) {
  const now = readNumber(text);
  const then = readNumber(previous);
  if (!now || !then || then.digits === 0n) return "";
  const scale = Math.max(now.scale, then.scale);
  const wide = (/** @type {import("./numbers.js").Exact} */ one) => one.digits * 10n ** BigInt(scale - one.scale);
  const tenths = roundedQuotient((wide(now) - wide(then)) * 1000n, wide(then));
  if (tenths === 0n) return "0%";
  const text_ = spelledTenths(tenths < 0n ? -tenths : tenths);
  return `${tenths < 0n ? "-" : "+"}${text_}%`;
}

/** To the nearest, halves to the even one, as the server's decimals round. @param {bigint} dividend @param {bigint} divisor */
function roundedQuotient(dividend, divisor) {
  const below = divisor < 0n ? -divisor : divisor;
  const size = dividend < 0n ? -dividend : dividend;
  const quotient = size / below;
  const twice = (size % below) * 2n;
  const isUp = twice > below || (twice === below && quotient % 2n === 1n);
  const rounded = isUp ? quotient + 1n : quotient;
  return dividend < 0n ? -rounded : rounded;
}

/** @param {bigint} tenths */
function spelledTenths(tenths) {
  return `${tenths / 10n}.${tenths % 10n}`;
}
