/** What is wrong with a URL, a server or a use is said at once, and with the way out. */
import Module from "node:module";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type AsyncEngine, asyncSessionmaker, createAsyncEngine, createEngine, text } from "../../../src/index.js";
import { type OwnServer, startOwnServer } from "../../support/own-postgres.js";
import { inTime, sleep } from "./faults/support.js";
import { rejection } from "./support.js";

let server: OwnServer;

beforeAll(async () => {
  server = await startOwnServer();
}, 60_000);
afterAll(() => server.stop());

function engineAt(change: (url: URL) => void, options: Parameters<typeof createAsyncEngine>[1] = {}): AsyncEngine {
  const url = new URL(server.url);
  change(url);
  const engine = createAsyncEngine(url.href, options);
  onTestFinished(() => engine.dispose({ force: true }));
  return engine;
}

/** Has a package not be found, as where nobody has installed it. */
async function without(name: string, run: () => Promise<void>): Promise<void> {
  const loader = Module as unknown as { _resolveFilename: (...args: unknown[]) => string };
  const original = loader._resolveFilename;
  loader._resolveFilename = (...args) => {
    if (args[0] === name) throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    return original(...args);
  };
  try {
    await run();
  } finally {
    loader._resolveFilename = original;
  }
}

// The driver must not have been loaded before: this is the first test of the file.
test("a driver that is not installed is an error of the first connection, which says what to install", async () => {
  await without("pg", async () => {
    expect(await rejection(engineAt(() => {}).connect())).toMatchObject({
      name: "NoSuchModuleError",
      message: expect.stringMatching(/The package "pg", .* is not installed\. Install it with: npm install pg$/),
    });
  });
  await without("better-sqlite3", async () => {
    const engine = createAsyncEngine("sqlite://");
    expect(await rejection(engine.connect())).toMatchObject({
      name: "NoSuchModuleError",
      message: expect.stringMatching(/"better-sqlite3".* npm install better-sqlite3/s),
    });
  });
  // Once it is installed, the same engine works.
  expect(await engineAt(() => {}).scalar(text("SELECT 1"))).toBe(1);
});

describe("the options of an engine", () => {
  const wrong: [object, RegExp][] = [
    [{ pool_size: 5 }, /An engine knows no option "pool_size"\. It is written poolSize\./],
    [{ pool: 5 }, /An engine knows no option "pool"\. It knows .*poolSize/],
    [{ poolSize: -1 }, /option poolSize is a whole number from 0 up, where 0 is no bound, not -1/],
    [{ poolSize: "5" }, /option poolSize is a whole number .*, not "5"/],
    [{ maxOverflow: 1.5 }, /option maxOverflow is a whole number from 0 up, or -1 for no bound, not 1\.5/],
    [{ poolTimeout: Number.NaN }, /option poolTimeout is a number of seconds from 0 up, not NaN/],
    [{ poolRecycle: -2 }, /option poolRecycle is a number of seconds, or -1 for never, not -2/],
    [{ poolResetOnReturn: "never" }, /option poolResetOnReturn is "rollback", "commit" or null, not "never"/],
    [{ poolClass: class {} }, /option poolClass is a class of pools/],
    [{ echo: "yes" }, /option echo is true, false, "debug" or a function, not "yes"/],
    [{ creator: "me" }, /option creator is a function, not "me"/],
    [{ isolationLevel: "serializable" }, /Invalid value "serializable" for isolationLevel\. Valid .*SERIALIZABLE/],
  ];
  test.each(wrong)("%o are refused when it is made", (options, message) => {
    expect(() => createAsyncEngine("postgresql://h/d", options as never)).toThrow(message);
    expect(() => createEngine("sqlite://", options as never)).toThrow(message);
  });

  test("creator must give what its driver makes, connected", async () => {
    const wrong: [string, () => unknown, RegExp][] = [
      [
        "postgresql://h/d",
        () => "postgresql://u:secret@h/d",
        /^creator, or a handler of doConnect, gave text, and what is needed is a connected Client of pg/,
      ],
      [
        "postgresql://h/d",
        () => new pg.Pool(),
        /gave an instance of BoundPool, and what is needed is a connected Client of pg \(a Pool is none\)/,
      ],
      [
        "postgresql://h/d",
        () => new pg.Client(),
        /a Client of pg that is not connected: await client\.connect\(\) before it is returned/,
      ],
      ["sqlite://", () => ({}), /gave a plain object, and what is needed is a Database of better-sqlite3/],
      ["pglite://", () => 5, /gave 5, and what is needed is a PGlite of @electric-sql\/pglite/],
    ];
    for (const [url, creator, message] of wrong) {
      const engine = createAsyncEngine(url, { creator });
      expect((await rejection(inTime(engine.scalar(text("SELECT 1"))))).message).toMatch(message);
      await engine.dispose();
    }
  });

  test("may be undefined, as where a setting is absent, and a wait may be without end", async () => {
    const engine = engineAt(() => {}, {
      poolSize: 1,
      maxOverflow: 0,
      poolTimeout: Number.POSITIVE_INFINITY,
      echo: undefined,
    } as never);
    const first = await engine.connect();
    const waiting = engine.scalar(text("SELECT 1"));
    await sleep(20);
    expect(engine.status().waiting).toBe(1);
    await first.close();
    expect(await waiting).toBe(1);
  });
});

