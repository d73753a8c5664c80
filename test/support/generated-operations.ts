import * as athanor from "../../src/index.js";
import {
  downgrade,
  type MigrateOperation,
  migrate,
  type Operations,
  type RevisionModule,
  renderBody,
} from "../../src/migrations/index.js";

/** What operations do, in words; those of a batch one by one. */
export function described(operations: readonly MigrateOperation[]): string[] {
  return operations.flatMap((each) =>
    "operations" in each ? (each.operations as MigrateOperation[]).map((one) => one.describe()) : [each.describe()],
  );
}

/** Runs what a revision file of these operations would say, one way or the other. */
export async function runGenerated(
  engine: athanor.AsyncEngine,
  operations: readonly MigrateOperation[],
  way: "upgrade" | "downgrade",
  render: typeof renderBody = renderBody,
): Promise<ReturnType<typeof renderBody>> {
  const body = render(operations, engine.dialect);
  const revisions = [generatedRevision(body)];
  if (way === "upgrade") await migrate(engine, { revisions });
  else await downgrade(engine, { revisions, to: "base" });
  return body;
}

/** A revision whose functions are these lines. */
export function generatedRevision(body: ReturnType<typeof renderBody>): RevisionModule {
  const names = [...(body.imports.get("athanor") ?? [])];
  const values = names.map((name) => (athanor as unknown as Record<string, unknown>)[name]);
  const compiled = (lines: readonly string[]) => {
    const fn = new AsyncFunction("op", ...names, lines.join("\n"));
    return (op: Operations) => fn(op, ...values);
  };
  return {
    revision: "generated",
    downRevision: null,
    upgrade: compiled(body.upgrade),
    downgrade: compiled(body.downgrade),
  };
}

const AsyncFunction = (async () => {}).constructor as new (
  ...texts: string[]
) => (...values: unknown[]) => Promise<unknown>;
