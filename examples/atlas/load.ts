import { type AsyncSessionMaker, create } from "athanor";
import {
  CITY_COUNT,
  readBorders,
  readCities,
  readContinents,
  readCountries,
  readCurrencies,
  readLanguages,
} from "./data.js";
import { City, Continent, Country, Currency, Language, Region, Tender } from "./entities.js";
import { startProgress } from "./print.js";

/** How many cities one flush writes. */
const BATCH = 5_000;

/** Builds the whole world as one graph of objects and stores it in one transaction. */
export async function loadWorld(Session: AsyncSessionMaker): Promise<void> {
  await Session.begin(async (session) => {
    const countries = buildCountries();
    session.addAll(countries.values());
    await session.flush();

    const progress = startProgress("Storing cities", CITY_COUNT);
    let waiting = 0;
    for (const { country, ...data } of readCities()) {
      session.add(create(City, { ...data, country: countries.get(country) as Country }));
      if (++waiting < BATCH) continue;
      await session.flush();
      progress.step(waiting);
      waiting = 0;
    }
    await session.flush();
    progress.step(waiting);
    progress.done();
  });
}

/** Countries by code, with everything that hangs on them but their cities. */
function buildCountries(): Map<string, Country> {
  const regions = new Map<string, Region>();
  for (const { name, regions: names } of readContinents()) {
    const continent = create(Continent, { name, regions: [] });
    for (const regionName of names) {
      const region = create(Region, { name: regionName, continent });
      regions.set(`${name}/${regionName}`, region);
    }
  }
  const languages = new Map(readLanguages().map((each) => [each.code, create(Language, each)]));
  const currencies = new Map(readCurrencies().map((each) => [each.code, create(Currency, each)]));
  const countries = new Map<string, Country>();
  for (const { continent, region, languages: spoken, currencies: used, ...data } of readCountries()) {
    const country = create(Country, {
      ...data,
      region: regions.get(`${continent}/${region}`) ?? null,
      languages: spoken.map((code) => languages.get(code) as Language),
    });
    for (const { code, symbol } of used) {
      create(Tender, { country, currency: currencies.get(code) as Currency, symbol });
    }
    countries.set(data.code, country);
  }
  for (const [one, other] of readBorders()) countries.get(one)?.borders.push(countries.get(other) as Country);
  return countries;
}
