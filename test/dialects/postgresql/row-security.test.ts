/** Settings of a transaction, and row-level security by them: each tenant sees and writes its own rows over one pool. */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  asyncSessionmaker,
  Column,
  createAsyncEngine,
  DDL,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();
/** Owners and superusers pass by policies: the program works under a role that is neither. */
const APP = `rls_${randomBytes(4).toString("hex")}`;

@reg.Entity("rls_accounts")
class Account {
  @PrimaryKey() id!: number;
  @Column(t.integer, { serverDefault: text("current_setting('app.tenant')::int") }) tenant!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Entry,
    (e) => e.account,
  )
  entries!: Entry[];
}

@reg.Entity("rls_entries")
class Entry {
  @PrimaryKey() id!: number;
  @Column(t.integer, { serverDefault: text("current_setting('app.tenant')::int") }) tenant!: number;
  @ManyToOne(
    () => Account,
    (a) => a.entries,
  )
  account!: Relation<Account> | null;
}

for (const cls of [Account, Entry]) {
  const table = reg.metadata.tables.get(cls === Account ? "rls_accounts" : "rls_entries");
  const name = cls === Account ? "rls_accounts" : "rls_entries";
  for (const sql of [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `CREATE POLICY tenant ON ${name} USING (tenant = current_setting('app.tenant')::int)`,
    `GRANT ALL ON ${name} TO ${APP}`,
    `GRANT ALL ON SEQUENCE ${name}_id_seq TO ${APP}`,
  ])
    reg.metadata.attach("afterCreate", new DDL(sql), table as never);
}

const tenant = (id: number) => ({ role: APP, "app.tenant": id });
const shown = (name: string) => text(`SELECT current_setting('${name}', true)`);

beforeAll(async () => {
  const engine = createAsyncEngine(db.url);
  await engine.execute(text(`CREATE ROLE ${APP}`));
  await reg.metadata.createAll(engine);
  await engine.dispose();
});

afterAll(async () => {
  const engine = createAsyncEngine(db.url);
  for (const sql of [`DROP OWNED BY ${APP}`, `DROP ROLE ${APP}`]) await engine.execute(text(sql));
  await engine.dispose();
});

