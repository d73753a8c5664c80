/** The rows that the first program stored: countries, and their places with many people. */
import { type AsyncConnection, column, insert, MetaData, t, table } from "athanor";
import { readCities, readCountries } from "../examples/atlas/data.js";

/** The tables as revision 0001 makes them. */
const tables = new MetaData();
const countries = table("countries", tables, {
  code: column(t.string(3), { primaryKey: true }),
  name: column(t.string(100), { nullable: false }),
  continent: column(t.string(50), { nullable: false }),
  region: column(t.string(50), { nullable: false }),
  area: column(t.double),
});
const places = table("places", tables, {
  id: column(t.integer, { primaryKey: true, autoincrement: false }),
  name: column(t.string(200), { nullable: false }),
  status: column(t.string(20), { nullable: false }),
  flag: column(t.string(16)),
  population: column(t.integer, { nullable: false }),
  latitude: column(t.double, { nullable: false }),
  longitude: column(t.double, { nullable: false }),
  country_code: column(t.string(3), { nullable: false }),
});

const BATCH = 5_000;
/** From how many people on a place that is no capital counts as the capital of its region. */
const REGIONAL = 500_000;

/** Stores the countries, and the places with at least so many people. */
export async function storeAtlas(connection: AsyncConnection, people: number): Promise<void> {
  const flags = new Map<string, string>();
  await connection.execute(
    insert(countries),
    readCountries().map(({ code, name, continent, region, area, flag }) => {
      flags.set(code, flag);
      return { code, name, continent, region, area };
    }),
  );
  let waiting: object[] = [];
  const store = async (): Promise<void> => {
    if (waiting.length > 0) await connection.execute(insert(places), waiting as never);
    waiting = [];
  };
  for (const { isCapital, country, ...city } of readCities()) {
    if (city.population < people && !isCapital) continue;
    const status = isCapital ? "capital" : city.population >= REGIONAL ? "regional capital" : "city";
    waiting.push({ ...city, country_code: country, status, flag: isCapital ? (flags.get(country) ?? "") : null });
    if (waiting.length === BATCH) await store();
  }
  await store();
}
