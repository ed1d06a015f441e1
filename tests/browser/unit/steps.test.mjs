import assert from "node:assert/strict";
import { test } from "node:test";

import { SheetModel } from "../../../hub/browser/sheet/model.js";
import { carry, clear, contentOf, everyPlace, fillDown, paste, setMissing, textsOf, wholeSection } from "../../../hub/browser/sheet/steps.js";
import { changeOf, totalOf } from "../../../hub/browser/sheet/sums.js";
import { payloadOf } from "./payload.mjs";

const block = (top, left, bottom = top, right = left) => ({ section: 0, top, left, bottom, right });
const held = { cells: { a: { men: { value: "5", previous: "4" }, women: { previous: "6" }, all: { shown: "11" } }, b: { men: { previous: "7" } } } };

test("a paste counts what lies outside and what is locked", () => {
  const model = new SheetModel(payloadOf());
  const counts = paste(model, block(1, 2), [["x", "9", "8"], ["y", "7", "6"]]);
  assert.deepEqual([counts.pasted, counts.locked, counts.outside], [1, 1, 4]);
  assert.equal(model.cell("b", "note").value, "x");
});

test("one value fills the whole selection, in one step", () => {
  const model = new SheetModel(payloadOf());
  assert.equal(paste(model, block(0, 0, 1, 1), [["3"]]).pasted, 4);
  assert.equal(model.cell("b", "women").value, "3");
  assert.equal(model.undo().length, 4);
});

test("a paste over returned cells leaves the others", () => {
  const model = new SheetModel(payloadOf({ open_cells: [["b", "men"]] }));
  const counts = paste(model, block(0, 0), [["1"], ["2"]]);
  assert.deepEqual([counts.pasted, counts.locked], [1, 1]);
  assert.deepEqual([model.cell("a", "men").value, model.cell("b", "men").value], ["", "2"]);
});

test("filling down takes the first row of the selection, or the row above it", () => {
  const model = new SheetModel(payloadOf(held));
  assert.equal(fillDown(model, block(0, 0, 1, 0)), 1);
  assert.equal(model.cell("b", "men").value, "5");
  model.undo();
  assert.equal(fillDown(model, block(1, 0)), 1);
  assert.equal(model.cell("b", "men").value, "5");
});

test("carrying over fills empty cells of a section, and overwrites chosen ones", () => {
  const model = new SheetModel(payloadOf(held));
  assert.equal(carry(model, everyPlace(model), "empty"), 2);
  assert.deepEqual([model.cell("a", "men").value, model.cell("b", "men").value], ["5", "7"]);
  assert.equal(carry(model, [{ section: 0, row: 0, column: 0 }], "any"), 1);
  assert.equal(model.isUnchanged("a", "men"), true);
});

test("clearing and missing reasons reach what is open only", () => {
  const model = new SheetModel(payloadOf(held));
  assert.equal(setMissing(model, wholeSection(model, 0), "not_applicable"), 6);
  assert.equal(model.derived("a", "all"), "11");
  assert.equal(clear(model, block(0, 0)), 1);
  assert.deepEqual(model.cell("a", "men"), { value: "", missing: "" });
});

test("a word of a missing reason is one, but not where a text is asked and it may be meant", () => {
  const model = new SheetModel(payloadOf());
  const [men, , note] = model.columns;
  assert.deepEqual(contentOf(model, men, "不适用"), { value: "", missing: "not_applicable" });
  assert.deepEqual(contentOf(model, note, "无"), { value: "无", missing: "" });
  assert.deepEqual(contentOf(model, men, "0012"), { value: "0012", missing: "" });
});

test("a code is told by itself, by its meaning or by both", () => {
  const model = new SheetModel(payloadOf());
  const terrain = { ...model.columns[0], choices: [{ value: "1", label: "1 平原" }, { value: "true", label: "是" }] };
  for (const text of ["1", "平原", "1 平原", " 1 "]) assert.equal(contentOf(model, terrain, text).value, "1");
  assert.equal(contentOf(model, terrain, "是").value, "true");
  assert.equal(contentOf(model, terrain, "高原").value, "高原");
});

test("what is copied reads as it would be typed", () => {
  const model = new SheetModel(payloadOf(held));
  setMissing(model, block(0, 1), "not_applicable");
  assert.deepEqual(textsOf(model, block(0, 0, 0, 3)), [["5", "不适用", "", "11"]]);
});

test("totals are exact and leave out what is no number", () => {
  const model = new SheetModel(payloadOf({ cells: { a: { men: { value: "９,007,199,254,740,993" } }, b: { men: { value: "十二" } } } }));
  assert.equal(totalOf(model, model.columns[0]), "9007199254740993");
  assert.equal(totalOf(model, model.columns[2]), "");
});

test("changes against the preceding period have one decimal", () => {
  const told = [["213", "210"], ["0", "10"], ["10", "10"], ["1", "3"], ["5", "0"], ["十", "3"], ["-5", "-10"], ["1.25", "1"]];
  assert.deepEqual(told.map(([now, then]) => changeOf(now, then)), ["+1.4%", "-100.0%", "0%", "-66.7%", "", "", "+50.0%", "+25.0%"]);
});
