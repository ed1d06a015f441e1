/**
 * Works out the expressions of hub/validation/portable.py over one row.
 *
 * Three-valued, as SQL: an absent operand makes a result null, "not judged". Dates are texts (2026-03-31), whose
 * order is that of days.
 *
 * @typedef {import("./numbers.js").Exact} Exact
 * @typedef {Exact | string | boolean | null} Value
 * @typedef {Map<string, Value>} Row  identifier or `previous__identifier` → value
 * @typedef {any[]} Node
 */

import { add, compare, divide, multiply, negative, readNumber } from "./numbers.js";

/** @param {Value} value @returns {value is Exact} */
export function isNumber(value) {
  return typeof value === "object" && value !== null;
}

/**
 * @param {Value} one
 * @param {Value} other
 * @returns {number | null}
 */
function order(one, other) {
  if (one === null || other === null) return null;
  if (isNumber(one) && isNumber(other)) return compare(one, other);
  return one === other ? 0 : one < other ? -1 : 1;
}

/**
 * @param {(found: number) => boolean} holds
 * @returns {(node: Node, row: Row) => Value}
 */
function comparison(holds) {
  return ([, left, right], row) => {
    const found = order(evaluate(left, row), evaluate(right, row));
    return found === null ? null : holds(found);
  };
}

/**
 * @param {(one: Exact, other: Exact) => Exact | null} compute
 * @returns {(node: Node, row: Row) => Value}
 */
function arithmetic(compute) {
  return ([, left, right], row) => {
    const one = evaluate(left, row);
    const other = evaluate(right, row);
    return isNumber(one) && isNumber(other) ? compute(one, other) : null;
  };
}

/**
 * AND and OR of SQL: one operand may decide alone, else an unknown one leaves it open.
 * @param {boolean} deciding
 * @returns {(node: Node, row: Row) => Value}
 */
function connection(deciding) {
  return ([, left, right], row) => {
    const found = [evaluate(left, row), evaluate(right, row)];
    if (found.includes(deciding)) return deciding;
    return found.includes(null) ? null : !deciding;
  };
}

/** @type {Record<string, (node: Node, row: Row) => Value>} */
const NODES = {
  column: ([, name], row) => row.get(name) ?? null,
  number: ([, text]) => readNumber(text),
  text: ([, text]) => text,
  boolean: ([, value]) => value,
  negative: ([, inner], row) => {
    const value = evaluate(inner, row);
    return isNumber(value) ? negative(value) : null;
  },
  abs: ([, inner], row) => {
    const value = evaluate(inner, row);
    return isNumber(value) ? (value.digits < 0n ? negative(value) : value) : null;
  },
  "+": arithmetic(add),
  "-": arithmetic((one, other) => add(one, negative(other))),
  "*": arithmetic(multiply),
  "/": arithmetic(divide),
  "=": comparison((found) => found === 0),
  "<>": comparison((found) => found !== 0),
  "<": comparison((found) => found < 0),
  "<=": comparison((found) => found <= 0),
  ">": comparison((found) => found > 0),
  ">=": comparison((found) => found >= 0),
  between: ([, inner, low, high], row) =>
    evaluate(["and", [">=", inner, low], ["<=", inner, high]], row),
  in: ([, inner, ...members], row) => {
    const value = evaluate(inner, row);
    return value === null ? null : members.some((member) => order(value, evaluate(member, row)) === 0);
  },
  absent: ([, inner], row) => evaluate(inner, row) === null,
  and: connection(false),
  or: connection(true),
  not: ([, inner], row) => {
    const value = evaluate(inner, row);
    return value === null ? null : !value;
  },
  case: ([, branches, otherwise], row) => {
    for (const [condition, result] of branches) {
      if (evaluate(condition, row) === true) return evaluate(result, row);
    }
    return otherwise === null ? null : evaluate(otherwise, row);
  },
  first: ([, ...parts], row) => {
    for (const part of parts) {
      const value = evaluate(part, row);
      if (value !== null) return value;
    }
    return null;
  },
};

/**
 * @param {Node} node
 * @param {Row} row
 * @returns {Value}
 */
export function evaluate(node, row) {
  return NODES[node[0]](node, row);
}
