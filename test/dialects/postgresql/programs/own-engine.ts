/** Runs in a worker thread, or in a process that was forked: makes an engine of its own, and tells which backend of the server it talks to. */
import { parentPort, workerData } from "node:worker_threads";
import { createAsyncEngine, text } from "../../../../src/index.js";

const engine = createAsyncEngine((workerData as string | null) ?? (process.argv[2] as string));
const pid = await engine.scalar(text("SELECT pg_backend_pid()"));
await engine.dispose();
if (parentPort !== null) parentPort.postMessage(pid);
else process.send?.(pid);
