/** What people see of keeping and sending: the words in the bar, notices, conflicts with both values, what waits. */

import { filledIn } from "../payload.js";
import { Dialog } from "./dialog.js";
import { Notices, button } from "./notices.js";
import { clockTime, moodOf, words } from "./words.js";

/**
 * @typedef {import("./keeper.js").Keeper} Keeper
 * @typedef {import("./queue.js").CellRecord} CellRecord
 * @typedef {import("./queue.js").Content} Content
 */

const MOST_LISTED = 50;
/** Typing is faster than anybody reads. */
const CALM = 250;
/** For good news; what wants something of somebody stays. */
const LONG_ENOUGH = 20_000;

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

export class KeepingView {
  /**
   * @param {Keeper} keeper @param {import("../payload.js").Payload} payload
   * @param {(division: string, element: string) => void} goToCell
   */
  constructor(keeper, payload, goToCell) {
    this.keeper = keeper;
    this.goToCell = goToCell;
    this.payload = payload;
    this.texts = payload.keeping.texts;
    this.state = byId("bar-state");
    this.details = byId("keeping-details");
    this.notices = new Notices(byId("keeping-notices"), byId("keeping-voice"));
    this.pending = new Dialog(byId("keeping-pending"), { onEscape: () => this.pending.close() });
    this.names = new Map(payload.rows.map((row) => [row.division, row.name]));
    this.timer = 0;
    this.mergedTimer = 0;
    this.isStoring = false;
    this.mood = "";
    keeper.addEventListener("state", () => this.#soon());
    keeper.addEventListener("stop", () => this.#showStop());
    keeper.addEventListener("merged", (event) => this.#showMerged(/** @type {CustomEvent} */ (event).detail));
    keeper.tabs.addEventListener("number", () => this.#showTabs());
    addEventListener("online", () => this.#soon());
    addEventListener("offline", () => this.#soon());
    this.details.addEventListener("click", () => this.#list());
    byId("keeping-pending-close").addEventListener("click", () => this.pending.close());
  }

  /** @param {string} name @param {Record<string, string | number>} [blanks] */
  text(name, blanks = {}) {
    return filledIn(this.texts[name] ?? name, blanks);
  }

  begin() {
    if (!this.keeper.device) this.notices.show("device", "trouble", [this.text("unavailable")]);
    if (this.keeper.restored > 0) {
      this.notices.show("restored", "notice", [this.text("restored", { count: this.keeper.restored })]);
    }
    byId("draft-state").hidden = true; // as the page was drawn; from here on the bar says it
    this.#showLeftover();
    this.#draw();
  }

  /** That something is not yet kept is said at once; that it is may come a moment later. */
  #soon() {
    if (this.keeper.storing > 0 && !this.isStoring) this.#draw();
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.#draw();
    }, CALM);
  }

  #draw() {
    const { keeper } = this;
    this.isStoring = keeper.storing > 0;
    const conflicts = keeper.queue.inState("conflict");
    const refused = keeper.queue.inState("refused");
    const state = {
      waiting: keeper.queue.inState("waiting").length + (keeper.explaining.isSaid ? 0 : 1),
      conflicts: conflicts.length,
      refused: refused.length,
      isOnline: navigator.onLine !== false,
      isSending: keeper.isSending,
      isStoring: keeper.storing > 0 || (keeper.isOpening && !keeper.isDelivered),
      hasDevice: keeper.isOpening || keeper.device !== null,
      failures: keeper.failures,
      deliveredAt: keeper.deliveredAt,
    };
    this.state.textContent = words(state, this.texts, new Date());
    this.#showMood(moodOf(state));
    this.details.hidden = state.waiting + state.conflicts + state.refused === 0;
    if (!keeper.isOpening && !keeper.device) this.notices.show("device", "trouble", [this.text("unavailable")]);
    if (keeper.problem && state.waiting > 0) this.notices.show("problem", "trouble", [keeper.problem]);
    else this.notices.drop("problem");
    this.#showConflicts(conflicts);
    this.#showRefused(refused);
  }

  /** A screen reader hears of the line going and coming back, not of each cell. @param {string} mood */
  #showMood(mood) {
    const before = this.mood;
    this.mood = mood;
    this.state.dataset["mood"] = mood;
    if (mood !== before && (mood === "offline" || before === "offline")) this.notices.say(this.state.textContent ?? "");
  }

  /** @param {CellRecord} record */
  #placeOf(record) {
    const column = this.keeper.model.byIdentifier.get(record.element);
    const row = this.names.get(record.division) ?? record.division;
    return this.text("conflict_place", { row, column: column?.label ?? record.element });
  }

  /** @param {CellRecord} record @param {Content} content */
  #read(record, { value, missing }) {
    const choices = this.keeper.model.byIdentifier.get(record.element)?.choices ?? [];
    const reason = this.payload.missing_kinds.find((one) => one.value === missing)?.label ?? missing;
    const shown = choices.find((one) => one.value === value)?.label ?? value;
    return [shown, reason].filter((part) => part !== "").join(" ") || this.text("empty");
  }

