import * as athanor from "../../src/index.js";
import { type MigrateOperation, type Operations, renderBody, withOperations } from "../../src/migrations/index.js";

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
): Promise<ReturnType<typeof renderBody>> {
  const body = renderBody(operations, engine.dialect);
  const names = [...(body.imports.get("athanor") ?? [])];
  const fn = new Function("op", ...names, body[way].join("\n")) as (op: Operations, ...rest: unknown[]) => void;
  const values = names.map((name) => (athanor as unknown as Record<string, unknown>)[name]);
  await engine.connect(async (conn) => {
    const off = engine.dialect.name === "sqlite";
    if (off) await conn.execDriverSql("PRAGMA foreign_keys = OFF");
    await conn.rollback();
    await conn.begin(() => withOperations(conn, (op) => fn(op, ...values)));
    if (off) await conn.execDriverSql("PRAGMA foreign_keys = ON");
  });
  return body;
}
