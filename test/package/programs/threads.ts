// Worker threads of the program write to one file, each through an engine of its own: engines are not handed on.
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
import { createAsyncEngine, text } from "athanor";

if (isMainThread) rmSync("threads.db", { force: true });
await using engine = createAsyncEngine("sqlite:///threads.db");
if (isMainThread) await engine.execute(text("create table written (thread integer)"));
const write = async (thread: number) => {
  for (let i = 0; i < 20; i++) await engine.execute(text("insert into written values (:thread)"), { thread });
};
if (isMainThread) {
  const workers = [1, 2].map((thread) => new Worker(fileURLToPath(import.meta.url), { argv: [String(thread)] }));
  await Promise.all([write(0), ...workers.map((worker) => once(worker, "exit"))]);
  console.log(await engine.scalar(text("select count(*) from written")));
} else await write(Number(process.argv[2]));