  /** @param {CellRecord[]} conflicts */
  #showConflicts(conflicts) {
    if (conflicts.length === 0) return this.notices.drop("conflicts");
    const list = document.createElement("ul");
    list.className = "keeping-conflicts";
    list.append(...conflicts.slice(0, MOST_LISTED).map((one) => this.#conflict(one)));
    const title = this.text("conflict_title", { count: conflicts.length });
    return this.notices.show("conflicts", "trouble", [title, list]);
  }

  /** @param {CellRecord} record */
  #conflict(record) {
    const line = document.createElement("li");
    const theirs = /** @type {import("./queue.js").Theirs} */ (record.theirs);
    const place = this.#placeOf(record);
    const name = document.createElement("button");
    name.type = "button";
    name.className = "link";
    name.textContent = place;
    name.addEventListener("click", () => this.goToCell(record.division, record.element));
    const who = theirs.saved_by && theirs.saved_at
      ? this.text("saved_by", { name: theirs.saved_by, at: clockTime(theirs.saved_at, new Date()) })
      : this.text("saved_elsewhere");
    line.append(
      name,
      this.#side(record, record, "mine", ""),
      this.#side(record, theirs, "theirs", who),
    );
    return line;
  }

  /** @param {CellRecord} record @param {Content} content @param {"mine" | "theirs"} side @param {string} who */
  #side(record, content, side, who) {
    const made = document.createElement("span");
    made.className = `keeping-side keeping-${side}`;
    const value = document.createElement("b");
    value.textContent = this.#read(record, content);
    const press = () => void this.keeper.choose(record, side);
    const choose = button({ text: this.text(`keep_${side}`), press });
    choose.setAttribute("aria-label", `${this.text(`keep_${side}`)} ${value.textContent} ${this.#placeOf(record)}`);
    made.append(`${this.text(side)} `, value, who ? ` ${who} ` : " ", choose);
    return made;
  }

  /** @param {CellRecord[]} refused */
  #showRefused(refused) {
    if (refused.length === 0) return this.notices.drop("refused");
    const list = document.createElement("ul");
    list.append(...refused.slice(0, MOST_LISTED).map((one) => item(this.text("listed", { place: this.#placeOf(one), content: one.message }))));
    return this.notices.show("refused", "trouble", [this.text("refused_title", { count: refused.length }), list]);
  }

  /** What has not arrived, cell by cell; first of all, what wants to be decided. */
  #list() {
    if (this.keeper.queue.inState("conflict").length > 0) return this.notices.goTo("conflicts");
    const waiting = this.keeper.queue.inState("waiting");
    const unsettled = [...waiting, ...this.keeper.queue.inState("conflict"), ...this.keeper.queue.inState("refused")];
    const lines = unsettled.slice(0, MOST_LISTED).map((one) => item(this.text("listed", { place: this.#placeOf(one), content: this.#read(one, one) })));
    if (unsettled.length > MOST_LISTED) lines.push(item("……"));
    const list = byId("keeping-pending-list");
    list.textContent = "";
    list.append(...lines);
    return this.pending.open(byId("keeping-pending-close"));
  }

  /** @param {{division: string, element: string, saved_by: string | null}[]} news */
  #showMerged(news) {
    const names = [...new Set(news.map((one) => one.saved_by))].filter((name) => name !== null);
    const blanks = { count: news.length, name: names.join(" · ") };
    clearTimeout(this.mergedTimer);
    this.mergedTimer = setTimeout(() => this.notices.drop("merged"), LONG_ENOUGH);
    this.notices.show("merged", "notice", [this.text(names.length > 0 ? "merged" : "merged_elsewhere", blanks)]);
  }

  #showTabs() {
    if (this.keeper.tabs.others.size > 0) this.notices.show("tabs", "caution", [this.text("two_tabs")]);
    else this.notices.drop("tabs");
  }

  #showLeftover() {
    const count = this.keeper.leftover.length;
    if (count === 0) return this.notices.drop("leftover");
    /** @param {boolean} isWanted */
    const settle = (isWanted) => {
      this.notices.drop("leftover");
      void this.keeper.settleLeftover(isWanted);
    };
    return this.notices.show("leftover", "caution", [this.text("leftover", { count })], [
      { text: this.text("leftover_use"), press: () => settle(true) },
      { text: this.text("leftover_drop"), press: () => settle(false) },
    ]);
  }

  #showStop() {
    const { stop, stopDetail, queue, session } = this.keeper;
    const count = queue.inState("waiting").length + queue.inState("conflict").length;
    const own = `/collections/${this.payload.collection}`;
    if (stop === "") this.notices.drop("stop");
    if (stop === "submitted") {
      const unsent = count > 0 ? [this.text("submitted_unsent", { count })] : [];
      this.notices.show("stop", "trouble", [this.text("submitted_elsewhere", { number: stopDetail }), ...unsent], [
        { text: this.text("open_newest"), href: own, isPrimary: true },
        { text: this.text("read_receipt"), href: `/submissions/${stopDetail}` },
      ]);
    }
    if (stop === "other-person") {
      const name = session.otherName;
      const sentences = [this.text("other_person", { name, count })];
      sentences.push(this.text("other_person_again", { name, user: this.payload.user }));
      this.notices.show("stop", "trouble", sentences, [
        { text: this.text("sign_in_again"), press: () => void this.keeper.enterAgain(), isPrimary: true },
        { text: this.text("open_own", { name }), href: "/" },
      ]);
    }
    if (stop === "locked") this.notices.show("stop", "trouble", [stopDetail]);
    if (stop === "gone") this.notices.show("stop", "trouble", [this.text("gone", { count }), stopDetail]);
  }
}

/** @param {string} text */
function item(text) {
  const made = document.createElement("li");
  made.textContent = text;
  return made;
}
