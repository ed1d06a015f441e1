/**
 * Signing out, on computers that several people use: what has arrived is taken off the device, the copies of pages with
 * it; what has not is never taken without being asked.
 */

import { filledIn } from "../payload.js";
import { Dialog } from "./dialog.js";
import { openDevice } from "./store.js";

const PAGES = "pages"; // entries/worker.js

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** On every page with somebody signed in. */
export function watchSignOut() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[action='/sign-out']"));
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void leave(form);
  });
}

/** @param {HTMLFormElement} form */
async function leave(form) {
  const user = form.dataset["user"] ?? "";
  try {
    const device = await openDevice();
    if (device) await settle(device, user, form);
    else form.submit();
  } catch {
    form.submit(); // a device that cannot be read holds nobody back
  }
}

/** @param {import("./store.js").Device} device @param {string} user @param {HTMLFormElement} form */
async function settle(device, user, form) {
  const { cells, notes } = await device.unsent(user);
  const wipe = async () => {
    document.dispatchEvent(new CustomEvent("wiping")); // nothing more is kept or sent from this page
    await device.wipe(user);
    await forgetPages();
    form.submit();
  };
  if (cells + notes === 0) return wipe();
  const dialog = new Dialog(byId("leaving"), { onEscape: () => dialog.close() });
  const text = byId("leaving-text");
  text.textContent = filledIn(text.dataset["text"] ?? "", { count: cells + notes });
  byId("leaving-stay").onclick = () => dialog.close();
  byId("leaving-wipe").onclick = () => void wipe();
  byId("leaving-keep").onclick = async () => {
    await device.tidy(user);
    await forgetPages();
    form.submit();
  };
  return dialog.open(byId("leaving-stay"));
}

/** A page that a device keeps would show without a password what is on it. */
async function forgetPages() {
  if ("caches" in window) await caches.delete(PAGES);
}
