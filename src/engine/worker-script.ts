/** Worker threads that run a module of this package. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker thread, which does not keep the process alive by itself.
 *
 * The package as it is installed has the module as JavaScript. In the package's own sources it is TypeScript: there the thread gets
 * the loader with which the sources are run, whatever has loaded them in this thread.
 *
 * @param module the address of its JavaScript, a `new URL` made where it is known: the build takes each that is written so for an entry point
 * @param options of the `Worker`: `workerData`, `transferList` ...
 */
export function startWorker(module: URL, options: WorkerOptions = {}): Worker {
  const worker = existsSync(fileURLToPath(module)) ? new Worker(module, options) : fromSource(module, options);
  worker.unref();
  return worker;
}

function fromSource(module: URL, options: WorkerOptions): Worker {
  const source = new URL(module.href.replace(/\.js$/, ".ts"));
  return new Worker(source, { ...options, execArgv: ["--import", "@oxc-node/core/register"] });
}
