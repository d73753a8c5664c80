/** Runs in a worker thread: makes an engine of its own, and tells which backend of the server it talks to. */
import { parentPort, workerData } from "node:worker_threads";
import { createAsyncEngine, text } from "../../../../src/index.js";

const engine = createAsyncEngine(workerData as string);
const pid = await engine.scalar(text("SELECT pg_backend_pid()"));
await engine.dispose();
parentPort?.postMessage(pid);
