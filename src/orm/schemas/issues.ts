/** What is wrong with an input, in the words that zod has for it. */
import { errorPage, type Page } from "../../sql/catalogue.js";
import { ArgumentError } from "../../sql/errors.js";
import { describeIssue, type StandardIssue } from "../../sql/types/standard-schema.js";

/** One thing that is wrong with an input. */
export interface InputIssue extends StandardIssue {
  /** `invalid_type`, `too_big`, `too_small`, `invalid_format`, `invalid_value`, `unrecognized_key`, or `custom` from a schema of one's own. */
  readonly code: string;
  /** Where: `["posts", 0, "title"]`. */
  readonly path: readonly PropertyKey[];
}

/**
 * An input does not fit what a class maps.
 *
 * @example catch (error) { if (error instanceof ValidationError) reply.code(422).send(error.issues); }
 */
export class ValidationError extends ArgumentError {
  static override readonly page: Page = errorPage("ATHANOR_VALIDATION", {
    cause: "Input does not fit the schema of its class; nothing of it was assigned.",
    cure: "issues names each path and what is expected there: show them to whoever sent the input.",
  });

  constructor(
    /** What the input is for: `assign(User)`. */
    readonly subject: string,
    /** All that is wrong with it. */
    readonly issues: readonly InputIssue[],
  ) {
    super(`${subject}: the input is not valid.\n${issues.map((each) => `- ${describeIssue(each)}`).join("\n")}`);
  }
}

/** Stands for a value that was refused. */
export const REFUSED: unique symbol = Symbol("refused");

/** Gathers what is wrong while an input is gone through. */
export class Findings {
  readonly issues: InputIssue[] = [];
  /** Checks that take their time. */
  readonly pending: Promise<void>[] = [];

  /** Notes an issue, and gives what stands for the value. */
  refuse(code: string, message: string, path: readonly PropertyKey[]): typeof REFUSED {
    this.issues.push({ code, message, path });
    return REFUSED;
  }

  refuseType(expected: string, value: unknown, path: readonly PropertyKey[]): typeof REFUSED {
    return this.refuse("invalid_type", `Invalid input: expected ${expected}, received ${received(value)}`, path);
  }
}

function received(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : "Date";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object") return typeof value;
  const name = value.constructor?.name;
  return name === undefined || name === "Object" ? "object" : name;
}
