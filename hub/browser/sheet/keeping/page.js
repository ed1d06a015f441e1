/** What happens to a page while somebody works on it, and what the hub has computed for it. */

/**
 * `woken`: the line or the person is back. `cut`: the line is gone. `left`: another tab, another program, or the end.
 * `wiped`: whoever signs out takes everything off this device.
 * @param {{woken: () => void, cut: () => void, left: () => void, wiped: () => void}} told
 */
export function watchPage({ woken, cut, left, wiped }) {
  addEventListener("online", woken);
  addEventListener("offline", cut);
  addEventListener("focus", woken);
  document.addEventListener("wiping", wiped);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") woken();
    else left();
  });
}

/**
 * The page computes as well; this is the word that counts.
 * @param {import("../model.js").SheetModel} model
 * @param {Record<string, Record<string, string>>} derived texts by division and element
 */
export function showDerived(model, derived) {
  for (const [division, texts] of Object.entries(derived)) {
    const computed = model.columns.filter((column) => column.identifier in texts);
    model.setDerived(division, computed.map((column) => [column.identifier, texts[column.identifier] ?? ""]));
  }
}
