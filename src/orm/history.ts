/** What happened to an attribute since the last flush or load. */

/** Added, unchanged and deleted values of one attribute; a scalar has at most one of each. */
export class History<T = unknown> {
  constructor(
    readonly added: readonly T[],
    readonly unchanged: readonly T[],
    readonly deleted: readonly T[],
  ) {}

  get hasChanges(): boolean {
    return this.added.length > 0 || this.deleted.length > 0;
  }
  get empty(): boolean {
    return !this.hasChanges && this.unchanged.length === 0;
  }
  /** All values that the attribute has or had. */
  sum(): readonly T[] {
    return [...this.added, ...this.unchanged, ...this.deleted];
  }
  /** What the attribute holds now. */
  nonDeleted(): readonly T[] {
    return [...this.added, ...this.unchanged];
  }
  /** What the attribute held before. */
  nonAdded(): readonly T[] {
    return [...this.unchanged, ...this.deleted];
  }
}

/** Nothing is known: the attribute is not loaded and was not set. */
export const NO_HISTORY: History<never> = new History<never>([], [], []);
