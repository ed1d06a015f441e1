/**
 * Save, check and submit, through the same doors as every other program's (/api/v1/collections).
 *
 * `flush` brings what was typed to the server and says whether all of it arrived; where drafts are kept on the
 * device (sheet/keeping) theirs takes its place.
 *
 * @typedef {import("./model.js").SheetModel} SheetModel
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {{ok: boolean, status: number, body: any, etag: string | null}} Answer
 */

export class Sending {
  /** @param {SheetModel} model */
  constructor(model) {
    this.model = model;
    this.path = `/api/v1/collections/${model.payload.collection}`;
    this.etag = model.payload.etag;
    this.changes = 0;
    this.sent = 0;
    model.addEventListener("change", () => (this.changes += 1));
    this.flush = () => this.#putDraft();
  }

  get isSaved() {
    return this.changes === this.sent;
  }

  /** @returns {Promise<Answer>} */
  async #putDraft() {
    const changes = this.changes;
    if (this.isSaved) return { ok: true, status: 200, body: null, etag: this.etag };
    const answer = await this.#ask("PUT", "/draft", { rows: this.#rows() }, { "If-Match": this.etag || '""' });
    if (answer.ok) {
      this.etag = answer.etag ?? this.etag;
      this.sent = changes;
    }
    return answer;
  }

  #rows() {
    return this.model.rows.map(({ division }) => {
      /** @type {Record<string, string>} */
      const values = {};
      /** @type {Record<string, string>} */
      const missing = {};
      for (const { identifier, kind } of this.model.columns) {
        const cell = this.model.cell(division, identifier);
        if (kind !== "readonly" && cell.value) values[identifier] = cell.value;
        if (kind !== "readonly" && cell.missing) missing[identifier] = cell.missing;
      }
      return { division, values, missing };
    });
  }

  /** @returns {Promise<Answer>} */
  async check() {
    const saved = await this.flush();
    return saved.ok ? this.#ask("POST", "/validation", {}) : saved;
  }

  /** @param {{confirm_warnings: object[], reason: string | null}} explained @returns {Promise<Answer>} */
  async submit(explained) {
    const saved = await this.flush();
    return saved.ok ? this.#ask("POST", "/submission", explained, { "Idempotency-Key": newKey() }) : saved;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} body
   * @param {Record<string, string>} [headers]
   * @returns {Promise<Answer>} status 0: nobody answered
   */
  async #ask(method, path, body, headers = {}) {
    const always = { "Content-Type": "application/json", "X-CSRF-Token": this.model.payload.csrf };
    try {
      const answer = await fetch(this.path + path, {
        method,
        headers: { ...always, ...headers },
        body: JSON.stringify(body),
        credentials: "same-origin",
      });
      const content = await answer.json().catch(() => null);
      return { ok: answer.ok, status: answer.status, body: content, etag: answer.headers.get("ETag") };
    } catch {
      return { ok: false, status: 0, body: null, etag: null };
    }
  }
}

/** No crypto.randomUUID on a plain-HTTP intranet. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
