/** Notices in development that objects of a list load the same attribute one by one, where one statement could have loaded it for all. */

import type { Attribute } from "../attributes/attribute.js";
import type { InstanceState } from "../state.js";
import { N_PLUS_ONE } from "../warnings.js";

/** What the watch found. */
export interface NPlusOneReport {
  /** `User.posts`. */
  readonly attribute: string;
  /** How many objects have loaded it alone so far, from this place. */
  readonly count: number;
  /** The line of the application that reads the attribute; null where the stack does not tell. */
  readonly place: string | null;
  /** The loader option that would load it with the statement. */
  readonly option: string;
  /** The whole stack of the read. */
  readonly stack: string;
  readonly message: string;
}

/** Options of `nPlusOneWatch`. */
export interface NPlusOneWatchOptions {
  /** How many single loads of one attribute from one place are reported. Default 5. */
  readonly threshold?: number;
  /** Gets the report in place of the session's warning; may throw, to make a test fail. */
  readonly notify?: (report: NPlusOneReport) => void;
}

/** The library's own files are no place of the application's. */
const OWN = new URL("../../", import.meta.url).pathname;

export class NPlusOneWatch {
  readonly #counts: Map<string, number> = new Map();
  readonly #threshold: number;
  readonly #notify: (report: NPlusOneReport) => void;

  constructor(options: NPlusOneWatchOptions, warn: (message: string, code: string) => void) {
    this.#threshold = options.threshold ?? 5;
    this.#notify = options.notify ?? ((report) => warn(report.message, N_PLUS_ONE.code));
  }

  /** The stack of a read that may have to load; taken where the read is made. */
  capture(): string {
    const holder: { stack?: string } = {};
    Error.captureStackTrace(holder, this.capture);
    return holder.stack ?? "";
  }

  /** Counts a load of one attribute for one object alone; reports it once for each attribute and place. */
  note(state: InstanceState, attribute: Attribute, stack: string): void {
    const place = placeOf(stack);
    const key = `${attribute.label} ${place}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count !== this.#threshold) return;
    const option = attribute.eagerOption;
    this.#notify({
      attribute: attribute.label,
      count,
      place,
      option,
      stack,
      message: N_PLUS_ONE.message(attribute.label, count, place, state.describe(), option),
    });
  }
}

function placeOf(stack: string): string | null {
  for (const line of stack.split("\n").slice(1)) {
    if (line.includes(OWN) || line.includes("node:") || line.includes("<anonymous>")) continue;
    const text = line.trim().replace(/^at (?:async )?/, "");
    if (text !== "") return text;
  }
  return null;
}
