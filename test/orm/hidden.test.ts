/** Columns with `hidden: true`: their values are shown to nobody who does not ask for them. */
import { inspect } from "node:util";
import { expect, expectTypeOf, test } from "vitest";
import {
  assign,
  attrs,
  Column,
  type Create,
  column,
  create,
  type EchoEvent,
  formatEcho,
  type Hidden,
  IntegrityError,
  insert,
  MetaData,
  type OptionalProps,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  text,
  toObject,
  update,
} from "../../src/index.js";
import { freshDatabase } from "../support/database.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("accounts")
class Account {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(30), { unique: true }) name!: string;
  @Column(t.integer, { nullable: false }) age!: number;
  @Column(t.string(60), { hidden: true, unique: true }) secret!: Hidden<string>;
}

const SECRET = "correct-horse-battery";

async function stored() {
  const events: EchoEvent[] = [];
  const store = await storeFor(reg, {}, { engine: { echo: (event) => void events.push(event) } });
  const session = store.Session();
  const account = make(Account, { name: "Ann", age: 30, secret: SECRET });
  session.add(account);
  await session.flush();
  const log = (): string =>
    `${events.map(formatEcho).join("\n")}${inspect(events, { depth: 9, maxStringLength: null })}`;
  return { ...store, session, account, log };
}

test("[DC-02] JSON, toObject and console.log leave it out, and toObject gives it to who names it", async () => {
  const { session, account } = await stored();
  await using _ = session;
  expect(JSON.stringify(account)).not.toContain(SECRET);
  expect(inspect(account)).not.toContain(SECRET);
  expect(Object.keys(toObject(account))).toEqual(["id", "name", "age"]);
  expect(Object.keys(toObject(account, { exclude: ["age"] }))).toEqual(["id", "name"]);
  expect(toObject(account, { include: ["id", "secret"] })).toEqual({ id: 1, secret: SECRET });
  expect(account.secret).toBe(SECRET);
});

test("[DC-02] the log has no such value: of flushes, queries, bulk statements and rows", async () => {
  const { engine, session, log } = await stored();
  await using _ = session;
  const found = await session.scalars(select(Account).where((a) => a.secret.in([SECRET, "other-secret"]))).one();
  found.secret = "another-secret";
  await session.flush();
  await session.execute(
    update(Account)
      .where((a) => a.secret.eq("another-secret"))
      .values({ secret: "third-secret" }),
  );
  await session.execute(insert(Account), [
    { name: "Bob", age: 1, secret: "fourth-secret" },
    { name: "Cid", age: 2, secret: "fifth-secret" },
  ]);
  await session.scalars(select(Account).where((a) => a.secret.startsWith("four"))).all();
  await session.execute(select(attrs(Account).secret)).all();
  expect(log()).not.toMatch(/-secret|horse|four%/);
  expect(log()).toContain("***");
  expect(log()).toContain("Ann");
  expect(engine.dialect.name).toBeDefined();
});

test("[DC-02] error messages have none either, nor has what the server says of the row", async () => {
  const { session, log } = await stored();
  await using _ = session;
  const shown = (error: unknown): string => inspect(error, { depth: 9, showHidden: true });
  const twice = session.beginNested((s) => {
    s.add(make(Account, { name: "Bob", age: 1, secret: SECRET }));
  });
  const unique = await twice.catch((error: unknown) => error);
  expect(unique).toBeInstanceOf(IntegrityError);
  expect(shown(unique)).not.toContain(SECRET);
  expect(shown(unique)).toContain("***");
  expect((unique as IntegrityError).violation).toBe("unique");
  // The statement names another column; PostgreSQL would show the whole row.
  const missing = await session
    .beginNested((s) =>
      s.execute(
        update(Account)
          .where((a) => a.name.eq("Ann"))
          .values({ age: null as never }),
      ),
    )
    .catch((error: unknown) => error);
  expect((missing as IntegrityError).violation).toBe("notNull");
  expect(shown(missing)).not.toContain(SECRET);
  expect(log()).not.toContain(SECRET);
});

test("[DC-02] input gives it only where it is asked for, in types too", async () => {
  expectTypeOf<Create<Account>>().toEqualTypeOf<{ name: string; age: number } & { id?: number }>();
  // @ts-expect-error it is hidden
  expect(() => create(Account, { name: "a", age: 1, secret: "x" })).toThrow(
    'create(Account, ...): "secret" is hidden, and is given only where it is asked for: create(..., { include: ["secret"] }).',
  );
  const made = create(Account, { name: "a", age: 1, secret: "x" }, { include: ["secret"] });
  expect(made.secret).toBe("x");
  expect(create(Account, { name: "a", age: 1 }).secret).toBeUndefined();
  expect(() => assign(made, { secret: "y" })).toThrow(
    'Account.secret is hidden, and is set from input only where "only" names it.',
  );
  expect(assign(made, { secret: "y" }, { only: ["secret"] }).secret).toBe("y");
});

test("[DC-02] a column of a plain table is hidden from the log too", async () => {
  const events: EchoEvent[] = [];
  const { engine } = await freshDatabase({ engine: { echo: (event: EchoEvent) => void events.push(event) } } as never);
  const metadata = new MetaData();
  const keys = table("keys", metadata, {
    id: column(t.integer, { primaryKey: true }),
    token: column(t.text, { hidden: true }),
  });
  await metadata.createAll(engine);
  await engine.begin(async (c) => {
    await c.execute(insert(keys).values({ id: 1, token: SECRET }));
    expect((await c.execute(select(keys.c.token).where(keys.c.token.eq(SECRET)))).scalar()).toBe(SECRET);
    // Text says nothing of its parameters.
    await c.execute(text("select 1 where 'shown' = :x"), { x: "shown" });
  });
  expect(inspect(events, { depth: 9 })).not.toContain(SECRET);
  await engine.dispose();
});
