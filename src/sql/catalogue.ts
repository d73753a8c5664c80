/**
 * What is known of each kind of error and warning, by its code: the pages of `docs/errors.md` are made from it. An error class
 * has a page; a message that is met often has one of its own, beside its words.
 */

/** What a page says. */
export interface PageText {
  /** What has happened, and why it is refused or warned about. */
  readonly cause: string;
  /** What to do about it. */
  readonly cure: string;
}

/** What is known of one kind of error or warning. */
export interface Page extends PageText {
  /** `ATHANOR_` and some words. It stays the same from version to version, whatever becomes of the message. */
  readonly code: string;
  readonly kind: "error" | "warning";
}

const pages = new Map<string, Page>();

function enter<P extends Page>(page: P): P {
  if (pages.has(page.code)) throw new Error(`the catalogue has two pages for ${page.code}`);
  pages.set(page.code, page);
  return page;
}

/** The page of a kind of error. */
export function errorPage(code: string, text: PageText): Page {
  return enter({ code, kind: "error", ...text });
}

/** A kind of warning: its page, and its words for what it is about. */
export interface WarningKind<A extends readonly unknown[] = never> extends Page {
  readonly kind: "warning";
  readonly message: (...args: A) => string;
}

/** The page of a kind of warning. */
export function warningKind<A extends readonly unknown[]>(
  code: string,
  text: PageText & { readonly message: (...args: A) => string },
): WarningKind<A> {
  return enter({ code, kind: "warning", ...text });
}

/** The pages of all kinds that have been loaded, in the order of their codes. */
export function catalogue(): readonly Page[] {
  return [...pages.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/**
 * What a code means, for error pages, chat bots and consoles of one's own.
 *
 * @param code `error.errorCode`, or the `code` of a warning
 * @returns null for a code that is none of Athanor's
 */
export function pageOf(code: string): Page | null {
  return pages.get(code) ?? null;
}
