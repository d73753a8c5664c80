/** A part of what is written. */
export interface CopyPart {
  readonly data: Uint8Array;
  /** The line of the whole that the part begins with, from 1. */
  readonly firstLine: number;
}
