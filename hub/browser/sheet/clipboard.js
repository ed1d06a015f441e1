/**
 * Tables as Excel, WPS and LibreOffice put them on the clipboard, exactly: no digit, quote or line is touched.
 *
 * `text/plain` is what counts: tabs between cells, CRLF between rows, a cell with a tab, a line break or quotes in
 * quotes. It is ambiguous where a cell's own text begins and ends with quotes, so the shape of `text/html`, which the
 * same programs put beside it, decides where the two differ.
 */

/**
 * @param {string} plain
 * @param {string[][] | null} table  the cells of the HTML beside it
 * @returns {string[][]}
 */
export function readClipboard(plain, table) {
  if (!plain) return table ?? [];
  const read = parse(plain);
  if (!table || table.length === 0) return read.map((row) => row.map((cell) => cell.text));
  if (!sameShape(read, table)) return table;
  return read.map((row, y) => row.map((cell, x) => (isItsOwn(cell, table[y]?.[x] ?? "") ? cell.raw : cell.text)));
}

/**
 * @typedef {{text: string, raw: string}} Parsed  `raw`: with the quotes it came in
 * @param {string} plain
 * @returns {Parsed[][]}
 */
function parse(plain) {
  const text = plain.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  /** @type {Parsed[][]} */
  const rows = [[]];
  let at = 0;
  for (;;) {
    const cell = quoted(text, at) ?? bare(text, at);
    const row = /** @type {Parsed[]} */ (rows[rows.length - 1]);
    row.push(cell);
    at += cell.raw.length;
    if (at >= text.length) return rows;
    if (text[at] === "\n") rows.push([]);
    at += 1;
  }
}

/** A cell in quotes that end where a cell can end; anything else only begins with one. @param {string} text @param {number} at */
function quoted(text, at) {
  if (text[at] !== '"') return null;
  const found = /^"((?:[^"]|"")*)"(?=[\t\n]|$)/.exec(text.slice(at));
  return found && { text: /** @type {string} */ (found[1]).replace(/""/g, '"'), raw: found[0] };
}

/** @param {string} text @param {number} at */
function bare(text, at) {
  const found = /[\t\n]/.exec(text.slice(at));
  const raw = found ? text.slice(at, at + found.index) : text.slice(at);
  return { text: raw, raw };
}

/** @param {Parsed[][]} read @param {string[][]} table */
function sameShape(read, table) {
  return read.length === table.length && read.every((row, y) => row.length === table[y]?.length);
}

/** Quotes that belong to the cell: the HTML shows them too. @param {Parsed} cell @param {string} shown */
function isItsOwn(cell, shown) {
  return cell.raw !== cell.text && !/[\t\n]/.test(cell.text) && squeezed(shown) === squeezed(cell.raw);
}

/** @param {string} text */
function squeezed(text) {
  return text.replace(/\s+/g, " ").trim();
}

/**
 * The cells of the first table in a piece of HTML; merged cells leave empty ones, as they do in the plain text.
 * @param {Document} page
 * @returns {string[][] | null}
 */
export function readTable(page) {
  const table = page.querySelector("table");
  if (!table) return null;
  /** @type {string[][]} */
  const rows = Array.from(table.rows, () => []);
  Array.from(table.rows).forEach((row, y) => {
    let x = 0;
    for (const cell of Array.from(row.cells)) {
      while (rows[y]?.[x] !== undefined) x += 1;
      for (let down = 0; down < cell.rowSpan; down += 1) {
        for (let right = 0; right < cell.colSpan; right += 1) {
          const target = rows[y + down];
          if (target) target[x + right] = down + right === 0 ? textOf(cell) : "";
        }
      }
    }
  });
  return rows;
}

/** Only the cells' texts are wanted; the page's policy refuses styles, and would say so for each. @param {string} html */
export function unstyled(html) {
  const bare = html.replace(/<style[\s\S]*?<\/style>/gi, "");
  return bare.replace(/<[^>]*>/g, (tag) => tag.replace(/\sstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, ""));
}

/** @param {Element} cell */
function textOf(cell) {
  const lines = cell.cloneNode(true);
  for (const line of Array.from(/** @type {Element} */ (lines).querySelectorAll("br"))) line.replaceWith("\uE000");
  return squeezed(lines.textContent ?? "").replace(/ ?\uE000 ?/g, "\n");
}

/** @param {string[][]} rows  as Excel writes them */
export function writePlain(rows) {
  const quote = (/** @type {string} */ text) => (/[\t\n\r"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  return rows.map((row) => row.map(quote).join("\t")).join("\r\n") + "\r\n";
}

/** @param {string[][]} rows  `mso-number-format` keeps 0012 and long numbers texts in Excel */
export function writeHtml(rows) {
  const marks = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>" });
  const cell = (/** @type {string} */ text) =>
    `<td style="mso-number-format:'\\@'">${text.replace(/[&<>\n]/g, (mark) => marks[mark] ?? mark)}</td>`;
  return `<table>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</table>`;
}
