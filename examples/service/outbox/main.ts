// A worker of the outbox as a process of its own: node outbox/main.ts DATABASE-URL [LEASE]. It ends when it is told to (SIGTERM), or its parent goes away.
import { openDatabase } from "../database.js";
import { sendLetter } from "./letters.js";
import { work } from "./worker.js";

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ending.abort());
process.once("disconnect", () => ending.abort());

const [url, lease = "30000"] = process.argv.slice(2);
const engine = openDatabase(url as string, { poolSize: 2 });
await work(sendLetter, {
  lease: Number(lease),
  signal: ending.signal,
  report: (error) => console.error(String(error)),
});
await engine.dispose();
if (process.connected) process.disconnect();
