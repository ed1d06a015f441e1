/** How soon, how much and for how long: in milliseconds, cells and bytes. */

/** A pause in typing, not a letter, is what is sent. */
export const SOON = 700;
export const AT_ONCE = 400;
/** A tab that was closed before its cells arrived is not waited for. */
export const PATIENCE_WITH_TABS = 15_000;
/** Who else is open says so at once. */
export const ANSWER_OF_TABS = 300;
export const LOOK_EVERY = 30_000;
export const IN_USE = 5 * 60_000;
/** What a browser still sends while a page is being left (Fetch standard, keepalive). */
export const LAST_WORDS = 60_000;
