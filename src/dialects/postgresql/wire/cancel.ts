/** Cancels what a connection runs, by another connection. */
import type { Duplex } from "node:stream";
import { loadPg, type PgClient } from "./pg-client.js";
import { ThreadSocket } from "./thread-socket.js";

const TIMEOUT_MS = 5000;

/**
 * Asks the server, over a connection of its own, to cancel what a client is running.
 *
 * @returns a promise that is fulfilled when the server has taken the request, or could not be reached; after that the
 * request cannot hit a later statement any more
 */
export function requestCancel(client: PgClient): Promise<void> {
  const { host, port, processID, secretKey, ssl } = client;
  if (processID === null || secretKey === null) return Promise.resolve();
  const stream: Duplex = client.connection.stream;
  if (stream instanceof ThreadSocket) return cancelledIn(stream.requestCancel(processID, secretKey));
  const { Connection } = loadPg();
  const connection = new Connection({ ssl: ssl === true ? true : ssl || false });
  return new Promise((resolve) => {
    const timer = setTimeout(done, TIMEOUT_MS);
    timer.unref();
    function done(): void {
      clearTimeout(timer);
      connection.stream.destroy();
      resolve();
    }
    connection.on("error", done);
    connection.on("end", done);
    const send = (): void => connection.cancel(processID as number, secretKey as number);
    connection.on("connect", () => (ssl === false ? send() : connection.requestSsl()));
    connection.on("sslconnect", send);
    if (host.startsWith("/")) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}

async function cancelledIn(done: Int32Array): Promise<void> {
  const waiting = Atomics.waitAsync(done, 0, 0, TIMEOUT_MS);
  if (waiting.async) await waiting.value;
}
