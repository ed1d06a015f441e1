// What becomes of cells on their way, in every order in which it can happen.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Explaining } from "../../../hub/browser/sheet/keeping/explaining.js";
import { Queue } from "../../../hub/browser/sheet/keeping/queue.js";
import { backoff, mayPass } from "../../../hub/browser/sheet/keeping/wire.js";
import { moodOf, words } from "../../../hub/browser/sheet/keeping/words.js";

const TABS = { now: 1000, patience: 15000, open: new Set() };
const NOTHING = { saved_at: "2026-11-22T02:00:00Z", applied: [], conflicts: [], refused: [], others: [], is_whole: false };
const PLACE = { division: "a", element: "x" };

function queueOf(cells = {}, submission = null, now = "2026-11-22T01:00:00Z") {
  return new Queue({ cells, submission, owner: "this", now });
}

let stamps = 0;
function type(queue, value, place = PLACE) {
  stamps += 1;
  return queue.note([{ ...place, value, missing: "" }], { stamp: String(stamps), at: stamps })[0];
}

function answer(more) {
  return { ...NOTHING, ...more };
}

const APPLIED = { applied: [["a", "x"]] };

function conflict(value) {
  return { conflicts: [{ ...PLACE, theirs: { value, missing: "" }, saved_by: "王芳", saved_at: "2026-11-22T02:00:00Z" }] };
}

function other(value) {
  return { others: [{ ...PLACE, value, missing: "", saved_by: "王芳", saved_at: "2026-11-22T02:00:00Z" }] };
}

test("a cell says what it was typed over, however often it is typed", () => {
  const queue = queueOf({ a: { x: { value: "1" } } });
  type(queue, "2");
  type(queue, "23");
  const [sent] = queue.batch(9, TABS);
  assert.deepEqual([sent.value, sent.was], ["23", { value: "1", missing: "" }]);
});

test("what arrived is settled; what was typed over it meanwhile is not", () => {
  const queue = queueOf();
  type(queue, "2");
  const first = queue.batch(9, TABS);
  type(queue, "23");
  queue.settle(first, answer(APPLIED));
  const [second] = queue.batch(9, TABS);
  assert.deepEqual([second.value, second.was.value], ["23", "2"]);
  queue.settle([second], answer(APPLIED));
  assert.deepEqual([queue.inState("waiting").length, queue.inState("sent")[0].value], [0, "23"]);
});

test("our own earlier typing, of whose arrival we never heard, is no conflict", () => {
  const queue = queueOf();
  type(queue, "2");
  queue.batch(9, TABS); // written, and its answer lost
  type(queue, "23");
  const batch = queue.batch(9, TABS);
  queue.settle(batch, answer(conflict("2")));
  const [again] = queue.batch(9, TABS);
  assert.deepEqual([again.state, again.was.value], ["waiting", "2"]);
});

test("somebody else's value is a conflict, and stays one while typing goes on", () => {
  const queue = queueOf();
  type(queue, "5");
  queue.settle(queue.batch(9, TABS), answer(conflict("6")));
  assert.equal(queue.inState("conflict")[0].theirs.saved_by, "王芳");
  type(queue, "57");
  assert.deepEqual([queue.inState("conflict")[0].value, queue.batch(9, TABS)], ["57", []]);
});

test("decided for one's own, it is sent over theirs; for theirs, it is gone", () => {
  for (const chosen of ["mine", "theirs"]) {
    const queue = queueOf();
    type(queue, "5");
    queue.settle(queue.batch(9, TABS), answer(conflict("6")));
    const outcome = queue.choose(PLACE, chosen, { stamp: "s", at: 9 });
    const batch = queue.batch(9, TABS).map(({ value, was }) => [value, was.value]);
    assert.deepEqual(batch, chosen === "mine" ? [["5", "6"]] : []);
    assert.deepEqual(outcome.incoming.map((one) => one.value), chosen === "mine" ? [] : ["6"]);
  }
});

