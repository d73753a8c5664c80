/** What listens is no server, or one that breaks off or goes silent in the middle of a login or an answer. */
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, createAsyncEngine, OperationalError, text } from "../../../../src/index.js";
import { threadedProxy } from "../../../support/threaded-proxy.js";
import { rejection, scratchDatabase } from "../support.js";
import { atRest, inTime } from "./support.js";

const db = scratchDatabase();

/** Ways to connect: plain and encrypted, on the socket itself and through the thread. */
const PLAIN = ["", "&sync_transport=worker"];
const TLS = ["&sslmode=require", "&sslmode=require&sync_transport=worker", "&sslmode=require&sslnegotiation=direct"];

/** Starts what listens, and gives an engine for each way to connect to it. */
async function listening(
  ways: readonly string[],
  serve: (socket: Socket) => void,
  seconds = 20,
): Promise<AsyncEngine[]> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return ways.map((way) => {
    const engine = createAsyncEngine(`postgresql://u:p@127.0.0.1:${port}/d?connect_timeout=${seconds}${way}`, {
      poolSize: 1,
    });
    onTestFinished(() => engine.dispose({ force: true }));
    return engine;
  });
}

/** What the first statement fails with; the pool is at rest afterwards. */
async function failure(engine: AsyncEngine): Promise<OperationalError> {
  const error = await inTime(rejection<OperationalError>(engine.scalar(text("SELECT 1"))));
  expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0, idle: 0 });
  return error;
}

const message = (type: string, body: Buffer | string): Buffer => {
  const bytes = Buffer.from(body as string);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
};
const LOGGED_IN = Buffer.concat([
  message("R", Buffer.alloc(4)),
  message("S", "DateStyle\0ISO, MDY\0"),
  message("S", "TimeZone\0UTC\0"),
  message("Z", "I"),
]);

describe("a login", () => {
  test("that is never answered ends by connect_timeout, also in the middle of a TLS handshake", async () => {
    const engines = await listening([...PLAIN, ...TLS], () => {}, 0.3);
    const after = await listening(TLS.slice(0, 2), (socket) => socket.once("data", () => socket.write("S")), 0.3);
    for (const error of await Promise.all([...engines, ...after].map(failure)))
      expect(error).toMatchObject({
        name: "OperationalError",
        message: expect.stringMatching(/No connection to 127\.0\.0\.1:\d+ within the time of connect_timeout/),
      });
  });

  test("that is broken off is an OperationalError that names the server: at once, and after the server took up TLS", async () => {
    const engines = [
      ...(await listening([...PLAIN, ...TLS], (socket) => socket.end())),
      ...(await listening([...PLAIN, ...TLS], (socket) => socket.resetAndDestroy())),
      ...(await listening(TLS, (socket) => socket.once("data", () => socket.end("S")))),
      ...(await listening(PLAIN, (socket) => socket.once("data", () => socket.end(LOGGED_IN.subarray(0, 12))))),
    ];
    for (const error of await Promise.all(engines.map(failure)))
      expect(error.message).toMatch(
        /(terminated unexpectedly|ECONNRESET|disconnected before).* postgresql:\/\/u:\*\*\*@/s,
      );
  });

  test("to what speaks another protocol is an OperationalError that says so", async () => {
    const http = await listening([...PLAIN, ...TLS], (socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    );
    const errors = await Promise.all(http.map(failure));
    for (const error of errors) expect(error).toBeInstanceOf(OperationalError);
    expect(errors[2]?.message).toMatch(/establishing an SSL connection. Set sslmode=disable/);
    expect(errors[4]?.message).toMatch(
      /could not agree on TLS: wrong version number. Either it is no PostgreSQL server/,
    );
    const garbled = await listening(TLS.slice(0, 2), (socket) =>
      socket.once("data", () => socket.write("S", () => socket.once("data", () => socket.write("garbage garbage")))),
    );
    for (const error of await Promise.all(garbled.map(failure)))
      expect(error.message).toMatch(/could not agree on TLS: wrong version number/);
  });

  test("to a server that is starting up is the server's own error", async () => {
    const starting = message("E", "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0");
    const engines = await listening(PLAIN, (socket) => socket.once("data", () => socket.end(starting)));
    for (const engine of engines)
      expect(await failure(engine)).toMatchObject({
        name: "OperationalError",
        code: "57P03",
        message: expect.stringMatching(/^the database system is starting up \(127/),
      });
  });
});

describe("a server that logs us in", () => {
  test("and ends the session with the same words is its own error", async () => {
    const ended = Buffer.concat([LOGGED_IN, message("E", "SFATAL\0VFATAL\0C57P01\0Mthe administrator says no\0\0")]);
    const engines = await listening(PLAIN, (socket) => socket.once("data", () => socket.end(ended)));
    for (const engine of engines)
      expect(await failure(engine)).toMatchObject({
        name: "OperationalError",
        code: "57P01",
        message: expect.stringMatching(/^the administrator says no \(127/),
      });
  });

  test("and answers no statement is given up after query_timeout and 5 s more, which the error says", {
    timeout: 20_000,
  }, async () => {
    const engines = await listening(
      PLAIN.map((way) => `${way}&query_timeout=100`),
      (socket) => socket.once("data", () => socket.write(LOGGED_IN)),
    );
    for (const error of await Promise.all(engines.map(failure)))
      expect(error).toMatchObject({
        name: "OperationalError",
        message: expect.stringMatching(/after 100 ms \(option query_timeout\); the server did not react .* given up/),
        connectionInvalidated: true,
      });
  });

  test("and answers what is no message of the protocol is an error at once", async () => {
    for (const garbage of ["?????????????", "ZZ\0\0\0", "C\0\0\0\x01\0\0\0"]) {
      const engines = await listening(PLAIN, (socket) =>
        socket.once("data", () => socket.write(LOGGED_IN, () => socket.on("data", () => socket.write(garbage)))),
      );
      for (const error of await Promise.all(engines.map(failure)))
        expect(error).toMatchObject({
          name: "InterfaceError",
          message: expect.stringMatching(/^What the server sent is no message of PostgreSQL's protocol/),
          connectionInvalidated: true,
        });
    }
  });

  test("and breaks off inside a message is an error", async () => {
    const half = Buffer.concat([message("1", ""), message("2", ""), message("T", "\0\x01")]).subarray(0, -1);
    const engines = await listening(PLAIN, (socket) =>
      socket.once("data", () => socket.write(LOGGED_IN, () => socket.on("data", () => socket.end(half)))),
    );
    for (const error of await Promise.all(engines.map(failure)))
      expect(error).toMatchObject({ name: "OperationalError", connectionInvalidated: true });
  });
});

test("answers that drip in byte by byte are read as others are, in runSync with both transports too", async () => {
  const proxy = await threadedProxy(db.url);
  onTestFinished(() => proxy[Symbol.asyncDispose]());
  for (const way of ["fd", "worker"]) {
    const engine = createAsyncEngine(`${db.url}?port=${proxy.port}&sync_transport=${way}`, { poolSize: 1 });
    onTestFinished(() => engine.dispose({ force: true }));
    proxy.drip();
    const query = text("SELECT n, 'ä' || n AS s, now() AS at FROM generate_series(1, 20) n");
    await engine.connect(async (c) => {
      const rows = await c.execute(query).all();
      expect(rows).toHaveLength(20);
      await c.runSync((s) => {
        expect(s.execute(query).all()).toEqual(rows);
        expect(() => s.execute(text("SELECT 1/0"))).toThrow(/division by zero/);
        s.rollback();
      });
    });
    proxy.mend();
    await atRest(engine);
  }
});
