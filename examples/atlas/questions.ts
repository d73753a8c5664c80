import { type AsyncSession, aliased, attrs, func, joinedload, or, select, selectinload } from "athanor";
import { City, Continent, Country, Currency, Language, Region, Tender } from "./entities.js";
import { printTable, printTitle } from "./print.js";

/** People and places by continent: aggregates over three joins. */
export async function continents(session: AsyncSession): Promise<void> {
  printTitle("Continents");
  const [continent, region, country, city] = [attrs(Continent), attrs(Region), attrs(Country), attrs(City)];
  const people = func.sum(city.population);
  const rows = await session
    .execute(
      select({
        name: continent.name,
        countries: func.count(country.code.distinct()),
        cities: func.count(city.id),
        people,
      })
        .join(continent.regions)
        .join(region.countries)
        .join(country.cities)
        .groupBy(continent.name)
        .orderBy(people.desc()),
    )
    .all();
  printTable(
    ["continent", "countries", "cities", "people in them"],
    rows.map((row) => [row.name, row.countries, row.cities, row.people]),
  );
}

/** The largest cities with their country and its region, loaded eagerly by joins. */
export async function largestCities(session: AsyncSession): Promise<void> {
  printTitle("The largest cities");
  const stmt = select(City)
    .orderBy((c) => c.population.desc())
    .limit(8)
    .options(joinedload(City, (c) => c.country).joinedload((c) => c.region));
  const cities = await session.scalars(stmt).all();
  printTable(
    ["city", "people", "country", "region"],
    cities.map((c) => [c.name, c.population, `${c.country.flag} ${c.country.name}`, c.country.region?.name]),
  );
}

/** Countries with the most official languages, with their currencies through the association object. */
export async function manyLanguages(session: AsyncSession): Promise<void> {
  printTitle("Most official languages");
  const [country, language] = [attrs(Country), attrs(Language)];
  const codes = select(country.code)
    .join(country.languages)
    .groupBy(country.code)
    .orderBy(func.count(language.code).desc(), country.code)
    .limit(5);
  const stmt = select(Country)
    .where((c) => c.code.in(codes))
    .options(
      selectinload(Country, (c) => c.languages),
      selectinload(Country, (c) => c.tenders).joinedload((tender) => tender.currency),
    );
  const countries = await session.scalars(stmt).all();
  countries.sort((a, b) => b.languages.length - a.languages.length || a.name.localeCompare(b.name));
  printTable(
    ["country", "languages", "currencies"],
    countries.map((c) => [
      c.name,
      shorten(c.languages.map((l) => l.name)),
      c.tenders.map((tender) => `${tender.currency.name} (${tender.symbol})`).join(", "),
    ]),
  );
}

/** Currencies shared by the most countries. */
export async function sharedCurrencies(session: AsyncSession): Promise<void> {
  printTitle("Currencies used in many countries");
  const [currency, tender] = [attrs(Currency), attrs(Tender)];
  const count = func.count(tender.symbol);
  const rows = await session
    .execute(
      select({ name: currency.name, countries: count })
        .join(currency.tenders)
        .groupBy(currency.code)
        .orderBy(count.desc())
        .limit(5),
    )
    .all();
  printTable(
    ["currency", "countries"],
    rows.map((row) => [row.name, row.countries]),
  );
}

/** Which countries can be reached from one by crossing at most so many borders: the graph is walked with eager loads, a level at a time. */
export async function withinBorders(session: AsyncSession, name: string, steps: number): Promise<string[]> {
  const neighbours = [selectinload(Country, (c) => c.borders), selectinload(Country, (c) => c.borderedBy)];
  const start = await session
    .scalars(
      select(Country)
        .filterBy({ name })
        .options(...neighbours),
    )
    .one();
  const reached = new Map([[start.code, start]]);
  let front = [start];
  for (let step = 0; step < steps; step++) {
    const codes = front
      .flatMap((country) => country.neighbours().map((each) => each.code))
      .filter((code) => !reached.has(code));
    if (codes.length === 0) break;
    front = await session
      .scalars(
        select(Country)
          .where((c) => c.code.in([...new Set(codes)]))
          .options(...neighbours),
      )
      .all();
    for (const country of front) reached.set(country.code, country);
  }
  reached.delete(start.code);
  return [...reached.values()].map((country) => country.name).sort();
}

/** Neighbours that share a language: a self-join along the borders. */
export async function sharedLanguages(session: AsyncSession): Promise<number> {
  const country = attrs(Country);
  const neighbour = aliased(Country, "neighbour");
  const pairs = select(country.code, neighbour.code)
    .join(country.borders.of(neighbour))
    .where(country.languages.any((l) => neighbour.languages.any((other) => other.code.eq(l.code))));
  return (await session.execute(pairs).all()).length;
}

/** Places whose name says what they are. */
export async function citiesNamed(session: AsyncSession, ...parts: string[]): Promise<number> {
  const city = attrs(City);
  const count = select(func.count(city.id)).where(
    or(...parts.map((part) => city.name.icontains(part, { autoescape: true }))),
  );
  return (await session.scalar(count)) ?? 0;
}

function shorten(names: readonly string[]): string {
  return names.length <= 4 ? names.join(", ") : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
}
