/**
 * What the page brings along (hub/capture/grid_page.py): one JSON block, read once.
 *
 * @typedef {{
 *   identifier: string, label: string, unit: string, datatype: string, kind: "input" | "choice" | "readonly",
 *   choices: {value: string, label: string}[], note: string, definition: string, basis: string,
 *   is_required: boolean, is_counted: boolean, input_mode: string,
 * }} Column
 * @typedef {{index: number, title: string, columns: Column[]}} Section
 * @typedef {{value?: string, missing?: string, previous?: string, shown?: string}} HeldCell
 *   `shown`: the text of a derived or supplied cell
 * @typedef {{
 *   collection: string, form: string, form_name: string, period: string, township: string, user: string,
 *   csrf: string, etag: string, state: string, saved_at: string | null, is_typed: boolean,
 *   is_read_only: boolean, is_correction: boolean,
 *   rows: {division: string, name: string}[],
 *   sections: Section[],
 *   cells: Record<string, Record<string, HeldCell>>,
 *   open_cells: [string, string][] | null,
 *   returned: {division: string, element: string, reason: string}[],
 *   said: {division: string, element: string, value: string, missing: string, words: string}[],
 *   missing_kinds: {value: string, label: string}[],
 *   rules: any, held: Record<string, Record<string, string>>,
 *   texts: Record<string, string>, keeping: Keeping,
 * }} Payload
 * @typedef {{
 *   submission: string | null, door: string, saved_at: string | null, now: string,
 *   explanations: import("./keeping/explaining.js").Explanations, texts: Record<string, string>,
 * }} Keeping what hub/capture/keeping_page.py tells: `now` by the server's clock
 */

/** @returns {Payload} */
export function readPayload() {
  return JSON.parse(/** @type {HTMLElement} */ (document.getElementById("sheet-data")).textContent ?? "");
}

/**
 * A sentence of the server's with its blanks filled.
 * @param {string} template
 * @param {Record<string, string | number>} blanks
 */
export function filledIn(template, blanks) {
  return template.replace(/\{(\w+)\}/g, (blank, name) => String(blanks[name] ?? blank));
}
