import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../../../hub/browser/sheet/keys.js";
import { Selection } from "../../../hub/browser/sheet/selection.js";

const place = (section, row, column) => ({ section, row, column });
const key = (name, options = {}) => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...options });

test("the arrows pass from one section to the next, and stop at the edges", () => {
  const selection = new Selection(2, [3, 2]);
  selection.go(place(0, 1, 2));
  assert.deepEqual(selection.beside("down"), place(1, 0, 1));
  assert.deepEqual(selection.beside("right"), place(0, 1, 2));
  selection.go(place(1, 0, 0));
  assert.deepEqual(selection.beside("up"), place(0, 1, 0));
});

test("Ctrl and an arrow go to the end of the filled cells, or over the empty ones", () => {
  const filled = new Set([0, 1, 2, 5]);
  const selection = new Selection(8, [1]);
  const isFilled = ({ row }) => filled.has(row);
  const rows = [0, 2, 5].map((row) => {
    selection.go(place(0, row, 0));
    return selection.edge("down", isFilled).row;
  });
  assert.deepEqual(rows, [2, 5, 7]);
});

test("Tab follows the reading order over rows and sections and ends", () => {
  const selection = new Selection(1, [2, 1]);
  assert.deepEqual(selection.following(1), place(0, 0, 1));
  selection.go(place(0, 0, 1));
  assert.deepEqual(selection.following(1), place(1, 0, 0));
  selection.go(place(1, 0, 0));
  assert.equal(selection.following(1), null);
  assert.deepEqual(selection.following(-1), place(0, 0, 1));
});

test("a selection grows from where it began, within its section", () => {
  const selection = new Selection(3, [3, 3]);
  selection.go(place(0, 2, 2));
  selection.extend(place(1, 0, 1));
  assert.deepEqual(selection.block(), { section: 0, top: 0, bottom: 2, left: 1, right: 2 });
});

test("arrows leave a cell that is typed over, and move within one that is edited", () => {
  assert.deepEqual(commandOf(key("ArrowLeft"), "typing"), { name: "commit", way: "left" });
  assert.equal(commandOf(key("ArrowLeft"), "editing"), null);
  assert.equal(commandOf(key("Home"), "editing"), null);
  assert.deepEqual(commandOf(key("Home"), "ready"), { name: "row-start" });
});

test("letters are the text's own, whatever the mode", () => {
  for (const mode of ["ready", "typing", "editing"]) assert.equal(commandOf(key("z"), mode), null);
  assert.equal(commandOf(key("z", { ctrlKey: true }), "editing"), null);
  assert.deepEqual(commandOf(key("z", { ctrlKey: true }), "ready"), { name: "undo" });
  assert.deepEqual(commandOf(key("Z", { ctrlKey: true, shiftKey: true }), "ready"), { name: "redo" });
  assert.deepEqual(commandOf(key("ArrowDown", { shiftKey: true, ctrlKey: true }), "ready"), { name: "edge", way: "down", extend: true });
  assert.deepEqual(commandOf(key("End", { shiftKey: true }), "ready"), { name: "row-end", extend: true });
});
