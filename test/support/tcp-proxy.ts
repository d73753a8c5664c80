import { connect, createServer, type Socket } from "node:net";

/** A proxy before a server, by which a test has the network fail. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open through it. */
  readonly connections: number;
  /** Cuts all connections: with FIN, or with RST. */
  cut(how?: "end" | "reset"): void;
  /** Passes nothing on any more, in either direction, and tells nobody: the network is silent. */
  freeze(): void;
  /** Passes on again, what was held back first. */
  thaw(): void;
  /** Refuses new connections, or takes them again. */
  refuse(on: boolean): void;
  /** Passes on so many further bytes of what the server sends, on all connections together, and resets them then. */
  cutAfter(bytes: number): void;
  /** Called with each chunk that a client sends, before it is passed on. */
  onRequest: ((chunk: Buffer) => void) | null;
}

/** Starts a proxy before the server of a URL. */
export async function tcpProxy(url: string): Promise<TcpProxy> {
  const target = new URL(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  let frozen = false;
  let held: (() => void)[] = [];
  let budget = Number.POSITIVE_INFINITY;
  let refusing = false;

  const cut = (how: "end" | "reset" = "end"): void => {
    for (const [client, upstream] of pairs) {
      if (how === "reset") client.resetAndDestroy();
      else client.destroy();
      upstream.destroy();
    }
  };
  const pass = (send: () => void): void => {
    if (frozen) held.push(send);
    else send();
  };
  const server = createServer((client) => {
    if (refusing) return void client.resetAndDestroy();
    const upstream = connect(Number(target.port || 5432), target.hostname);
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        // What is silent does not tell of its end either.
        pass(() => {
          client.destroy();
          upstream.destroy();
        });
      });
    }
    client.on("data", (chunk) => {
      proxy.onRequest?.(chunk);
      pass(() => upstream.write(chunk));
    });
    upstream.on("data", (chunk) => {
      pass(() => {
        if (chunk.length < budget) {
          budget -= chunk.length;
          client.write(chunk);
          return;
        }
        client.write(chunk.subarray(0, budget), () => cut("reset"));
        budget = 0;
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: TcpProxy = {
    port: (server.address() as { port: number }).port,
    get connections() {
      return pairs.size;
    },
    cut,
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
      for (const send of held) send();
      held = [];
    },
    refuse(on) {
      refusing = on;
    },
    cutAfter(bytes) {
      budget = bytes;
    },
    onRequest: null,
    async [Symbol.asyncDispose]() {
      frozen = false;
      held = [];
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