describe("a URL", () => {
  test("may be the platform's own object", () => {
    expect(String(createAsyncEngine(new URL("postgresql://u:p@h:5/d?sslmode=require") as never).url)).toBe(
      "postgresql://u:***@h:5/d?sslmode=require",
    );
  });

  const wrong: [string, string, RegExp][] = [
    ["that is none", "localhost/db", /Could not read a database URL from "localhost\/db"; its form is dialect:\/\//],
    [
      "of an unknown database",
      "oracle://h/d",
      /There is no dialect for "oracle" \(URL "oracle:\/\/h\/d"\); known are .*postgresql/,
    ],
    [
      "of an unknown driver",
      "postgresql+asyncpg://u:pw@h/d",
      /"postgresql" has no driver "asyncpg" \(URL ".*u:\*\*\*@h\/d"\); known are/,
    ],
    ["with a port that is none", "postgresql://h:x/d", /"x" is no port/],
  ];
  test.each(wrong)("%s is refused when the engine is made, without its password", (_what, url, message) => {
    expect(() => createAsyncEngine(url)).toThrow(message);
    expect(() => createAsyncEngine(url)).not.toThrow(/pw/);
  });

  test("[CE-02] and dialectOptions take the same options, typed, and refuse those that there are not", () => {
    const make = (options: object, url = "postgresql://h/d") =>
      createAsyncEngine(url, { dialectOptions: options as never });
    expect(() => make({ postgresql: { preparedStatments: false } })).toThrow(
      /PostgreSQL knows no option "preparedStatments" in dialectOptions; it knows .*preparedStatements/,
    );
    expect(() => make({ postgresql: { queryTimeout: -1 } })).toThrow(
      'The option "queryTimeout" of PostgreSQL is a number, not "-1"',
    );
    expect(() => make({ postgresql: { keepalives: "perhaps" } })).toThrow(
      'The option "keepalives" of PostgreSQL is true or false, not "perhaps"',
    );
    expect(() => make({ postgresql: { sslmode: "very" } })).toThrow(
      /"sslmode" of PostgreSQL is disable, allow, .* or no-verify, not "very"/,
    );
    expect(() => make({ sqlite: { journal: "wal" } }, "sqlite://")).toThrow(
      /SQLite knows no option "journal" in dialectOptions; it knows .*journalMode/,
    );
    // One configuration serves several databases and drivers.
    const shared = {
      postgresql: { queryTimeout: 5, syncTransport: "worker" },
      sqlite: { onOpen() {}, syncTimeout: 2 },
    };
    for (const url of ["postgresql://h/d", "pglite://", "sqlite://", "sqlite+worker://"]) make(shared, url);
    // @ts-expect-error: a name that there is not
    expect(() => createAsyncEngine("sqlite://", { dialectOptions: { sqlite: { foreign: true } } })).toThrow(/foreign/);
    const soon = {
      // @ts-expect-error: a number of milliseconds
      dialectOptions: { postgresql: { queryTimeout: "soon" } },
    } satisfies Parameters<typeof createAsyncEngine>[1];
    expect(() => createAsyncEngine("postgresql://h/d", soon as never)).toThrow(/soon/);
  });

  test("[CE-01] carries any password, and is printed without it", async () => {
    const password = "p@ss:w/o?r#d %41ä'\"\\";
    await engineAt(() => {}).execute(text(`CREATE ROLE odd LOGIN PASSWORD '${password.replaceAll("'", "''")}'`));
    const engine = engineAt((url) => {
      url.username = "odd";
      url.password = encodeURIComponent(password);
    });
    expect(await engine.scalar(text("SELECT current_user"))).toBe("odd");
    expect(`${engine.url} ${JSON.stringify(engine.url)}`).not.toContain("ss");
  });
});

describe("a server", () => {
  test("that does not know the password, the user or the database says which, and where", async () => {
    for (const [change, code, message] of [
      [
        (url: URL) => {
          url.password = "wrong";
        },
        "28P01",
        /password authentication failed for user "postgres"/,
      ],
      [
        (url: URL) => {
          url.password = "";
        },
        "28P01",
        /asks for a password, and the URL has none/,
      ],
      [
        (url: URL) => {
          url.pathname = "/nowhere";
        },
        "3D000",
        /database "nowhere" does not exist/,
      ],
    ] as const) {
      const error = await rejection(engineAt(change).connect());
      expect(error).toMatchObject({ name: "OperationalError", code, message: expect.stringMatching(message) });
      expect(error.message).toContain(`while connecting to postgresql://postgres`);
      expect(error.message).not.toContain("wrong");
    }
  });

  test("that is not there, or has no such name, says what was tried", async () => {
    expect(
      await rejection(
        engineAt((url) => {
          url.port = "1";
        }).connect(),
      ),
    ).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(
        /Could not reach the server: .*ECONNREFUSED.*127\.0\.0\.1:1.*while connecting to/s,
      ),
    });
    expect(
      await rejection(
        engineAt((url) => {
          url.hostname = "no-such-host.invalid";
        }).connect(),
      ),
    ).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/Could not reach the server: .*no-such-host\.invalid/),
    });
    expect(
      await rejection(
        engineAt((url) => {
          url.search = "?host=/no/such/socket";
        }).connect(),
      ),
    ).toMatchObject({
      name: "OperationalError",
      message: expect.stringMatching(/\/no\/such\/socket/),
    });
  });

  test("without TLS refuses it with the way out", async () => {
    for (const transport of ["fd", "worker"]) {
      const engine = engineAt((url) => {
        url.search = `?sslmode=require&sync_transport=${transport}`;
      });
      expect(await rejection(engine.connect())).toMatchObject({
        name: "OperationalError",
        message: expect.stringMatching(
          /does not support SSL connections\. Set sslmode=disable to connect without TLS\./,
        ),
      });
    }
  });
});

