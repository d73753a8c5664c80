import { expect, expectTypeOf, test } from "vitest";
import {
  asyncSessionmaker,
  attrs,
  Column,
  column,
  del,
  func,
  type InferRow,
  InvalidRequestError,
  insert,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  update,
} from "../../src/index.js";
import { bothDatabases, names } from "./both-databases.js";

const reg = registry();
const word = table("ret_word", reg.metadata, {
  id: column(t.integer, { primaryKey: true }),
  text: column(t.text, { nullable: false }),
  n: column(t.bigint),
});

@reg.Entity("ret_users")
class User {
  @PrimaryKey() id!: number;
  @Column() name!: string;
}

const engines = bothDatabases((engine) => reg.metadata.createAll(engine));

test("RETURNING of an object of columns gives objects, of INSERT, UPDATE and DELETE", async () => {
  const upper = func.upper(word.c.text);
  const made = insert(word)
    .values([
      { text: "a", n: 1n },
      { text: "b", n: null },
    ])
    .returning({ key: word.c.id, text: upper, n: word.c.n });
  expectTypeOf<InferRow<typeof made>>().toEqualTypeOf<{ key: number; text: string; n: bigint | null }>();
  const changed = update(word).where(word.c.text.eq("a")).values({ n: 7n }).returning({ n: word.c.n });
  const gone = del(word).all().returning({ was: word.c.text });
  for (const name of names) {
    await engines[name].begin(async (c) => {
      expect(await c.execute(made).all(), name).toEqual([
        { key: 1, text: "A", n: 1n },
        { key: 2, text: "B", n: null },
      ]);
      const many = insert(word).returning({ id: word.c.id });
      expect(await c.execute(many, [{ text: "c" }, { text: "d" }]).all(), name).toEqual([{ id: 3 }, { id: 4 }]);
      expect(await c.execute(changed).one(), name).toEqual({ n: 7n });
      // the same SQL with tuples for rows is another statement
      expect([...((await c.execute(changed.with({ rowKeys: [] })).one()) as unknown as unknown[])], name).toEqual([7n]);
      expect((await c.execute(gone).all()).map((row) => row.was).sort(), name).toEqual(["a", "b", "c", "d"]);
    });
  }
});

test("a CTE that writes has the columns of its RETURNING by their keys", async () => {
  const made = insert(word).values({ text: "x" }).returning({ key: word.c.id, was: word.c.text }).cte("made");
  const query = select({ id: made.c.key, was: made.c.was });
  expectTypeOf<InferRow<typeof query>>().toEqualTypeOf<{ id: number; was: string }>();
  await using c = await engines.postgresql.connect();
  expect((await c.execute(query).one()).was).toBe("x");
});

test("a session gives objects as well, with entities in them", async () => {
  const u = attrs(User);
  for (const name of names) {
    await using session = asyncSessionmaker(engines[name])();
    const made = insert(User).values({ name: "Ann" }).returning({ id: u.id, user: User });
    expectTypeOf<InferRow<typeof made>>().toEqualTypeOf<{ id: number; user: User }>();
    const row = (await session.execute(made)).one();
    expect(row.user, name).toBe(await session.get(User, row.id));
    expect(row.user.name, name).toBe("Ann");
  }
});

test("an object and further columns do not go together, and an object has to name something", () => {
  const one = del(word).all().returning({ id: word.c.id });
  expect(() => one.returning(word.c.text)).toThrow(InvalidRequestError);
  expect(() => del(word).all().returning(word.c.id).returning({ n: word.c.n })).toThrow(
    "returning({ ... }) gives objects and takes no more columns: name all of them in one object.",
  );
  expect(() => del(word).returning({})).toThrow("returning({}) selects nothing: name at least one column.");
  expect(() => del(word).returning({ word: word as never })).toThrow(
    "returning({ word }): table ret_word is no single",
  );
});
