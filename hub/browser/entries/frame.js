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

document.addEventListener("submit", dropSecondPress);
watchSignOut();
