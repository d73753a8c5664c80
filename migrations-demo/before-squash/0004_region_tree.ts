/** Continents become regions too: a region refers to the one that it is part of. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0004";
export const downRevision = "0003";
export const message = "regions are a tree";

export async function upgrade(op: Operations): Promise<void> {
  op.batchAlterTable("regions", (batch) => {
    batch.addColumn("parent_id", column(t.integer, { foreignKey: foreignKey("regions.id") }));
    batch.createIndex("ix_regions_parent_id", ["parent_id"]);
  });
  // While the column `continent` is there, the new rows are those whose continent is "".
  op.execute("insert into regions (name, continent) select distinct continent, '' from regions");
  op.execute(`
    update regions set parent_id = (
      select parent.id from regions parent where parent.continent = '' and parent.name = regions.continent)
    where continent <> ''`);
  op.batchAlterTable("regions", (batch) => {
    batch.dropColumn("continent");
  });
}

export async function downgrade(op: Operations): Promise<void> {
  op.batchAlterTable("regions", (batch) => {
    batch.addColumn("continent", column(t.string(50)));
  });
  op.execute(
    "update regions set continent = (select parent.name from regions parent where parent.id = regions.parent_id)",
  );
  op.execute("update regions set parent_id = null");
  op.execute("delete from regions where continent is null");
  op.batchAlterTable("regions", (batch) => {
    batch.alterColumn("continent", { nullable: false });
    batch.dropIndex("ix_regions_parent_id");
    batch.dropColumn("parent_id");
  });
}
