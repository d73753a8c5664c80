/** Eight revisions in one: a new database begins here, one that has all eight has this one too. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0009";
export const downRevision = null;
export const replaces = ["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"];
export const message = "the schema so far";

export async function upgrade(op: Operations): Promise<void> {
  await op.createTable("regions", {
    id: column(t.integer, { primaryKey: true }),
    name: column(t.string(50), { nullable: false }),
    parent_id: column(t.integer, { foreignKey: foreignKey("regions.id") }),
  });
  op.createIndex("ix_regions_parent_id", "regions", ["parent_id"]);
  await op.createTable("countries", {
    code: column(t.string(3), { primaryKey: true }),
    name: column(t.string(100), { nullable: false }),
    area: column(t.double),
    region_id: column(t.integer, { nullable: false, foreignKey: foreignKey("regions.id") }),
  });
  op.createIndex("ix_countries_region_id", "countries", ["region_id"]);
  await op.createTable("places", {
    id: column(t.integer, { primaryKey: true, autoincrement: false }),
    name: column(t.string(200), { nullable: false }),
    status: column(t.enum(["capital", "regional_capital", "city"], { name: "place_status" }), { nullable: false }),
    population: column(t.integer, { nullable: false }),
    latitude: column(t.double, { nullable: false }),
    longitude: column(t.double, { nullable: false }),
    country_code: column(t.string(3), { nullable: false, foreignKey: foreignKey("countries.code") }),
    search_name: column(t.string(200), { nullable: false }),
  });
  op.createIndex("ix_places_country_code", "places", ["country_code"]);
  op.createIndex("ix_places_search_name", "places", ["search_name"]);
  await op.createTable("capitals", {
    id: column(t.integer, { primaryKey: true, foreignKey: foreignKey("places.id", { onDelete: "CASCADE" }) }),
    flag: column(t.string(16), { nullable: false }),
  });
  await op.createTable("languages", {
    code: column(t.string(3), { primaryKey: true }),
    name: column(t.string(60), { nullable: false }),
  });
  await op.createTable("country_languages", {
    country_code: column(t.string(3), { primaryKey: true, foreignKey: foreignKey("countries.code") }),
    language_code: column(t.string(3), { primaryKey: true, foreignKey: foreignKey("languages.code") }),
  });
}

export async function downgrade(op: Operations): Promise<void> {
  for (const name of ["country_languages", "languages", "capitals", "places", "countries", "regions"]) {
    op.dropTable(name);
  }
  if (op.dialect.name === "postgresql") op.dropEnum("place_status");
}
