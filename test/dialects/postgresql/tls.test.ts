import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { createAsyncEngine, text } from "../../../src/index.js";
import { CERTIFICATE, KEY } from "../../support/certificate.js";
import { tempFolder } from "../../support/temp.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();

/** Speaks TLS to the client, as a server with a certificate does, and passes everything on to the plain server. */
async function tlsServer(): Promise<{ url(host: string, query: string): string; ca: string }> {
  const target = new URL(db.url);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (first) => {
      if (first.readInt32BE(4) !== 80877103) return void socket.destroy(); // SSLRequest
      socket.write("S");
      const secure = new TLSSocket(socket, { isServer: true, cert: CERTIFICATE, key: KEY });
      const upstream = connect(Number(target.port || 5432), target.hostname);
      secure.on("error", () => upstream.destroy());
      upstream.on("error", () => secure.destroy());
      secure.pipe(upstream).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const folder = tempFolder();
  onTestFinished(() => folder[Symbol.dispose]());
  const ca = folder.file("ca.pem");
  writeFileSync(ca, CERTIFICATE);
  return {
    ca,
    url(host, query) {
      const url = new URL(db.url);
      url.hostname = host;
      url.port = String(port);
      return `${url.href}?${query}`;
    },
  };
}

describe("TLS", () => {
  const attempt = async (url: string): Promise<unknown> => {
    const engine = createAsyncEngine(url);
    try {
      return await engine.scalar(text("SELECT repeat('x', 100000)")).then((value) => String(value).length);
    } finally {
      await engine.dispose();
    }
  };

  it("encrypts without checking by sslmode=require, and checks what the other modes ask for", async () => {
    const { url, ca } = await tlsServer();
    expect(await attempt(url("localhost", "sslmode=require"))).toBe(100_000);
    expect(await attempt(url("localhost", "sslmode=prefer"))).toBe(100_000);
    expect(await attempt(url("localhost", `sslmode=verify-full&sslrootcert=${ca}`))).toBe(100_000);
    expect(await attempt(url("127.0.0.1", `sslmode=verify-ca&sslrootcert=${ca}`))).toBe(100_000);
    expect(await rejection(attempt(url("localhost", "sslmode=verify-full")))).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/certificate is not accepted: .*sslrootcert=/),
    });
    expect(await rejection(attempt(url("127.0.0.1", `sslmode=verify-full&sslrootcert=${ca}`)))).toMatchObject({
      name: "OperationalError",
    });
  });

  it("is refused with the way out where the server has none", async () => {
    const engine = db.engine(undefined, "?sslmode=require");
    const ssl = await db.engine().scalar(text("SHOW ssl"));
    if (ssl === "on") return;
    expect(await rejection(engine.connect())).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/sslmode=disable/),
    });
  });

  it("cancels over TLS too, and runSync over it is an error that says why", async () => {
    const { url } = await tlsServer();
    const engine = createAsyncEngine(url("localhost", "sslmode=require"));
    onTestFinished(() => engine.dispose());
    await engine.connect(async (c) => {
      const signal = AbortSignal.timeout(100);
      const started = performance.now();
      await rejection(c.execute(text("SELECT pg_sleep(30)"), null, { signal }));
      expect(performance.now() - started).toBeLessThan(4000);
      await c.rollback();
      expect(await c.execute(text("SELECT 1")).scalar()).toBe(1);
      await c.runSync((s) => expect(() => s.execute(text("SELECT 1"))).toThrow(/encrypted \(TLS\)/));
    });
  });
});
