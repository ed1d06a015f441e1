/** The form opens without a line where the browser allows it: on HTTPS and on this computer itself. */

/** @param {string} path of the form that is open */
export async function keepPage(path) {
  if (!("serviceWorker" in navigator)) return;
  try {
    const isFirst = !navigator.serviceWorker.controller;
    await navigator.serviceWorker.register("/worker.js");
    const { active } = await navigator.serviceWorker.ready;
    if (isFirst && active) active.postMessage({ path, files: filesOfPage() });
  } catch {
    // A browser that wants none: the page works as on plain HTTP.
  }
}

/** @returns {string[]} */
function filesOfPage() {
  const named = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], img[src]")];
  return named.map((one) => new URL(one.getAttribute("href") ?? one.getAttribute("src") ?? "", location.href).href);
}
