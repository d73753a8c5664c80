import { Worker } from "node:worker_threads";

/** A proxy in a thread of its own, which works on while this thread is blocked in `runSync`. */
export interface ThreadedProxy extends AsyncDisposable {
  readonly port: number;
  /** Passes on so many further bytes of what the server sends, and resets the connection then. */
  cutAfter(bytes: number): void;
  /** Passes on what the server sends byte by byte, each in a packet of its own. */
  drip(): void;
  /** Takes connections as before. */
  mend(): void;
}

// Plain JavaScript, so that a thread runs it whatever compiled the test. -1 in `budget` is no bound, -2 drips.
const CODE = `
const { connect, createServer } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const budget = new Int32Array(workerData.budget);
const server = createServer((client) => {
  const upstream = connect(workerData.port, workerData.host);
  for (const socket of [client, upstream]) {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => { client.destroy(); upstream.destroy(); });
  }
  let dripping = Promise.resolve();
  const drip = (chunk) => {
    dripping = dripping.then(async () => {
      for (let i = 0; i < chunk.length; i++) {
        client.write(chunk.subarray(i, i + 1));
        await new Promise(setImmediate);
      }
    });
  };
  client.on("data", (chunk) => upstream.write(chunk));
  upstream.on("data", (chunk) => {
    const left = Atomics.load(budget, 0);
    if (left === -2) return drip(chunk);
    if (left < 0) return client.write(chunk);
    Atomics.store(budget, 0, Math.max(0, left - chunk.length));
    if (chunk.length < left) return client.write(chunk);
    client.write(chunk.subarray(0, left), () => { client.resetAndDestroy(); upstream.destroy(); });
  });
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** Starts a proxy before the server of a URL. */
export async function threadedProxy(url: string): Promise<ThreadedProxy> {
  const target = new URL(url);
  const budget = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const worker = new Worker(CODE, {
    eval: true,
    workerData: { budget: budget.buffer, port: Number(target.port || 5432), host: target.hostname },
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return {
    port,
    cutAfter: (bytes) => void Atomics.store(budget, 0, bytes),
    drip: () => void Atomics.store(budget, 0, -2),
    mend: () => void Atomics.store(budget, 0, -1),
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
