/** Warnings that no session is there to hear: those of the mapping. */
export function warn(message: string): void {
  process.emitWarning(message, { type: "AthanorWarning", code: "ATHANOR" });
}
