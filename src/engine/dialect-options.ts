/** A dialect's own options: in the URL with underscores, or in camelCase as `dialectOptions`. The URL wins. */
import { ArgumentError } from "../sql/errors.js";
import type { URL } from "./url.js";

/** A name of an option in the URL as `dialectOptions` has it: `sync_timeout` is `syncTimeout`. */
export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A timer that is set to more goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reads options, and refuses those that the dialect does not know. */
export class OptionReader {
  /**
   * @param dialect its name for people, "PostgreSQL"
   * @param given the dialect's part of the engine's `dialectOptions`
   * @param names as the URL has them
   * @param others names of what only `dialectOptions` can hold, functions
   * @throws ArgumentError naming an option that is not known
   */
  constructor(
    private readonly dialect: string,
    private readonly url: URL,
    private readonly given: Readonly<Record<string, unknown>>,
    names: readonly string[],
    others: readonly string[] = [],
  ) {
    for (const name of Object.keys(url.query)) {
      if (!names.includes(name)) {
        throw new ArgumentError(`${dialect} knows no URL option "${name}"; it knows ${[...names].sort().join(", ")}`);
      }
    }
    const known = [...names.map(camelCase), ...others];
    for (const name of Object.keys(given)) {
      if (known.includes(name)) continue;
      throw new ArgumentError(
        `${dialect} knows no option "${name}" in dialectOptions; it knows ${known.sort().join(", ")}`,
      );
    }
  }

  /** An option as text, or null. @throws ArgumentError where the URL has it several times */
  option(name: string): string | null {
    const inUrl = this.url.option(name);
    if (inUrl !== null) return inUrl;
    const value = this.given[camelCase(name)];
    return value === undefined || value === null ? null : String(value);
  }

  /** A yes-or-no option. @throws ArgumentError for another word */
  flag(name: string, byDefault: boolean): boolean {
    const value = this.option(name);
    if (value === null) return byDefault;
    if (/^(1|true|on|yes)$/i.test(value)) return true;
    if (/^(0|false|off|no)$/i.test(value)) return false;
    throw new ArgumentError(`${this.#place(name)} is true or false, not "${value}"`);
  }

  /** A numeric option. @throws ArgumentError for what is no number of at least 0 */
  number(name: string, byDefault: number): number {
    const value = this.option(name);
    if (value === null) return byDefault;
    const number = Number(value);
    if (value.trim() === "" || !(number >= 0)) {
      throw new ArgumentError(`${this.#place(name)} is a number, not "${value}"`);
    }
    return number;
  }

  /** A number of milliseconds for a timer, from an option in milliseconds or, by `unit`, in others of them. @throws ArgumentError */
  milliseconds(name: string, byDefault: number, unit = 1): number {
    return Math.min(this.number(name, byDefault) * unit, LONGEST_TIMER_MS);
  }

  /** One of some words. @throws ArgumentError for another */
  oneOf<T extends string>(name: string, allowed: readonly T[], byDefault: T): T {
    const value = this.option(name);
    if (value === null) return byDefault;
    if ((allowed as readonly string[]).includes(value)) return value as T;
    const words = `${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`;
    throw new ArgumentError(`The option "${name}" of ${this.dialect} is ${words}, not "${value}"`);
  }

  #place(name: string): string {
    return this.url.option(name) === null
      ? `The option "${camelCase(name)}" of ${this.dialect}`
      : `The option "${name}" of the database URL`;
  }
}
