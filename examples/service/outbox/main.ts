// A worker of the outbox as a process of its own: node outbox/main.ts DATABASE-URL. It ends when it is told to (SIGTERM), or its parent goes away.
import { openDatabase } from "../database.js";
import { sendLetter } from "./letters.js";
import { work } from "./worker.js";

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ending.abort());
process.once("disconnect", () => ending.abort());

const engine = openDatabase(process.argv[2] as string, { poolSize: 2 });
await work(sendLetter, { signal: ending.signal, report: (error) => console.error(String(error)) });
await engine.dispose();
if (process.connected) process.disconnect();
