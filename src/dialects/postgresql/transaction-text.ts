/** The words of transaction control. */
import type { IsolationLevel } from "../../engine/dialect.js";

export function beginText(
  level: IsolationLevel | undefined,
  readOnly: boolean | undefined,
  deferrable: boolean | undefined,
): string {
  const modes: string[] = [];
  if (level !== undefined) modes.push(`ISOLATION LEVEL ${level}`);
  if (readOnly !== undefined) modes.push(readOnly ? "READ ONLY" : "READ WRITE");
  if (deferrable !== undefined) modes.push(deferrable ? "DEFERRABLE" : "NOT DEFERRABLE");
  return modes.length === 0 ? "BEGIN" : `BEGIN ${modes.join(", ")}`;
}
