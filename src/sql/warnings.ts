/** The one way that warnings take: `process.emitWarning`, past the filters. */
import { errorPage, type Page, type WarningKind } from "./catalogue.js";
import { ArgumentError, AthanorError } from "./errors.js";

/** A warning that a filter has made an error. */
export class AthanorWarning extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_WARNING", {
    cause: 'A filter has made an error of a warning: filterWarnings("error"). The error has the code of the warning.',
    cure: "See the page of the warning's own code.",
  });
}

/**
 * What becomes of a warning: `emit` sends it to `process.emitWarning`, `once` sends each text once, `ignore` drops it, `error` throws it
 * where it arises, for tests.
 */
export type WarningAction = "emit" | "once" | "ignore" | "error";

/** Which warnings a filter is for; all of them where nothing is said. */
export interface WarningMatch {
  /** One code or several. */
  readonly code?: string | readonly string[];
  /** A part of the message. */
  readonly message?: string | RegExp;
}

class WarningFilter implements Disposable {
  readonly #seen = new Set<string>();

  constructor(
    readonly action: WarningAction,
    private readonly match: WarningMatch,
  ) {}

  matches(message: string, code: string): boolean {
    const { code: codes, message: part } = this.match;
    if (codes !== undefined && !(typeof codes === "string" ? codes === code : codes.includes(code))) return false;
    if (part === undefined) return true;
    return typeof part === "string" ? message.includes(part) : message.search(part) >= 0;
  }

  isNew(message: string): boolean {
    if (this.#seen.has(message)) return false;
    this.#seen.add(message);
    return true;
  }

  /** Takes the filter away. */
  [Symbol.dispose](): void {
    const at = filters.indexOf(this);
    if (at >= 0) filters.splice(at, 1);
  }
}

/** The newest last: it wins. */
const filters: WarningFilter[] = [];

const ACTIONS: readonly string[] = ["emit", "once", "ignore", "error"];

/**
 * Says what becomes of Athanor's warnings in this process, until the filter is disposed of. The newest filter that matches wins; without one,
 * a warning goes to `process.emitWarning` with the type `AthanorWarning` and its code, so that `node --disable-warning=<code>` and
 * `process.on("warning", ...)` see it.
 *
 * @throws ArgumentError for another action
 * @example using _ = filterWarnings("error"); // in a test: a warning is an AthanorWarning, thrown where it arises
 * @example filterWarnings("ignore", { code: "ATHANOR_CARTESIAN" });
 */
export function filterWarnings(action: WarningAction, match: WarningMatch = {}): Disposable {
  if (!ACTIONS.includes(action)) {
    throw new ArgumentError(
      `filterWarnings() takes "emit", "once", "ignore" or "error", not ${JSON.stringify(action)}.`,
    );
  }
  const filter = new WarningFilter(action, match);
  filters.push(filter);
  return filter;
}

/** Sends a warning on its way. @throws AthanorWarning where a filter says so */
export function warn<A extends readonly unknown[]>(kind: WarningKind<A>, ...args: A): void {
  emitWarning(kind.message(...args), kind.code);
}

/** The same where nobody could catch an error: a filter that asks for one has the warning emitted. */
export function warnBeside<A extends readonly unknown[]>(kind: WarningKind<A>, ...args: A): void {
  try {
    warn(kind, ...args);
  } catch (error) {
    process.emitWarning((error as Error).message, { type: "AthanorWarning", code: kind.code });
  }
}

/** The same as {@link warn} for a message that is made already. */
export function emitWarning(message: string, code: string): void {
  const filter = [...filters].reverse().find((each) => each.matches(message, code));
  if (filter?.action === "error") throw new AthanorWarning(message, { page: { ...AthanorWarning.page, code } });
  if (filter?.action === "ignore" || (filter?.action === "once" && !filter.isNew(message))) return;
  process.emitWarning(message, { type: "AthanorWarning", code });
}

/** How a part of the library is given the channel. */
export type Warn = <A extends readonly unknown[]>(kind: WarningKind<A>, ...args: A) => void;
