/** What the tables hold, as short texts to compare. */
import { createHash } from "node:crypto";
import { type AsyncEngine, text } from "athanor";

/** What the first schema says of the world. */
export const FIRST = [
  "select code, name, continent, region, area from countries order by code",
  "select id, name, status, flag, population, latitude, longitude, country_code from places order by id",
];

/** The same, and what came later, as the last schema says it. */
export const LAST = [
  `select c.code, c.name, c.area, c.population, r.name, p.name from countries c
     join regions r on r.id = c.region_id left join regions p on p.id = r.parent_id order by c.code`,
  `select p.id, p.name, p.search_name, p.status, p.population, p.latitude, p.longitude, p.country_code, c.flag
     from places p left join capitals c on c.id = p.id order by p.id`,
  "select country_code, language_code from country_languages order by country_code, language_code",
];

/** A digest of all rows that the queries give. */
export async function digest(engine: AsyncEngine, queries: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const query of queries) hash.update(JSON.stringify(await engine.execute(text(query)).all()));
  return hash.digest("hex").slice(0, 12);
}

/** How many rows each table has: `countries 250, places 3,214`. */
export async function rowCounts(engine: AsyncEngine): Promise<string> {
  const counts: string[] = [];
  for (const name of await tablesOf(engine)) {
    const count = Number(await engine.execute(text(`select count(*) from ${name}`)).scalar());
    counts.push(`${name} ${count.toLocaleString("en")}`);
  }
  return counts.join(", ") || "no table";
}

/** The tables that are the program's own. */
export async function tablesOf(engine: AsyncEngine): Promise<readonly string[]> {
  return (await engine.tableNames()).filter((name) => name !== "athanor_version").sort();
}