test("others' cells come in, but never over what waits here", () => {
  const queue = queueOf();
  assert.equal(queue.settle([], answer(other("6"))).incoming.length, 1);
  const second = queueOf();
  type(second, "5");
  assert.deepEqual(second.settle([], answer(other("6"))).incoming, []);
  assert.deepEqual(second.batch(9, TABS)[0].was, { value: "", missing: "" }, "the hub is to see that it is a conflict");
});

test("told everything, what is not named is empty", () => {
  const queue = queueOf({ a: { x: { value: "1" }, y: { value: "2" } } });
  const { incoming } = queue.settle([], answer({ is_whole: true, ...other("1") }));
  assert.deepEqual(incoming.map(({ element, value }) => [element, value]), [["y", ""]]);
});

test("a refused cell waits until it is typed anew", () => {
  const queue = queueOf();
  type(queue, "long");
  queue.settle(queue.batch(9, TABS), answer({ refused: [{ ...PLACE, code: "", message: "太长" }] }));
  assert.deepEqual([queue.inState("refused")[0].message, queue.batch(9, TABS)], ["太长", []]);
  type(queue, "ok");
  assert.equal(queue.batch(9, TABS).length, 1);
});

test("another tab that is open sends its own", () => {
  const queue = queueOf();
  queue.adopt([{ ...type(queueOf(), "5"), owner: "that", at: 900 }]);
  assert.deepEqual(queue.batch(9, { ...TABS, open: new Set(["that"]) }), []);
  assert.equal(queue.batch(9, TABS).length, 1, "it was closed");
  assert.equal(queue.batch(9, { now: 99999, patience: 15000, open: new Set(["that"]) }).length, 1, "it takes too long");
});

test("of two tabs' typing the later one counts", () => {
  const queue = queueOf();
  const own = type(queue, "5");
  assert.deepEqual(queue.adopt([{ ...own, value: "4", at: own.at - 1 }]), []);
  assert.equal(queue.adopt([{ ...own, value: "6", at: own.at + 1 }]).length, 1);
});

test("a reload shows what waits, and on a page that the device had kept what was sent since", () => {
  const waiting = type(queueOf(), "5");
  const sent = { ...waiting, element: "y", state: "sent", saved_at: "2026-11-22T02:00:00Z" };
  const late = queueOf({}, null, "2026-11-22T03:00:00Z").restore([{ ...waiting }, { ...sent }]);
  assert.deepEqual([late.restored.length, late.shown.length, late.gone.length], [1, 0, 1]);
  const early = queueOf({}, null, "2026-11-22T01:00:00Z").restore([{ ...waiting }, { ...sent }]);
  assert.deepEqual([early.restored.length, early.shown.length, early.gone.length], [1, 1, 0]);
});

test("what is typed while the device is asked what it kept counts more than what it kept", () => {
  const kept = type(queueOf(), "5");
  kept.tried = [{ value: "5", missing: "" }];
  const queue = queueOf();
  type(queue, "6");
  assert.equal(queue.restore([{ ...kept }]).restored.length, 0);
  assert.deepEqual(queue.batch(9, TABS)[0].value, "6");
  queue.settle(queue.batch(9, TABS), answer(conflict("5")));
  assert.equal(queue.inState("conflict").length, 0, "the earlier typing had arrived");
});

test("what was typed before a submission is asked about, and what the hub holds already is not", () => {
  const waiting = type(queueOf(), "5");
  assert.equal(queueOf({}, "433124-1").restore([{ ...waiting }]).leftover.length, 1);
  const found = queueOf({ a: { x: { value: "5" } } }, "433124-1").restore([{ ...waiting }]);
  assert.deepEqual([found.leftover.length, found.gone.length], [0, 1]);
});

