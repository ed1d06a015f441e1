/** The save state in words. Pure: what is so, into what is said. */

import { filledIn } from "../payload.js";

/**
 * @typedef {{
 *   waiting: number, conflicts: number, refused: number, isOnline: boolean, isSending: boolean, isStoring: boolean,
 *   hasDevice: boolean, failures: number, deliveredAt: string | null,
 * }} State
 */

/** In China's time, and the day when it is not today. @param {string} instant @param {Date} now */
export function clockTime(instant, now) {
  const at = new Date(instant);
  /** @type {Intl.DateTimeFormatOptions} */
  const zone = { timeZone: "Asia/Shanghai", hourCycle: "h23" };
  const day = new Intl.DateTimeFormat("zh-CN", { ...zone, month: "2-digit", day: "2-digit" });
  const time = new Intl.DateTimeFormat("zh-CN", { ...zone, hour: "2-digit", minute: "2-digit" }).format(at);
  return day.format(at) === day.format(now) ? time : `${day.format(at)} ${time}`;
}

/** @param {State} state @returns {"good" | "waiting" | "offline" | "trouble"} */
export function moodOf(state) {
  if (state.conflicts > 0 || state.refused > 0 || (!state.hasDevice && state.waiting > 0)) return "trouble";
  if (!state.isOnline) return "offline";
  return state.waiting > 0 || state.isStoring ? "waiting" : "good";
}

/** @param {State} state @param {Record<string, string>} texts @param {Date} now @returns {string} */
export function words(state, texts, now) {
  const parts = [filledIn(texts[sentenceOf(state)] ?? "", {
    count: state.waiting,
    at: state.deliveredAt ? clockTime(state.deliveredAt, now) : "",
  })];
  if (state.conflicts > 0) parts.push(filledIn(texts["conflicts"] ?? "", { count: state.conflicts }));
  if (state.refused > 0) parts.push(filledIn(texts["refused"] ?? "", { count: state.refused }));
  return parts.join(" · ");
}

/** @param {State} state @returns {string} the name of a text */
function sentenceOf(state) {
  const arrived = state.deliveredAt ? "delivered" : "nothing_typed";
  if (state.waiting === 0 && !state.isStoring) {
    if (!state.isOnline) return "offline_idle";
    return state.hasDevice || !state.deliveredAt ? arrived : "no_device_delivered";
  }
  if (!state.hasDevice) return "no_device";
  if (state.isStoring) return "storing";
  if (!state.isOnline) return "offline";
  if (state.failures > 0) return "retrying";
  return state.isSending ? "sending" : "on_device";
}
