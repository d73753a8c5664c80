import { AthanorError } from "../sql/errors.js";

/** A migration cannot be found, planned, run or written; the message says which and what to do. */
export class MigrationError extends AthanorError {}

/** A revision is unknown, ambiguous, or does not fit into the history. */
export class RevisionError extends MigrationError {}

/** One head was asked for and the history has several. */
export class MultipleHeadsError extends RevisionError {
  constructor(
    readonly heads: readonly string[],
    what = "head",
  ) {
    super(
      `The history has ${heads.length} heads: ${heads.join(", ")}. "${what}" means one of them: write "heads" for all, ` +
        '"<branch label or revision>@head" for one, or join them with `athanor merge heads`.',
    );
  }
}
