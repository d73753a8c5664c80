// A database in a thread, and one whose package is not installed.
import { createAsyncEngine, text } from "athanor";

const engine = createAsyncEngine("sqlite+worker:///drivers.db");
const inThread = await engine.runInThread(
  () => !(require("node:worker_threads") as { isMainThread: boolean }).isMainThread,
);
const sum = await engine.connect((conn) => conn.runSync((sync) => sync.scalar(text("select 40 + 2"))));
const missing = await createAsyncEngine("pglite://")
  .connect()
  .then(
    () => "it connected",
    (error: Error) => error.message.split(". ")[1],
  );
console.log(inThread, sum, missing);
// The engine is left open, which must not keep the program alive.
