import assert from "node:assert/strict";
import { test } from "node:test";

import { SheetModel } from "../../../hub/browser/sheet/model.js";
import { payloadOf } from "./payload.mjs";

/** @param {SheetModel} model */
function listened(model) {
  const heard = [];
  model.addEventListener("change", (event) => heard.push([event.detail.origin, event.detail.changes.length]));
  return heard;
}

const typed = (division, element, value) => ({ division, element, value, missing: "" });

test("a step over many cells is one event and one undo", () => {
  const model = new SheetModel(payloadOf());
  const heard = listened(model);
  assert.equal(model.set([typed("a", "men", "1"), typed("a", "women", "2"), typed("b", "men", "3")], "paste"), 3);
  assert.deepEqual(model.cell("b", "men"), { value: "3", missing: "" });
  assert.equal(model.undo().length, 3);
  assert.deepEqual(model.cell("a", "women"), { value: "", missing: "" });
  assert.equal(model.redo().length, 3);
  assert.deepEqual(model.cell("a", "women"), { value: "2", missing: "" });
  assert.deepEqual(heard, [["paste", 3], ["undo", 3], ["undo", 3]]);
});

test("a change tells what stood there before", () => {
  const model = new SheetModel(payloadOf({ cells: { a: { men: { value: "7" } } } }));
  let change = null;
  model.addEventListener("change", (event) => ([change] = event.detail.changes));
  model.set([{ division: "a", element: "men", value: "", missing: "refused" }], "typed");
  assert.deepEqual(change, { ...typed("a", "men", ""), missing: "refused", before: { value: "7", missing: "" } });
});

test("what others saved or this device kept is not taken back", () => {
  const model = new SheetModel(payloadOf());
  model.set([typed("a", "men", "1")], "merge");
  model.set([typed("a", "men", "2")], "stored");
  assert.deepEqual(model.undo(), []);
  assert.equal(model.cell("a", "men").value, "2");
});

test("what is the same already makes no step", () => {
  const model = new SheetModel(payloadOf({ cells: { a: { men: { value: "0012" } } } }));
  const heard = listened(model);
  assert.equal(model.set([typed("a", "men", "0012")], "typed"), 0);
  assert.deepEqual(heard, []);
  assert.deepEqual(model.undo(), []);
});

test("a new step ends what could be done again", () => {
  const model = new SheetModel(payloadOf());
  model.set([typed("a", "men", "1")], "typed");
  model.undo();
  model.set([typed("a", "men", "2")], "typed");
  assert.deepEqual(model.redo(), []);
});

test("readonly, closed and returned forms lock cells", () => {
  assert.equal(new SheetModel(payloadOf()).isOpen("a", "men"), true);
  assert.equal(new SheetModel(payloadOf()).isOpen("a", "all"), false);
  assert.equal(new SheetModel(payloadOf({ is_read_only: true })).isOpen("a", "men"), false);
  const returned = new SheetModel(payloadOf({ open_cells: [["b", "men"]] }));
  assert.deepEqual([returned.isOpen("a", "men"), returned.isOpen("b", "men")], [false, true]);
});

test("progress counts rows with everything owed, and cells of all that is asked", () => {
  const model = new SheetModel(payloadOf());
  model.set([typed("a", "men", "1"), { division: "a", element: "women", value: "", missing: "none" }], "typed");
  model.set([typed("b", "note", "x")], "typed");
  assert.deepEqual(model.progress(), { rows: 1, cells: 3, asked: 6 });
});

test("what is not asked is neither owed nor open, until something stands there", () => {
  const model = new SheetModel(payloadOf({ cells: { b: { women: { value: "1" } } } }));
  assert.deepEqual(model.setNotAsked("a", new Set(["women"])), ["women"]);
  assert.deepEqual(model.setNotAsked("a", new Set(["women"])), []);
  model.setNotAsked("b", new Set(["women"]));
  assert.deepEqual([model.isOpen("a", "women"), model.isOpen("b", "women")], [false, true]);
  model.set([typed("a", "men", "1")], "typed");
  assert.deepEqual(model.progress(), { rows: 1, cells: 1, asked: 4 });
});

test("what somebody else says of a cell is said until the cell holds it", () => {
  const said = [{ division: "a", element: "men", value: "80", missing: "", words: "村里填的是“80”，待核定" }];
  const model = new SheetModel(payloadOf({ said, cells: { a: { men: { value: "81" } } } }));
  assert.equal(model.saidOf("a", "men"), "村里填的是“80”，待核定");
  assert.equal(model.saidOf("b", "men"), "");
  model.set([{ division: "a", element: "men", value: "80", missing: "" }], "typed");
  assert.equal(model.saidOf("a", "men"), "");
});
