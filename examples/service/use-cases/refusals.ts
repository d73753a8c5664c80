/** What a use case answers when it will not: said to people, and free of HTTP. */

/** Why: what whoever asked could do about it. */
export type RefusalKind = "invalid" | "unrecognised" | "unauthenticated" | "forbidden" | "missing" | "conflict";

export class Refusal extends Error {
  override readonly name: string = "Refusal";

  constructor(
    readonly kind: RefusalKind,
    /** A sentence for who asked. */
    message: string,
    /** The field that it is about. */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** What is asked for is not there, or not for those who ask: they are not told which. */
export const missing = (what: string): Refusal => new Refusal("missing", `There is no such ${what}.`);

/** There are fewer copies than were ordered. */
export class OutOfStock extends Refusal {
  override readonly name = "OutOfStock";

  constructor(readonly short: readonly { readonly bookId: number; readonly title: string; readonly onHand: number }[]) {
    const titles = short.map(({ title, onHand }) => `"${title}" (${onHand === 0 ? "none" : `only ${onHand}`} left)`);
    super("conflict", `Not enough copies: ${titles.join(", ")}.`);
  }
}
