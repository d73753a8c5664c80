// A bookshop behind a web server.
//
//   npm run service [-- OPTIONS] [DATABASE-URL]          (--help for the options)
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.js";
import { startService } from "./server.js";
import { readSettings, USAGE } from "./settings.js";

const settings = readSettings(process.argv.slice(2), `sqlite:///${join(tmpdir(), "athanor-bookshop.db")}`);
if (settings === null) console.log(USAGE);
else if (settings.check) await check();
else {
  const service = await startService({ ...settings, tell: console.log });
  console.log(`open on ${service.url}, with the books of ${settings.url}`);
  if (settings.panel) console.log(`what its requests ask the database: ${service.url}/__athanor`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  console.log("closing ...");
  await service.stop();
}
