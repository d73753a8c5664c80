/** Countries said their region and continent in words. Now regions are rows, and countries refer to them. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0002";
export const downRevision = "0001";
export const message = "regions split off from countries";

export async function upgrade(op: Operations): Promise<void> {
  op.createTable("regions", {
    id: column(t.integer, { primaryKey: true }),
    name: column(t.string(50), { nullable: false }),
    continent: column(t.string(50), { nullable: false }),
  });
  op.execute("insert into regions (name, continent) select distinct region, continent from countries");
  op.batchAlterTable("countries", (batch) => {
    batch.addColumn("region_id", column(t.integer, { foreignKey: foreignKey("regions.id") }));
  });
  op.execute(`
    update countries set region_id = (
      select id from regions where regions.name = countries.region and regions.continent = countries.continent)`);
  op.batchAlterTable("countries", (batch) => {
    batch.alterColumn("region_id", { nullable: false });
    batch.createIndex("ix_countries_region_id", ["region_id"]);
    batch.dropColumn("region");
    batch.dropColumn("continent");
  });
}

export async function downgrade(op: Operations): Promise<void> {
  op.batchAlterTable("countries", (batch) => {
    batch.addColumn("continent", column(t.string(50)));
    batch.addColumn("region", column(t.string(50)));
  });
  op.execute(`
    update countries set
      continent = (select continent from regions where regions.id = countries.region_id),
      region = (select name from regions where regions.id = countries.region_id)`);
  op.batchAlterTable("countries", (batch) => {
    batch.alterColumn("continent", { nullable: false });
    batch.alterColumn("region", { nullable: false });
    batch.dropIndex("ix_countries_region_id");
    batch.dropColumn("region_id");
  });
  op.dropTable("regions");
}
