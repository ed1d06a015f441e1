/**
 * Which key does what: Excel's keys, because they are in everybody's fingers. Pure.
 *
 * Three modes: "ready", a cell is selected and its text too, so that typing replaces it; "typing", something was typed
 * over it and the arrows still leave the cell; "editing" (F2, double click), the arrows move within the text.
 * Letters that a browser takes for itself (Alt+D, Alt+E, Alt+F, digits) are not used.
 *
 * @typedef {"ready" | "typing" | "editing"} Mode
 * @typedef {{name: string, way?: import("./selection.js").Way, extend?: boolean}} Command
 */

/** @type {Record<string, import("./selection.js").Way>} */
const ARROWS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

/** @type {Record<string, string>} */
const ALWAYS = { F1: "help-cell", F8: "next-finding", "Shift+F8": "previous-finding", F6: "leave", "Shift+F6": "leave-up", Escape: "cancel" };

/** @type {Record<string, string>} */
const READY = {
  F2: "edit",
  F4: "list",
  Delete: "clear",
  Backspace: "clear-and-edit",
  Home: "row-start",
  End: "row-end",
  "Ctrl+Home": "first",
  "Ctrl+End": "last",
  PageDown: "page-down",
  PageUp: "page-up",
  "Ctrl+a": "all",
  "Ctrl+d": "fill-down",
  "Ctrl+z": "undo",
  "Ctrl+y": "redo",
  "Ctrl+Shift+z": "redo",
  "Alt+n": "not-applicable",
  "Alt+k": "not-yet-known",
  "Alt+m": "missing",
  "Alt+l": "carry",
  "Alt+h": "help-keys",
  "Alt+ArrowDown": "list",
};

/**
 * @param {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event
 * @param {Mode} mode
 * @returns {Command | null} null: the key is the text's own
 */
export function commandOf(event, mode) {
  const name = nameOf(event);
  const always = ALWAYS[name];
  if (always) return { name: always };
  if (name === "Enter") return { name: "commit", way: "down" };
  if (name === "Shift+Enter") return { name: "commit", way: "up" };
  if (name === "Tab") return { name: "next" };
  if (name === "Shift+Tab") return { name: "previous" };
  if (mode !== "ready" && name === "Alt+Enter") return { name: "new-line" };
  const way = ARROWS[event.key];
  if (way && mode !== "ready") return mode === "typing" && name === event.key ? { name: "commit", way } : null;
  if (way && !event.altKey) return { name: isControl(event) ? "edge" : "move", way, extend: event.shiftKey };
  if (mode !== "ready") return null;
  const plain = READY[name];
  if (plain) return { name: plain };
  const extended = READY[name.replace("Shift+", "")];
  return extended && /^(row|first|last|page)/.test(extended) ? { name: extended, extend: true } : null;
}

/** @param {{ctrlKey: boolean, metaKey: boolean}} event */
function isControl(event) {
  return event.ctrlKey || event.metaKey;
}

/** @param {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} event */
function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${isControl(event) ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${key}`;
}
