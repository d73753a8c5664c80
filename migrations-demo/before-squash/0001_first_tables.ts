/** The first tables: countries, and the places in them. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0001";
export const downRevision = null;
export const message = "first tables";

export async function upgrade(op: Operations): Promise<void> {
  op.createTable("countries", {
    code: column(t.string(3), { primaryKey: true }),
    name: column(t.string(100), { nullable: false }),
    continent: column(t.string(50), { nullable: false }),
    region: column(t.string(50), { nullable: false }),
    area: column(t.double),
  });
  op.createTable("places", {
    id: column(t.integer, { primaryKey: true, autoincrement: false }),
    name: column(t.string(200), { nullable: false }),
    status: column(t.string(20), { nullable: false }),
    flag: column(t.string(16)),
    population: column(t.integer, { nullable: false }),
    latitude: column(t.double, { nullable: false }),
    longitude: column(t.double, { nullable: false }),
    country_code: column(t.string(3), { nullable: false, foreignKey: foreignKey("countries.code") }),
  });
  op.createIndex("ix_places_country_code", "places", ["country_code"]);
}

export async function downgrade(op: Operations): Promise<void> {
  op.dropTable("places");
  op.dropTable("countries");
}
