/** The same statement, sent again and again: it could be asked once. */
import { type Finding, type RequestRecord, type StatementRecord, statementsOf } from "./records.js";

/** Statements of a request that were sent at least so many times. Loads that the N+1 watch has found already are left out. */
export function repeatedStatements(record: RequestRecord, threshold: number): Finding[] {
  const known = new Set(record.findings.map(({ attribute }) => attribute));
  const groups = new Map<string, StatementRecord[]>();
  for (const statement of statementsOf(record)) {
    if (statement.sets > 1 || (statement.loads !== null && known.has(statement.loads))) continue;
    const group = groups.get(statement.text);
    if (group === undefined) groups.set(statement.text, [statement]);
    else group.push(statement);
  }
  const found: Finding[] = [];
  for (const [text, group] of groups) {
    // The stack of one that had to wait does not always reach the application.
    const place = group.find(({ stack }) => stack.length > 0)?.stack[0] ?? null;
    if (group.length < threshold) continue;
    found.push({
      kind: "repeated",
      attribute: null,
      message: `The same statement was sent ${group.length} times: ${text.length > 120 ? `${text.slice(0, 120)}…` : text}`,
      place,
      cure: cureOf(text),
    });
  }
  return found;
}

function cureOf(text: string): string {
  if (/^\s*(select|with)\b/i.test(text)) {
    return "Collect the keys and ask once, .where((x) => x.id.in(keys)), or load what is asked for with the statement before: options(selectinload(...)).";
  }
  return "Give execute() the list of all parameters, or change the objects and let one flush write them.";
}
