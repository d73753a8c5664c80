// The world as objects: loads continents, countries, languages, currencies and 135,000 cities as one graph, asks questions and edits it.
//
//   npm run demo [-- DATABASE-URL]
//
// Without a URL the database is in memory.
import { asyncSessionmaker, createAsyncEngine, metadata } from "athanor";
import { mergeCountries, regrettedDelete } from "./edits.js";
import { loadWorld } from "./load.js";
import { printTitle } from "./print.js";
import {
  citiesNamed,
  continents,
  largestCities,
  manyLanguages,
  sharedCurrencies,
  sharedLanguages,
  withinBorders,
} from "./questions.js";

const url = process.argv[2] ?? "sqlite://";
const engine = createAsyncEngine(url);
const Session = asyncSessionmaker(engine);
try {
  await metadata.dropAll(engine);
  await metadata.createAll(engine);
  await loadWorld(Session);

  await using session = Session();
  await continents(session);
  await largestCities(session);
  await manyLanguages(session);
  await sharedCurrencies(session);

  printTitle("Within two borders of Chad");
  console.log((await withinBorders(session, "Chad", 2)).join(", "));
  printTitle("Odds and ends");
  console.log(`${await sharedLanguages(session)} borders have an official language in common`);
  console.log(`${await citiesNamed(session, "san ", "saint")} places are named after a saint`);
  await session.close();

  await mergeCountries(Session, "Andorra", "Spain");
  await regrettedDelete(Session, "France");
} finally {
  await engine.dispose();
}
