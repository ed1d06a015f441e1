import assert from "node:assert/strict";
import { test } from "node:test";

import { readClipboard, writePlain } from "../../../hub/browser/sheet/clipboard.js";

const cases = [
  ["one value", "12\r\n", [["12"]]],
  ["rows end with CRLF", "1\t2\r\n3\t4\r\n", [["1", "2"], ["3", "4"]]],
  ["rows end with LF, the last without", "1\t2\n3\t4", [["1", "2"], ["3", "4"]]],
  ["leading zeros, long numbers and thousands stay", "0012\t433124199001011234\t1,234\r\n", [["0012", "433124199001011234", "1,234"]]],
  ["a line break within quotes", '"第一行\n第二行"\t1\r\n', [["第一行\n第二行", "1"]]],
  ["a CRLF within quotes is one line break", '"甲\r\n乙"\r\n', [["甲\n乙"]]],
  ["quotes within quotes", '"说""好""\n的"\r\n', [['说"好"\n的']]],
  ["a tab within quotes", '"a\tb"\tc\r\n', [["a\tb", "c"]]],
  ["quotes that only begin a cell", '"未完\t5" 管\r\n', [['"未完', '5" 管']]],
  ["empty cells and rows stay", "\t\r\n\r\n1\t\r\n", [["", ""], [""], ["1", ""]]],
  ["spaces are kept", " 1 \t２\r\n", [[" 1 ", "２"]]],
  ["an empty clipboard", "", []],
];

for (const [name, plain, rows] of cases) {
  test(name, () => assert.deepEqual(readClipboard(plain, null), rows));
}

test("quotes of the cell's own are told by the HTML beside it", () => {
  assert.deepEqual(readClipboard('"甲"\t1\r\n', [['"甲"', "1"]]), [['"甲"', "1"]]);
  assert.deepEqual(readClipboard('"甲"\t1\r\n', [["甲", "1"]]), [["甲", "1"]]);
});

test("where the shapes differ the table counts, and without a plain text it is all there is", () => {
  assert.deepEqual(readClipboard('"a\t"b\r\n', [["a\t\"b"]]), [["a\t\"b"]]);
  assert.deepEqual(readClipboard("", [["1", "2"]]), [["1", "2"]]);
});

test("what is copied out is read back the same", () => {
  const rows = [["0012", '说"好"', "a\tb"], ["第一行\n第二行", "", "1,234"]];
  assert.deepEqual(readClipboard(writePlain(rows), null), rows);
});
