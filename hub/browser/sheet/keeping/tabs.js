/**
 * The tabs of this browser that show the same form to the same person tell each other what happens.
 *
 * BroadcastChannel where there is one; else a line in localStorage, whose change the other tabs hear of.
 */

import { newKey } from "./wire.js";

export class Tabs extends EventTarget {
  /** @param {{user: string, collection: string}} scope */
  constructor({ user, collection }) {
    super();
    this.id = newKey();
    this.name = `hub-keeping|${user}|${collection}`;
    /** @type {Set<string>} */
    this.others = new Set();
    /** @type {BroadcastChannel | null} */
    this.channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(this.name) : null;
    if (this.channel) this.channel.onmessage = (event) => this.#hear(event.data);
    else addEventListener("storage", (event) => this.#hearStored(event));
    addEventListener("pagehide", () => this.tell({ kind: "bye" }));
    // A page that comes back from the browser's memory is there again.
    addEventListener("pageshow", (event) => event.persisted && this.tell({ kind: "hello" }));
  }

  begin() {
    this.tell({ kind: "hello" });
  }

  /** @param {{kind: string, [name: string]: any}} message */
  tell(message) {
    const signed = { ...message, from: this.id };
    if (this.channel) this.channel.postMessage(signed);
    else this.#store(signed);
  }

  /** @param {object} message */
  #store(message) {
    try {
      localStorage.setItem(this.name, JSON.stringify(message));
      localStorage.removeItem(this.name);
    } catch {
      // No room or no permission: then this tab is on its own, and the hub merges.
    }
  }

  /** @param {StorageEvent} event */
  #hearStored(event) {
    if (event.key === this.name && event.newValue) this.#hear(JSON.parse(event.newValue));
  }

  /** @param {{kind: string, from: string, [name: string]: any}} message */
  #hear(message) {
    const before = this.others.size;
    if (message.kind === "bye") this.others.delete(message.from);
    else this.others.add(message.from);
    if (message.kind === "hello") this.tell({ kind: "here" });
    if (before !== this.others.size) this.dispatchEvent(new CustomEvent("number"));
    this.dispatchEvent(new CustomEvent("told", { detail: message }));
  }
}
