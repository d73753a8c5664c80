/**
 * A required, indexed column for the largest table, in the sequence that keeps readers and writers going: the column
 * without NOT NULL, its values in batches, a CHECK that is not validated at once, its validation, then NOT NULL (which
 * PostgreSQL takes from the CHECK, without reading the rows), and an index that is built beside the writers.
 */
import { column, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0008";
export const downRevision = "0007";
export const message = "places are searched by a name of their own";

const BATCH = 5_000;
const FILL = `
  update places set search_name = lower(name)
  where id in (select id from places where search_name is null limit ${BATCH})`;

export async function upgrade(op: Operations): Promise<void> {
  op.addColumn("places", "search_name", column(t.string(200)));
  await op.autocommitBlock(async () => {
    // Asked again when the migration is interrupted and goes on: it finds the rows that are left.
    if (op.offline) op.execute("update places set search_name = lower(name) where search_name is null");
    else {
      await op.context.ask(async () => {
        const connection = op.getBind();
        for (;;) if ((await connection.execDriverSql(FILL)).rowcount === 0) break;
      });
    }
    if (op.dialect.name !== "postgresql") return;
    op.createCheckConstraint("ck_places_search_name", "places", "search_name is not null", { notValid: true });
    op.validateConstraint("ck_places_search_name", "places");
    op.alterColumn("places", "search_name", { nullable: false });
    op.dropConstraint("ck_places_search_name", "places");
    op.createIndex("ix_places_search_name", "places", ["search_name"], { concurrently: true });
  });
  if (op.dialect.name === "postgresql") return;
  // SQLite has one writer at a time and knows no such ALTER TABLE: it copies the table.
  op.batchAlterTable("places", (batch) => {
    batch.alterColumn("search_name", { nullable: false });
    batch.createIndex("ix_places_search_name", ["search_name"]);
  });
}

export async function downgrade(op: Operations): Promise<void> {
  op.batchAlterTable("places", (batch) => {
    batch.dropIndex("ix_places_search_name");
    batch.dropColumn("search_name");
  });
}