test("whatever happens in whatever order, what a person typed last is on the hub, waits, or is a conflict", () => {
  let seed = 7;
  const random = (most) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * most);
  };
  for (let run = 0; run < 300; run += 1) {
    const queue = queueOf();
    let hub = "";
    let typed = "";
    let flight = null;
    for (let step = 0; step < 30; step += 1) {
      const what = random(6);
      if (what === 0) type(queue, (typed = String(random(5))));
      else if (what === 1) hub = String(5 + random(3)); // a colleague
      else if (what === 2 || !flight) flight = queue.batch(9, TABS)[0] ?? null;
      else {
        // The hub's rule (hub/capture/cells.py); now and then its answer is lost.
        const isSame = hub === flight.value;
        const isFree = hub === flight.was.value;
        const before = hub;
        if (isFree) hub = flight.value;
        if (what < 5) queue.settle([flight], answer(isSame || isFree ? APPLIED : conflict(before)));
        flight = null;
      }
      const unsettled = [...queue.records.values()].filter((one) => one.state !== "sent");
      const isThere = unsettled.length === 0 || unsettled[0].value === typed;
      assert.ok(isThere, "what waits is what was typed last");
      if (unsettled.length === 0 && typed !== "") assert.ok(queue.held(PLACE).value !== undefined);
    }
  }
});

test("waiting grows, up to a minute, and is never the same for all", () => {
  assert.deepEqual([1, 2, 3, 9].map((failures) => backoff(failures, 1)), [1000, 2000, 4000, 60000]);
  assert.deepEqual([backoff(3, 0), backoff(3, 0.5)], [2000, 3000]);
});

test("what may pass is sent again; what was judged is not", () => {
  const reply = (status, content = {}) => ({ status, content, retryAfter: 0 });
  assert.deepEqual([0, 408, 429, 500, 503, 507].map((status) => mayPass(reply(status))), [true, true, true, true, true, true]);
  assert.deepEqual([401, 403, 404, 409, 422].map((status) => mayPass(reply(status))), [false, false, false, false, false]);
  assert.equal(mayPass(reply(404, null)), true, "not the hub's words: something stands between");
});

test("reasons arrive, and what was typed over them since does not get lost", () => {
  const explaining = new Explaining({ reasons: [], reason: "" });
  const reason = { code: "r", division: "a", element: "x", rule: "r" };
  explaining.explain({ ...reason, reason: "one" });
  const sent = explaining.waiting();
  explaining.explain({ ...reason, reason: "two" });
  explaining.arrived(sent);
  assert.deepEqual([explaining.isSaid, explaining.all.reasons[0].reason], [false, "two"]);
});

test("the state in words", () => {
  const state = {
    waiting: 0, conflicts: 0, refused: 0, isOnline: true, isSending: false, isStoring: false, hasDevice: true,
    failures: 0, deliveredAt: "2026-11-22T02:05:00Z",
  };
  const names = ["nothing_typed", "delivered", "on_device", "sending", "offline", "offline_idle", "retrying", "storing", "no_device", "no_device_delivered"];
  const texts = { ...Object.fromEntries(names.map((name) => [name, `${name} {count}{at}`])), conflicts: "conflicts {count}", refused: "refused {count}" };
  const now = new Date("2026-11-22T08:00:00Z");
  const said = (more) => words({ ...state, ...more }, texts, now).split(" ")[0];
  assert.equal(words(state, texts, now), "delivered 010:05");
  assert.equal(said({ deliveredAt: null }), "nothing_typed");
  assert.equal(said({ waiting: 2 }), "on_device");
  assert.equal(said({ waiting: 2, isSending: true }), "sending");
  assert.equal(said({ waiting: 2, failures: 1 }), "retrying");
  assert.equal(said({ waiting: 2, isOnline: false }), "offline");
  assert.equal(said({ isStoring: true }), "storing");
  assert.equal(said({ waiting: 2, hasDevice: false }), "no_device");
  assert.equal(words({ ...state, conflicts: 2 }, texts, now).endsWith("conflicts 2"), true);
  assert.deepEqual([moodOf(state), moodOf({ ...state, waiting: 1 }), moodOf({ ...state, isOnline: false }), moodOf({ ...state, refused: 1 })], ["good", "waiting", "offline", "trouble"]);
});
