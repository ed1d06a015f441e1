/**
 * The device's own memory: IndexedDB, which a page has on plain HTTP as well. Without it (some private modes, a full
 * disk) the page goes on, and says so.
 *
 * @typedef {import("./queue.js").CellRecord} CellRecord
 * @typedef {{user: string, collection: string}} Scope
 * @typedef {{user: string, collection: string, kind: string, content: any}} Note
 */

const NAME = "collect-once-hub";
const VERSION = 1;
const CELLS = "cells";
const NOTES = "notes";
const PATIENCE = 15_000;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answered(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    // Firefox 78 in a private window never answers at all.
    setTimeout(() => reject(new Error("no answer")), PATIENCE);
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(CELLS, { keyPath: ["user", "collection", "division", "element"] });
      request.result.createObjectStore(NOTES, { keyPath: ["user", "collection", "kind"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Everything that begins like this. @param {string[]} start */
function beginningWith(start) {
  return IDBKeyRange.bound(start, [...start, []]);
}

/** @returns {Promise<Device | null>} null: this device cannot keep anything */
export async function openDevice() {
  try {
    return new Device(await openDatabase());
  } catch {
    return null;
  }
}

export class Device {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
    // Another tab is being wiped or renewed: let go, or it waits for us for ever.
    database.onversionchange = () => database.close();
  }

  /**
   * One transaction, and the promise of its end: only then is anything kept. `strict` asks for the disk itself, so that
   * a power cut takes nothing either.
   * @param {(store: (name: string) => IDBObjectStore) => void} write
   * @returns {Promise<void>}
   */
  #write(write) {
    return new Promise((resolve, reject) => {
      /** @type {any} durability is younger than the oldest browsers we serve, which ignore it */
      const options = { durability: "strict" };
      const open = /** @type {any} */ (this.database);
      /** @type {IDBTransaction} */
      const transaction = open.transaction([CELLS, NOTES], "readwrite", options);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
      write((name) => transaction.objectStore(name));
    });
  }

  /** @param {string} name @param {string[]} start @returns {Promise<any[]>} */
  #all(name, start) {
    return answered(this.database.transaction(name).objectStore(name).getAll(beginningWith(start)));
  }

  /** @param {Scope} scope @returns {Promise<CellRecord[]>} */
  async cells(scope) {
    return this.#all(CELLS, [scope.user, scope.collection]);
  }

  /** @param {Scope} scope @param {string} kind @returns {Promise<any>} */
  async note(scope, kind) {
    const store = this.database.transaction(NOTES).objectStore(NOTES);
    const found = await answered(store.get([scope.user, scope.collection, kind]));
    return found ? found.content : null;
  }

  /** @param {Scope} scope @param {CellRecord[]} records @param {CellRecord[]} [gone] */
  keep(scope, records, gone = []) {
    return this.#write((store) => {
      for (const { division, element } of gone) {
        store(CELLS).delete([scope.user, scope.collection, division, element]);
      }
      for (const record of records) store(CELLS).put({ ...record, ...scope });
    });
  }

  /** @param {Scope} scope @param {string} kind @param {any} content null: forget it */
  keepNote(scope, kind, content) {
    return this.#write((store) => {
      if (content === null) store(NOTES).delete([scope.user, scope.collection, kind]);
      else store(NOTES).put({ ...scope, kind, content });
    });
  }

  /** What of this person has not reached the hub. @param {string} user @returns {Promise<{cells: number, notes: number}>} */
  async unsent(user) {
    const cells = await this.#all(CELLS, [user]);
    const notes = await this.#all(NOTES, [user]);
    return {
      cells: cells.filter((record) => record.state !== "sent").length,
      notes: notes.length,
    };
  }

  /** Nothing of this person stays. @param {string} user */
  wipe(user) {
    return this.#write((store) => {
      store(CELLS).delete(beginningWith([user]));
      store(NOTES).delete(beginningWith([user]));
    });
  }

  /** What has arrived need not stay; what has not does. @param {string} user */
  async tidy(user) {
    const arrived = (await this.#all(CELLS, [user])).filter((record) => record.state === "sent");
    await this.#write((store) => {
      for (const one of arrived) store(CELLS).delete([one.user, one.collection, one.division, one.element]);
    });
  }
}
