/** Notices over the form: each has a name, and there is one of each name at most. */

/** @typedef {{text: string, press?: () => void, href?: string, isPrimary?: boolean}} Action */

export class Notices {
  /** @param {HTMLElement} place @param {HTMLElement} voice what a screen reader reads out */
  constructor(place, voice) {
    this.place = place;
    this.voice = voice;
  }

  /**
   * @param {string} name @param {"caution" | "notice" | "trouble"} kind
   * @param {(string | HTMLElement)[]} content @param {Action[]} [actions]
   */
  show(name, kind, content, actions = []) {
    const notice = document.createElement("div");
    notice.className = kind === "trouble" ? "caution keeping-trouble" : kind;
    notice.dataset["name"] = name;
    notice.tabIndex = -1;
    for (const one of content) notice.append(typeof one === "string" ? paragraph(one) : one);
    if (actions.length > 0) {
      const line = paragraph("");
      line.className = "actions";
      line.append(...actions.map(button));
      notice.append(line);
    }
    const before = this.#find(name);
    const isNews = !before || before.textContent !== notice.textContent;
    if (!before && kind === "trouble") this.place.prepend(notice);
    else if (!before) this.place.append(notice);
    else if (isNews) before.replaceWith(notice);
    if (isNews) this.say(content.map((one) => (typeof one === "string" ? one : "")).join(" "));
  }

  /** @param {string} name */
  drop(name) {
    this.#find(name)?.remove();
  }

  /** @param {string} name */
  goTo(name) {
    this.#find(name)?.focus();
  }

  /** @param {string} text */
  say(text) {
    this.voice.textContent = text;
  }

  /** @param {string} name @returns {HTMLElement | null} */
  #find(name) {
    return this.place.querySelector(`[data-name="${name}"]`);
  }
}

/** @param {string} text */
function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

/** @param {Action} action @returns {HTMLElement} */
export function button({ text, press, href, isPrimary }) {
  const made = document.createElement(href ? "a" : "button");
  made.textContent = text;
  made.className = `${href ? "button " : ""}${isPrimary ? "primary" : "plain"}`;
  if (href) made.setAttribute("href", href);
  else made.setAttribute("type", "button");
  if (press) made.addEventListener("click", press);
  return made;
}
