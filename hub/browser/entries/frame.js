// What every page does in the browser.

import { watchSignOut } from "../sheet/keeping/leaving.js";

/**
 * A button pressed twice sends once: the second press within a moment is dropped.
 * @param {SubmitEvent} event
 */
function dropSecondPress(event) {
  if (event.defaultPrevented) return;
  const form = /** @type {HTMLFormElement} */ (event.target);
  const now = Date.now();
  if (now - Number(form.dataset["sentAt"] || 0) < 2000) {
    event.preventDefault();
    return;
  }
  // A page that comes back from the browser's memory sends again at once; a download leaves the page as it is.
  form.dataset["sentAt"] = String(now);
}

/**
 * A file that is let go of beside its field would take the place of the page and of what is typed there: it goes into
 * the page's field, when there is one.
 * @param {DragEvent} event
 */
function catchFile(event) {
  const target = /** @type {Element} */ (event.target);
  const given = event.dataTransfer;
  if (!given || !Array.from(given.types).includes("Files") || target.closest("input[type=file]")) return;
  event.preventDefault();
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[type=file]"));
  const field = fields.length === 1 ? fields[0] : undefined;
  given.dropEffect = field ? "copy" : "none";
  if (event.type !== "drop" || !field || given.files.length !== 1) return;
  field.files = given.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const details = field.closest("details");
  if (details) details.open = true;
  field.focus();
}

document.addEventListener("submit", dropSecondPress);
document.addEventListener("dragover", catchFile);
document.addEventListener("drop", catchFile);
watchSignOut();
