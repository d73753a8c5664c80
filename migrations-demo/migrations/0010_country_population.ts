/** How many people live in the places of a country, counted once. */
import { column, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0010";
export const downRevision = "0009";
export const message = "countries know their population";

export async function upgrade(op: Operations): Promise<void> {
  op.addColumn("countries", "population", column(t.integer, { nullable: false, serverDefault: "0" }));
  op.execute(`
    update countries set population = (
      select coalesce(sum(population), 0) from places where places.country_code = countries.code)`);
}

export async function downgrade(op: Operations): Promise<void> {
  op.dropColumn("countries", "population");
}
