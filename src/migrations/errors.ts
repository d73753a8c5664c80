/** The errors of migrations. */
import { errorPage, type Page } from "../sql/catalogue.js";
import { AthanorError } from "../sql/errors.js";

/** A migration cannot be found, planned, run or written; the message says which and what to do. */
export class MigrationError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_MIGRATION", {
    cause: "A migration cannot be found, planned, run or written.",
    cure: "The message says which, and what to do.",
  });
}

/** A revision is unknown, ambiguous, or does not fit into the history. */
export class RevisionError extends MigrationError {
  static override readonly page: Page = errorPage("ATHANOR_REVISION", {
    cause: "A revision is unknown, ambiguous, or does not fit into the history.",
    cure: "athanor history lists the revisions; a prefix of an identifier must fit one only.",
  });
}

/** One head was asked for and the history has several. */
export class MultipleHeadsError extends RevisionError {
  static override readonly page: Page = errorPage("ATHANOR_MULTIPLE_HEADS", {
    cause:
      "One head was asked for, and the history has several: two branches have added a revision each to the same one.",
    cure: "Join them with athanor merge heads; write heads for all of them, or <branch label or revision>@head for one.",
  });
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