describe("settings of a transaction", () => {
  test("hold for it and are gone afterwards: of engine, connection, transaction and session", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const settings = { "app.tenant": 7, search_path: "pg_catalog, public", statement_timeout: "5s" };
    const inForce = async (run: { scalar(statement: ReturnType<typeof text>): Promise<unknown> }) =>
      await Promise.all(Object.keys(settings).map((name) => run.scalar(shown(name))));
    const expected = ["7", "pg_catalog, public", "5s"];
    await engine.begin(async (c) => expect(await inForce(c)).toEqual(expected), { settings });
    expect(await engine.scalar(shown("app.tenant"))).toBe("");
    await engine.transaction(async (c) => expect(await inForce(c)).toEqual(expected), { settings });
    await engine.connect(async (c) => {
      await c.executionOptions({ settings });
      expect(await inForce(c)).toEqual(expected);
      await c.rollback();
      expect(await inForce(c)).toEqual(expected);
      await c.rollback();
      await c.begin(async () => expect(await c.scalar(shown("app.tenant"))).toBe("8"), {
        settings: { "app.tenant": 8, statement_timeout: null },
      });
    });
    expect(await inForce(engine.executionOptions({ settings }))).toEqual(expected);
    const Session = asyncSessionmaker(engine, { transactionOptions: { settings } });
    await using session = Session();
    expect(await inForce(session)).toEqual(expected);
    await session.commit();
    expect(await inForce(session)).toEqual(expected);
    await session.runSync((s) => expect(s.scalar(shown("app.tenant"))).toBe("7"));
    await session.close();
    await Session.transaction(async (s) => expect(await s.scalar(shown("app.tenant"))).toBe("9"), {
      settings: { "app.tenant": 9 },
    });
    expect(await engine.scalar(shown("app.tenant"))).toBe("");
    expect(await engine.scalar(shown("search_path"))).toBe('"$user", public');
  });

  test("cost one exchange, in which BEGIN travels, and are seen in the log", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    using log = recordStatements(engine);
    await engine.begin((c) => c.scalar(text("SELECT 1")), { settings: { "app.tenant": 1, "app.user": "x" } });
    expect(log.texts()).toEqual(["SELECT set_config($1, $2, true), set_config($3, $4, true)", "SELECT 1"]);
    expect(log.statements[0]?.parameters).toEqual(["app.tenant", "1", "app.user", "x"]);
  });

  test("may be given by a function, which is asked at each begin: whoever is served at the time", async () => {
    const engine = db.engine({ poolSize: 3 });
    const current = new AsyncLocalStorage<number>();
    const Session = asyncSessionmaker(engine, {
      transactionOptions: { settings: () => ({ "app.tenant": current.getStore() ?? 0 }) },
    });
    const serve = (id: number) => current.run(id, () => Session.begin((s) => s.scalar(shown("app.tenant"))));
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(serve))).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("that the server refuses, or that are none, are errors, and the connection is as before", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const begin = (settings: object, isolationLevel?: "AUTOCOMMIT") =>
      rejection(engine.begin(() => {}, { settings: settings as never, ...(isolationLevel && { isolationLevel }) }));
    expect(await begin({ nonsense: 1 })).toMatchObject({ name: "ProgrammingError", code: "42704" });
    expect(await begin({ statement_timeout: "soon" })).toMatchObject({ name: "DataError" });
    expect(await begin({ "app.x": undefined })).toMatchObject({
      name: "ArgumentError",
      message: expect.stringMatching(/The setting "app.x" of a transaction is undefined: give it text/),
    });
    expect(await begin(async () => ({}))).toMatchObject({ message: expect.stringMatching(/a synchronous function/) });
    expect(await begin({ "app.x": 1 }, "AUTOCOMMIT")).toMatchObject({
      message: expect.stringMatching(/Settings hold for a transaction, and AUTOCOMMIT has none/),
    });
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 1 });
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
    const lite = createAsyncEngine("sqlite://");
    await expect(lite.begin(() => {}, { settings: { a: 1 } })).rejects.toThrow(
      "The sqlite dialect has no settings of a transaction (a).",
    );
    await lite.dispose();
  });
});

test("row-level security by a setting: flushes, loads and statements of a session see and write its tenant's rows only", async () => {
  const engine = db.engine({ poolSize: 2, maxOverflow: 0 });
  const sessionOf = (id: number) => asyncSessionmaker(engine, { transactionOptions: { settings: tenant(id) } });
  const account = (name: string) => Object.assign(new Account(), { name, entries: [new Entry(), new Entry()] });
  await Promise.all([1, 2].map((id) => sessionOf(id).begin((s) => s.add(account(`of ${id}`)))));
  for (const id of [1, 2]) {
    await using session = sessionOf(id)();
    const [own, ...others] = await session
      .scalars(select(Account).options(selectinload(Account, (a) => a.entries)))
      .all();
    expect(others).toEqual([]);
    expect([own?.name, own?.tenant, own?.entries.length]).toEqual([`of ${id}`, id, 2]);
    const foreign = await engine.scalar(text("SELECT id FROM rls_accounts WHERE tenant <> :id"), { id });
    expect(await session.get(Account, foreign as number)).toBeNull();
    session.add(Object.assign(new Account(), { name: "smuggled", tenant: 3 - id }));
    expect(await rejection(session.flush())).toMatchObject({ name: "ProgrammingError", code: "42501" });
    await session.rollback();
    expect(await session.scalars(select(Account)).all()).toHaveLength(1);
  }
  expect(await engine.scalar(text("SELECT count(*)::int FROM rls_accounts"))).toBe(2);
});
