/**
 * Asking the hub, over a line that may be cut at any moment. Every answer has a status; a line that fails has none.
 *
 * @typedef {{status: number, content: any, retryAfter: number}} Reply `status` 0: no answer came
 */

const PATIENCE = 20_000;
const LONGEST = 60_000;

/**
 * @param {string} path
 * @param {{method?: string, body?: any, headers?: Record<string, string>, isLast?: boolean}} [options]
 *   `isLast`: the page is being left; the browser sends it all the same when it is small
 * @returns {Promise<Reply>}
 */
export async function ask(path, { method = "GET", body, headers = {}, isLast = false } = {}) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), PATIENCE);
  try {
    const response = await fetch(path, {
      method,
      headers: {
        Accept: "application/json",
        "Accept-Language": document.documentElement.lang,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      keepalive: isLast,
      signal: control.signal,
    });
    return { status: response.status, content: await readContent(response), retryAfter: waitOf(response) };
  } catch {
    return { status: 0, content: null, retryAfter: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/** An answer that is no JSON comes from something between us and the hub. @param {Response} response */
async function readContent(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const text = await response.text();
  return isJson ? JSON.parse(text) : null;
}

/** In milliseconds. @param {Response} response */
function waitOf(response) {
  return Math.min(LONGEST, 1000 * (Number(response.headers.get("Retry-After")) || 0));
}

/** Whether it is worth sending the same again. @param {Reply} reply */
export function mayPass(reply) {
  const isGateway = reply.content === null && reply.status >= 400;
  return reply.status === 0 || reply.status === 408 || reply.status === 429 || reply.status >= 500 || isGateway;
}

/**
 * How long to wait after so many failures: twice as long each time, and never all pages at the same moment.
 * @param {number} failures @param {number} random between 0 and 1
 */
export function backoff(failures, random) {
  const longest = Math.min(LONGEST, 1000 * 2 ** Math.max(0, failures - 1));
  return Math.round(longest * (0.5 + random / 2));
}

/** A name that nobody else will make; `crypto.randomUUID` exists on secure origins only. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
