// The service worker: on secure origins the form opens without a line, from what the device kept of it.
//
// A page is kept only when the hub marked it (the form, for the person it was drawn for); everything else goes to the
// hub as if there were no worker. What is kept of a person goes when they sign out (entries/frame.js).

/** @type {any} the worker's own globe, which the page's types do not know */
const worker = self;

const PAGES = "pages";
const FILES = "files";
const MARK = "X-Keep-Offline";
const FORM = /^\/collections\/[0-9a-f-]{36}$/;
/** Longer than this and the line counts as cut. */
const PATIENCE = 8000;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { pathname, origin } = new URL(request.url);
  if (request.method !== "GET" || origin !== worker.location.origin) return;
  if (pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && FORM.test(pathname)) event.respondWith(form(request, pathname));
});

// The first page was there before its worker: it asks to be kept, with the files it is made of.
worker.addEventListener("message", (/** @type {any} */ event) => {
  const { path, files } = event.data;
  if (FORM.test(path)) event.waitUntil(Promise.all([fetchForm(path), ...files.map((/** @type {string} */ one) => file(new Request(one)))]));
});

/** Its address holds a hash of its content: what is kept is never old. @param {Request} request */
async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).search) await store(FILES, request.url, answer.clone());
  return answer;
}

/** From the hub while it answers; else as it was when it last did. @param {Request} request @param {string} path */
async function form(request, path) {
  const asked = fetch(request);
  try {
    const answer = await inTime(asked);
    if (answer.status < 502 || answer.status > 504) {
      if (isToKeep(answer)) await store(PAGES, path, answer.clone());
      return answer;
    }
    return (await caches.match(path, { ignoreVary: true })) ?? answer;
  } catch {
    const kept = await caches.match(path, { ignoreVary: true });
    return kept ?? asked; // slow is better than nothing
  }
}

/** @param {string} path */
async function fetchForm(path) {
  const answer = await fetch(path, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (isToKeep(answer)) await store(PAGES, path, answer);
}

/** @param {Response} answer */
function isToKeep(answer) {
  return answer.ok && !answer.redirected && answer.headers.has(MARK);
}

/** A full device keeps nothing more, and the page goes on. @param {string} name @param {string} key @param {Response} answer */
async function store(name, key, answer) {
  try {
    const cache = await caches.open(name);
    await cache.put(key, answer);
    if (name === FILES) await dropOlder(cache, new URL(key));
  } catch {
    await caches.delete(name);
  }
}

/** A file's earlier versions. @param {Cache} cache @param {URL} newest */
async function dropOlder(cache, newest) {
  for (const { url } of await cache.keys()) {
    if (new URL(url).pathname === newest.pathname && url !== newest.href) await cache.delete(url, { ignoreVary: true });
  }
}

/** @param {Promise<Response>} asked @returns {Promise<Response>} */
function inTime(asked) {
  return Promise.race([
    asked,
    new Promise((_resolve, reject) => setTimeout(() => reject(new Error("too slow")), PATIENCE)),
  ]);
}

export {};
