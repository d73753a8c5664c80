import { type AsyncSessionMaker, attrs, func, select, selectinload } from "athanor";
import { City, Country } from "./entities.js";
import { printTable, printTitle } from "./print.js";

/** Merges one country into another: its cities move, its borders and languages are united, and it is deleted. */
export async function mergeCountries(Session: AsyncSessionMaker, from: string, into: string): Promise<void> {
  printTitle(`${from} joins ${into}`);
  await Session.begin(async (session) => {
    const everything = [
      selectinload(Country, (c) => c.cities),
      selectinload(Country, (c) => c.languages),
      selectinload(Country, (c) => c.borders),
      selectinload(Country, (c) => c.borderedBy),
      selectinload(Country, (c) => c.tenders),
    ];
    const old = await session
      .scalars(
        select(Country)
          .filterBy({ name: from })
          .options(...everything),
      )
      .one();
    const bigger = await session
      .scalars(
        select(Country)
          .filterBy({ name: into })
          .options(...everything),
      )
      .one();
    const [moved, before] = [old.cities.length, bigger.cities.length];

    bigger.cities.push(...old.cities);
    for (const language of old.languages) if (!bigger.languages.includes(language)) bigger.languages.push(language);
    for (const neighbour of old.neighbours()) {
      if (neighbour !== bigger && !bigger.neighbours().includes(neighbour)) bigger.borders.push(neighbour);
    }
    await session.delete(old);
    console.log((await session.explainFlush()).toString());
    await session.flush();
    printTable(
      ["", "cities before", "moved", "cities now"],
      [[into, before, moved, await countCities(session, bigger.code)]],
    );
  });
}

async function countCities(
  session: { scalar: ReturnType<AsyncSessionMaker>["scalar"] },
  code: string,
): Promise<number> {
  const [country, city] = [attrs(Country), attrs(City)];
  return (await session.scalar(select(func.count(city.id)).join(city.country).where(country.code.eq(code)))) ?? 0;
}

/** Deletes a country with all its cities, and thinks better of it: a rolled-back change leaves nothing. */
export async function regrettedDelete(Session: AsyncSessionMaker, name: string): Promise<void> {
  printTitle(`Deleting ${name}, and rolling back`);
  await using session = Session();
  const [country, city] = [attrs(Country), attrs(City)];
  const count = select(func.count(city.id)).join(city.country).where(country.name.eq(name));
  const before = await session.scalar(count);
  const doomed = await session
    .scalars(
      select(Country)
        .filterBy({ name })
        .options(selectinload(Country, (c) => c.cities)),
    )
    .one();
  await session.delete(doomed);
  await session.flush();
  const during = await session.scalar(count);
  await session.rollback();
  printTable(
    ["cities before", "after the delete", "after the rollback"],
    [[before, during, await session.scalar(count)]],
  );
}