describe("an engine", () => {
  test("[CP-01] whose connections are all out says how many, since when, and in debug by whom", async () => {
    const engine = engineAt(() => {}, { poolSize: 1, maxOverflow: 1, poolTimeout: 0.05, poolDebug: true });
    async function greedy() {
      return [await engine.connect(), await engine.connect()];
    }
    const taken = await greedy();
    const error = await rejection(engine.scalar(text("SELECT 1")));
    expect(error).toMatchObject({
      name: "TimeoutError",
      message: expect.stringMatching(
        /^QueuePool limit of size 1 overflow 1 reached, connection timed out after 0\.05 s: 2 checked out, the oldest since 0\.\d+ s/,
      ),
    });
    expect(error.message).toContain("greedy");
    await Promise.all(taken.map((c) => c.close()));
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
  });

  test("that was disposed of says so to everybody: new calls, those that wait, and sessions", async () => {
    const engine = engineAt(() => {}, { poolSize: 1, maxOverflow: 0 });
    const c = await engine.connect();
    const waiting = rejection(engine.connect());
    await engine.dispose();
    const gone = {
      name: "InvalidRequestError",
      message: expect.stringMatching(/has been disposed of.*Make a new engine/),
    };
    expect(await waiting).toMatchObject(gone);
    expect(await rejection(engine.connect())).toMatchObject(gone);
    expect(await rejection(engine.scalar(text("SELECT 1")))).toMatchObject(gone);
    expect(await rejection(asyncSessionmaker(engine)().execute(text("SELECT 1")))).toMatchObject(gone);
    // Who has a connection may finish.
    expect(await c.scalar(text("SELECT 1"))).toBe(1);
    await c.close();
    expect(engine.status()).toMatchObject({ idle: 0, checkedOut: 0, disposed: true });
    await engine.dispose();
  });

  test("that is disposed of while a connection is being opened closes it, and says so", async () => {
    const engine = engineAt(() => {});
    const opening = rejection(engine.connect());
    await new Promise((resolve) => setImmediate(resolve));
    await engine.dispose();
    expect(await opening).toMatchObject({ name: "InvalidRequestError", message: expect.stringMatching(/disposed of/) });
    expect(engine.status()).toMatchObject({ idle: 0, checkedOut: 0 });
  });
});

test("more parameters than the protocol can count are an error that says what to do, and the connection goes on", async () => {
  const engine = engineAt(() => {}, { poolSize: 1, maxOverflow: 0 } as never);
  const names = Array.from({ length: 65_536 }, (_, i) => `p${i}`);
  const values = Object.fromEntries(names.map((name) => [name, 1]));
  const many = text(`SELECT 1 WHERE 1 IN (${names.map((name) => `:${name}`).join()})`);
  expect((await rejection(engine.execute(many, values))).message).toMatch(
    /^PostgreSQL takes 65535 parameters in one statement at most, and this one has 65536\. .*copyFrom\(\)\.$/,
  );
  expect(await engine.scalar(text("SELECT 1"))).toBe(1);
});
