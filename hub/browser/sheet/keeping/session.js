/**
 * Who is signed in, and coming back without leaving the page when the session has ended.
 *
 * Another tab may have signed somebody else in: the browser has one session for all its tabs. What was typed here is
 * then never sent under the other person's name.
 */

import { ask, newKey } from "./wire.js";

/** @typedef {"same" | "other" | "none" | "away"} Who */

export class Session {
  /** @param {{user: string, csrf: string}} opened */
  constructor({ user, csrf }) {
    this.user = user;
    this.csrf = csrf;
    /** The person who is signed in instead. */
    this.otherName = "";
  }

  headers() {
    return { "X-CSRF-Token": this.csrf };
  }

  /** Ask the hub who is signed in now. @returns {Promise<Who>} */
  async look() {
    const reply = await ask("/account/session");
    if (reply.status === 401) return "none";
    return reply.status === 200 && reply.content ? this.#take(reply.content) : "away";
  }

  /** @param {{user: string, display_name: string, csrf_token: string}} opened @returns {Who} */
  #take(opened) {
    this.otherName = opened.user === this.user ? "" : opened.display_name;
    if (this.otherName) return "other";
    this.csrf = opened.csrf_token;
    return "same";
  }

  /**
   * @param {string} username @param {string} password
   * @returns {Promise<{who: Who, detail: string}>} `detail`: why it was refused, in the hub's words
   */
  async enter(username, password) {
    const reply = await ask("/account/session", { method: "POST", body: { username, password } });
    if (reply.status === 200 && reply.content) return { who: this.#take(reply.content), detail: "" };
    return reply.content ? { who: "none", detail: reply.content.detail ?? "" } : { who: "away", detail: "" };
  }
}

/** The dialog that asks for the password, over the page as it is. */
export class Reentry {
  /** @param {Session} session @param {Record<string, string>} texts @param {import("./dialog.js").Dialog} dialog */
  constructor(session, texts, dialog) {
    this.session = session;
    this.texts = texts;
    this.dialog = dialog;
    this.form = /** @type {HTMLFormElement} */ (dialog.element.querySelector("form"));
    this.fault = /** @type {HTMLElement} */ (dialog.element.querySelector(".faults"));
    /** @type {((who: Who) => void) | null} */
    this.finish = null;
    /** @type {Promise<Who> | null} */
    this.asking = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#enter();
    });
    // Who signed in elsewhere (a second factor, the county's own page) comes back to this tab.
    document.addEventListener("visibilitychange", () => void this.#lookAgain());
    addEventListener("focus", () => void this.#lookAgain());
  }

  /** Ask, once for however many are waiting. @returns {Promise<Who>} "same" or "other" */
  ask() {
    this.asking ??= new Promise((resolve) => {
      this.finish = resolve;
      this.#field("username").value = this.session.user;
      this.#field("password").value = "";
      this.#say("");
      this.dialog.open(this.#field("password"));
    });
    return this.asking;
  }

  /** @param {string} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  /** @param {string} text */
  #say(text) {
    this.fault.textContent = text;
    this.fault.hidden = text === "";
    this.#field("password").setAttribute("aria-invalid", String(text !== ""));
  }

  async #enter() {
    const { who, detail } = await this.session.enter(this.#field("username").value, this.#field("password").value);
    if (who === "same" || who === "other") return this.#end(who);
    this.#say(detail || /** @type {string} */ (this.texts["unreachable"]));
    this.#field("password").select();
    return undefined;
  }

  async #lookAgain() {
    if (!this.asking || document.visibilityState !== "visible") return;
    const who = await this.session.look();
    if (who === "same" || who === "other") this.#end(who);
  }

  /** @param {Who} who */
  #end(who) {
    const finish = this.finish;
    this.asking = null;
    this.finish = null;
    this.dialog.close();
    this.#field("password").value = "";
    if (finish) finish(who);
  }
}

/** @returns {{stamp: string, at: number}} */
export function stampNow() {
  return { stamp: newKey(), at: Date.now() };
}
