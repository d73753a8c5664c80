import { describe, expect, test } from "vitest";
import {
  type AsyncConnection,
  and,
  bindparam,
  caseWhen,
  column,
  del,
  exists,
  func,
  InvalidRequestError,
  insert,
  literal,
  MetaData,
  select,
  t,
  table,
  tuple,
  update,
  values,
} from "../../../src/index.js";
import { connections, type Executable, onBothDatabases, statement } from "./statements.js";
import { dept, emp, sale, seat } from "./world.js";

const more = new MetaData();
let calls = 0;
/** Defaults of every kind. */
const made = table("made", more, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.text, { nullable: false }),
  plain: column(t.integer, { default: 7 }),
  slug: column(t.text, { default: (context) => `${String(context.getCurrentParameters()["name"])}-slug` }),
  n: column(t.integer, { default: () => ++calls }),
  upper: column(t.text, { default: func.upper("dflt") }),
  count: column(t.integer, { default: select(func.count()).selectFrom(emp).scalarSubquery() }),
  server: column(t.text, { serverDefault: "srv" }),
  touched: column(t.text, { onupdate: "touched" }),
});
const bare = table("bare", more, {
  id: column(t.integer, { primaryKey: true }),
  note: column(t.text, { serverDefault: "x" }),
});

onBothDatabases({ metadata: more });
const seats = () =>
  select(seat.c.room, seat.c.no, seat.c.holder)
    .where(seat.c.id.ne(2).and(seat.c.id.ne(1)))
    .orderBy(seat.c.room, seat.c.no);

describe("[DM-01] [TU-12] [TU-13] insert", () => {
  statement("one row", () => insert(seat).values({ room: "blue", no: 1 }), {
    count: 1,
    after: [seats, [["blue", 1, null]]],
    sql: {
      sqlite: /^INSERT INTO seat \(room, "no", note\) VALUES \(\?, \?, \?\)/,
      postgresql: /^INSERT INTO seat \(room, "no", note\) VALUES \(\$1, \$2, \$3\)/,
    },
  });
  statement("a table's own insert()", () => seat.insert().values({ room: "blue", no: 1, holder: "x" }), {
    count: 1,
    after: [seats, [["blue", 1, "x"]]],
  });
  statement(
    "several rows in one statement",
    () =>
      insert(seat).values([
        { room: "b", no: 1 },
        { room: "b", no: 2 },
        { room: "a", no: 3 },
      ]),
    {
      count: 3,
      after: [
        seats,
        [
          ["a", 3, null],
          ["b", 1, null],
          ["b", 2, null],
        ],
      ],
    },
  );
  statement("returning columns", () => insert(dept).values({ id: 50, name: "New" }).returning(dept.c.id, dept.c.name), {
    rows: [[50, "New"]],
  });
  statement("returning everything", () => insert(dept).values({ id: 50, name: "New" }).returning(), {
    rows: [[50, "New"]],
  });
  statement(
    "returning an expression under a name",
    () => insert(dept).values({ id: 50, name: "New" }).returning(func.upper(dept.c.name).as("loud")),
    { rows: [["NEW"]] },
  );
  statement(
    "returning rows of several",
    () =>
      insert(dept)
        .values([
          { id: 50, name: "a" },
          { id: 51, name: "b" },
        ])
        .returning(dept.c.name),
    { rows: [["a"], ["b"]] },
  );
  statement(
    "expressions as values",
    () =>
      insert(dept)
        .values({ id: select(func.max(dept.alias("d").c.id).add(1)).scalarSubquery() as never, name: func.upper("x") })
        .returning(dept.c.id, dept.c.name),
    { rows: [[4, "X"]] },
  );
  statement(
    "[QD-06] expressions in one row of several",
    () =>
      insert(dept)
        .values([
          { id: literal(10).add(1), name: "a" },
          { id: 12, name: func.lower("B") },
        ])
        .returning(dept.c.id, dept.c.name),
    {
      rows: [
        [11, "a"],
        [12, "b"],
      ],
    },
  );
  statement(
    "values() twice is one row",
    () =>
      insert(dept)
        .values({ id: 50 } as never)
        .values({ name: "Late" } as never)
        .returning(dept.c.name),
    { rows: [["Late"]] },
  );
  statement("values given at execution", () => insert(dept), {
    params: { id: 50, name: "Given" },
    count: 1,
    after: [() => select(dept.c.name).where(dept.c.id.eq(50)), [["Given"]]],
  });
  statement("[TU-07] several sets of values given at execution", () => insert(dept), {
    params: [
      { id: 50, name: "a" },
      { id: 51, name: "b" },
      { id: 52, name: "c" },
    ],
    count: 3,
    after: [() => select(func.count()).selectFrom(dept), [[6]]],
  });
  statement("[QD-06] an expression for all sets", () => insert(dept).values({ name: func.upper("same") } as never), {
    params: [{ id: 50 }, { id: 51 }],
    count: 2,
    after: [() => select(dept.c.name).where(dept.c.id.ge(50)).orderBy(dept.c.id), [["SAME"], ["SAME"]]],
  });
  statement(
    "a named parameter in values()",
    () => insert(dept).values({ id: bindparam<number>("key"), name: func.lower(bindparam<string>("label")) } as never),
    {
      params: [
        { key: 60, label: "A" },
        { key: 61, label: "B" },
      ],
      count: 2,
      after: [() => select(dept.c.name).where(dept.c.id.ge(50)).orderBy(dept.c.id), [["a"], ["b"]]],
    },
  );
  statement("a row of defaults alone", () => insert(bare).values({}).returning(bare.c.note), {
    rows: [["x"]],
    sql: /DEFAULT VALUES/,
  });
  statement("NULL where a server default stands", () => insert(bare).values({ note: null }).returning(bare.c.note), {
    rows: [[null]],
  });
  statement("from a select", () => insert(seat).fromSelect(["room", "no"], select(dept.c.name, dept.c.id)), {
    count: 3,
    after: [
      seats,
      [
        ["Empty", 3, null],
        ["Lab", 2, null],
        ["Sales", 1, null],
      ],
    ],
  });
  statement(
    "from a select, returning",
    () =>
      insert(dept)
        .fromSelect(["id", "name"], select(dept.c.id.add(10), dept.c.name).where(dept.c.id.eq(1)))
        .returning(dept.c.id),
    { rows: [[11]] },
  );
  statement(
    "from a select, without the defaults of other columns",
    () =>
      insert(seat)
        .fromSelect(["room", "no"], select(literal("z"), literal(9)), { includeDefaults: false })
        .returning(seat.c.note),
    { rows: [[null]] },
  );
  statement(
    "from a set operation",
    () =>
      insert(dept).fromSelect(
        ["id", "name"],
        select(literal(70), literal("u")).unionAll(select(literal(71), literal("v"))),
      ),
    { count: 2 },
  );
  statement(
    "from VALUES",
    () => {
      const v = values({ id: t.integer, name: t.text }, [[80, "v"]], "v");
      return insert(dept).fromSelect(["id", "name"], select(v.c.id, v.c.name)).returning(dept.c.name);
    },
    { rows: [["v"]] },
  );
  statement("a prefix", () => insert(dept).prefixWith("OR IGNORE", "sqlite").values({ id: 50, name: "p" }), {
    count: 1,
    sql: { sqlite: /^INSERT OR IGNORE INTO/, postgresql: /^INSERT INTO/ },
  });
  statement(
    "into an alias",
    () => {
      const d = dept.alias("d");
      return insert(d as never)
        .values({ id: 50, name: "al" })
        .returning(d.c.name as never);
    },
    { rows: [["al"]], sql: /INSERT INTO dept AS d/ },
  );
});

describe("[CD-01] [CD-02] [CD-03] defaults", () => {
  const shown = [made.c.plain, made.c.slug, made.c.upper, made.c.count, made.c.server] as const;
  statement(
    "of every kind",
    () =>
      insert(made)
        .values({ name: "a" })
        .returning(...shown),
    { rows: [[7, "a-slug", "DFLT", 5, "srv"]] },
  );
  statement(
    "a given value wins over each",
    () =>
      insert(made)
        .values({ name: "a", plain: 1, slug: "s", upper: "u", count: 0, server: "x" })
        .returning(...shown),
    { rows: [[1, "s", "u", 0, "x"]] },
  );
  statement(
    "NULL is a value",
    () => insert(made).values({ name: "a", plain: null, slug: null }).returning(made.c.plain, made.c.slug),
    { rows: [[null, null]] },
  );
  statement(
    "functions see the values of their own row",
    () =>
      insert(made)
        .values([{ name: "x" }, { name: "y" }])
        .returning(made.c.slug),
    { rows: [["x-slug"], ["y-slug"]] },
  );
  statement(
    "functions are called for each row",
    () => insert(made).values([{ name: "x" }, { name: "y" }, { name: "z" }]),
    {
      count: 3,
      after: [
        () => select(func.count(made.c.n.distinct()), func.max(made.c.n).sub(func.min(made.c.n) as never)),
        [[3, 2]],
      ],
    },
  );
  statement("and for each set of a batch", () => insert(made), {
    params: [{ name: "x" }, { name: "y" }],
    count: 2,
    after: [
      () => select(made.c.slug, made.c.plain).orderBy(made.c.slug),
      [
        ["x-slug", 7],
        ["y-slug", 7],
      ],
    ],
  });
  statement(
    "in an INSERT from a SELECT",
    () =>
      insert(made)
        .fromSelect(["name"], select(literal("sel")))
        .returning(made.c.plain, made.c.upper),
    { rows: [[7, "DFLT"]] },
  );
  statement("onupdate is set by an UPDATE that does not", () => update(made).all().values({ name: "b" }), {
    count: 0,
    sql: /SET name = .*, touched = /,
  });
  statement("onupdate gives way to a value", () => update(made).all().values({ touched: "mine" }), {
    count: 0,
    sql: { sqlite: "UPDATE made SET touched = ?", postgresql: "UPDATE made SET touched = $1" },
  });
});

describe("[PG-01] [LI-05] [QD-08] upsert", () => {
  const red1 = { id: 1, room: "red", no: 1, holder: "new", state: "taken" };
  const first = () => select(seat.c.holder, seat.c.note, seat.c.state).where(seat.c.id.eq(1));
  statement("do nothing, whatever the conflict", () => insert(seat).values(red1).onConflictDoNothing(), {
    count: 0,
    after: [first, [["ann", "aisle", "taken"]]],
    sql: /ON CONFLICT DO NOTHING$/,
  });
  statement(
    "do nothing on columns",
    () =>
      insert(seat)
        .values({ room: "red", no: 2 })
        .onConflictDoNothing({ indexElements: ["room", "no"] }),
    { count: 0 },
  );
  statement(
    "do nothing leaves other rows alone",
    () =>
      insert(seat)
        .values([
          { room: "red", no: 2 },
          { room: "red", no: 3 },
        ])
        .onConflictDoNothing({ indexElements: [seat.c.room, seat.c.no] }),
    { count: 1 },
  );
  statement(
    "update with values",
    () =>
      insert(seat)
        .values(red1)
        .onConflictDoUpdate({ indexElements: ["id"], set: { holder: "bob" } }),
    { count: 1, after: [first, [["bob", "aisle", "taken"]]] },
  );
  statement(
    "update with the row that was refused",
    () =>
      insert(seat)
        .values(red1)
        .onConflictDoUpdate({
          indexElements: [seat.c.id],
          set: (excluded) => ({ holder: excluded.holder, note: excluded.room.concat("!") }),
        }),
    {
      count: 1,
      after: [first, [["new", "red!", "taken"]]],
      sql: /SET holder = excluded\.holder, note = excluded\.room \|\| /,
    },
  );
  statement(
    "update with old and new together",
    () => {
      const i = insert(seat);
      return i.values({ room: "red", no: 1, note: "n" }).onConflictDoUpdate({
        indexElements: ["room", "no"],
        set: { note: seat.c.note.concat("+").concat(i.excluded.note as never) },
      });
    },
    { count: 1, after: [first, [["ann", "aisle+n", "taken"]]] },
  );
  statement(
    "update only where a condition holds",
    () =>
      insert(seat)
        .values(red1)
        .onConflictDoUpdate({ indexElements: ["id"], set: { holder: "x" }, where: seat.c.state.eq("free") }),
    { count: 0, after: [first, [["ann", "aisle", "taken"]]] },
  );
  statement(
    "a partial index as target",
    () =>
      insert(seat)
        .values({ room: "q", no: 9, holder: "ann", state: "taken" })
        .onConflictDoUpdate({
          indexElements: ["holder"],
          indexWhere: seat.c.state.eq("taken"),
          set: { note: "moved" },
        }),
    { count: 1, after: [first, [["ann", "moved", "taken"]]] },
  );
  statement(
    "an expression as target",
    () =>
      insert(seat)
        .values({ room: "RED", no: 1 })
        .onConflictDoUpdate({ indexElements: [func.lower(seat.c.room), seat.c.no], set: { note: "same room" } }),
    { count: 1, after: [first, [["ann", "same room", "taken"]]], sql: /ON CONFLICT \(lower\(room\), "?no"?\)/ },
  );
  statement(
    "a constraint as target",
    () =>
      insert(seat)
        .values({ room: "red", no: 1 })
        .onConflictDoUpdate({ constraint: "uq_seat_place", set: { note: "c" } }),
    { refused: { sqlite: "ON CONSTRAINT" }, after: [first, [["ann", "c", "taken"]]] },
  );
  statement(
    "a constraint itself as target",
    () =>
      insert(seat)
        .values({ room: "red", no: 1 })
        .onConflictDoNothing({ constraint: { name: "uq_seat_place" } }),
    { refused: { sqlite: "ON CONSTRAINT" }, count: 0 },
  );
  statement(
    "returning what was written",
    () =>
      insert(seat)
        .values(red1)
        .onConflictDoUpdate({ indexElements: ["id"], set: { note: "r" } })
        .returning(seat.c.id, seat.c.note),
    { rows: [[1, "r"]] },
  );
  statement(
    "returning nothing where nothing was",
    () => insert(seat).values(red1).onConflictDoNothing().returning(seat.c.id),
    { rows: [] },
  );
  statement(
    "of several rows",
    () =>
      insert(seat)
        .values([
          { id: 1, room: "red", no: 1, note: "a" },
          { id: 90, room: "new", no: 1, note: "b" },
        ])
        .onConflictDoUpdate({ indexElements: ["id"], set: (excluded) => ({ note: excluded.note }) }),
    {
      count: 2,
      after: [
        () =>
          select(seat.c.note)
            .where(seat.c.id.in([1, 90]))
            .orderBy(seat.c.id),
        [["a"], ["b"]],
      ],
    },
  );
  statement(
    "with several sets of parameters",
    () => insert(dept).onConflictDoUpdate({ indexElements: ["id"], set: (excluded) => ({ name: excluded.name }) }),
    {
      params: [
        { id: 1, name: "S" },
        { id: 77, name: "T" },
      ],
      after: [
        () =>
          select(dept.c.name)
            .where(dept.c.id.in([1, 77]))
            .orderBy(dept.c.id),
        [["S"], ["T"]],
      ],
    },
  );
  statement(
    "from a select",
    () =>
      insert(dept)
        .fromSelect(["id", "name"], select(emp.c.id, emp.c.name))
        .onConflictDoUpdate({ indexElements: ["id"], set: (excluded) => ({ name: excluded.name }) }),
    { count: 5, after: [() => select(dept.c.name).orderBy(dept.c.id).limit(2), [["Ann"], ["Bob"]]] },
  );
  statement(
    "from a select of a join",
    () =>
      insert(dept)
        .fromSelect(["id", "name"], select(emp.c.id, dept.alias("d").c.name).where(emp.c.id.eq(1)).limit(1))
        .onConflictDoNothing(),
    { count: 0 },
  );
  statement(
    "a subquery in SET",
    () =>
      insert(dept)
        .values({ id: 1, name: "x" })
        .onConflictDoUpdate({
          indexElements: ["id"],
          set: { name: select(func.max(emp.c.name)).scalarSubquery() as never },
        }),
    { count: 1, after: [() => select(dept.c.name).where(dept.c.id.eq(1)), [["Eve"]]] },
  );
  statement(
    "[LI-05] several clauses, the first that fits",
    () =>
      insert(seat)
        .values({ id: 2, room: "red", no: 1 })
        .onConflictDoUpdate({ indexElements: ["room", "no"], set: { note: "place" } })
        .onConflictDoUpdate({ indexElements: ["id"], set: { note: "id" } }),
    {
      refused: { postgresql: "several ON CONFLICT" },
      after: [() => select(seat.c.note).orderBy(seat.c.id), [["place"], ["none"]]],
    },
  );
  statement(
    "[LI-05] nothing after an update",
    () =>
      insert(seat)
        .values({ id: 2, room: "x", no: 1 })
        .onConflictDoUpdate({ indexElements: ["room", "no"], set: { note: "place" } })
        .onConflictDoNothing(),
    { refused: { postgresql: "several ON CONFLICT" }, count: 0 },
  );
});

describe("[DM-02] [TU-17] update", () => {
  const salaries = () => select(emp.c.salary).orderBy(emp.c.id);
  statement("values", () => update(emp).values({ salary: 1 }).where(emp.c.id.eq(1)), {
    count: 1,
    after: [salaries, [[1], [80], [120], [80], [60]]],
    sql: { sqlite: "UPDATE emp SET salary = ? WHERE emp.id = ?" },
  });
  statement("a table's own update()", () => emp.update().values({ salary: 2 }).filterBy({ name: "Bob" }), { count: 1 });
  statement(
    "expressions",
    () =>
      update(emp)
        .all()
        .values({ salary: emp.c.salary.add(emp.c.id) }),
    {
      count: 5,
      after: [salaries, [[101], [82], [123], [84], [65]]],
    },
  );
  statement("NULL", () => update(emp).values({ bonus: null }).where(emp.c.bonus.isNotNull()), { count: 3 });
  statement("rows matched are counted, changed or not", () => update(emp).all().values({ salary: emp.c.salary }), {
    count: 5,
  });
  statement("no row", () => update(emp).values({ salary: 1 }).where(emp.c.id.eq(99)), { count: 0 });
  statement(
    "returning",
    () =>
      update(emp)
        .values({ salary: emp.c.salary.mul(2) })
        .where(emp.c.deptId.eq(2))
        .returning(emp.c.id, emp.c.salary),
    {
      rows: [
        [3, 240],
        [4, 160],
      ],
    },
  );
  statement(
    "in the order that is asked",
    () => update(emp).orderedValues(["bonus", 3], [emp.c.salary, 4]).where(emp.c.id.eq(1)),
    { count: 1, sql: /SET bonus = .*, salary = / },
  );
  statement(
    "CASE",
    () =>
      update(emp)
        .all()
        .values({ salary: caseWhen([[emp.c.active, emp.c.salary]], { else: 0 }) }),
    {
      count: 5,
      after: [salaries, [[100], [80], [0], [80], [60]]],
    },
  );
  statement(
    "from another table",
    () =>
      update(emp)
        .values({ name: emp.c.name.concat("@").concat(dept.c.name) })
        .where(emp.c.deptId.eq(dept.c.id), dept.c.name.eq("Lab")),
    {
      count: 2,
      after: [() => select(emp.c.name).where(emp.c.deptId.eq(2)).orderBy(emp.c.id), [["Cid@Lab"], ["Dee@Lab"]]],
      sql: /UPDATE emp SET .* FROM dept WHERE/,
    },
  );
  statement(
    "from a table that is named",
    () => update(emp).values({ bonus: 1 }).from(dept).where(dept.c.id.eq(emp.c.deptId)),
    { count: 4 },
  );
  statement(
    "from a subquery",
    () => {
      const n = select(sale.c.empId, func.sum(sale.c.qty).as("n")).groupBy(sale.c.empId).subquery("n");
      return update(emp).values({ bonus: n.c.n }).where(emp.c.id.eq(n.c.empId));
    },
    { count: 3, after: [() => select(emp.c.bonus).orderBy(emp.c.id), [[4], [10], [2], [5], [null]]] },
  );
  statement(
    "[DM-02] from VALUES",
    () => {
      const v = values(
        { id: t.integer, pay: t.integer },
        [
          [1, 11],
          [2, 22],
        ],
        "v",
      );
      return update(emp).values({ salary: v.c.pay }).where(emp.c.id.eq(v.c.id));
    },
    { count: 2, after: [salaries, [[11], [22], [120], [80], [60]]] },
  );
  statement(
    "from an alias of itself",
    () => {
      const b = emp.alias("b");
      return update(emp).values({ salary: b.c.salary }).where(emp.c.bossId.eq(b.c.id));
    },
    { count: 3, after: [salaries, [[100], [100], [100], [120], [60]]] },
  );
  statement(
    "from a table, returning its columns too",
    () =>
      update(emp)
        .values({ bonus: 9 })
        .where(emp.c.deptId.eq(dept.c.id), emp.c.id.eq(3))
        .returning(emp.c.bonus, dept.c.name),
    { refused: { sqlite: "RETURNING of another table" }, rows: { postgresql: [[9, "Lab"]] } },
  );
  statement(
    "a correlated subquery",
    () =>
      update(dept)
        .values({ name: select(func.max(emp.c.name)).where(emp.c.deptId.eq(dept.c.id)).scalarSubquery() as never })
        .where(dept.c.id.lt(3)),
    { count: 2, after: [() => select(dept.c.name).orderBy(dept.c.id), [["Bob"], ["Dee"], ["Empty"]]] },
  );
  statement(
    "where exists",
    () =>
      update(emp)
        .values({ bonus: 0 })
        .where(exists(sale).where(sale.c.empId.eq(emp.c.id))),
    { count: 3 },
  );
  statement(
    "[TU-07] with named parameters, several times",
    () =>
      update(emp)
        .values({ salary: bindparam<number>("pay") } as never)
        .where(emp.c.id.eq(bindparam<number>("key"))),
    {
      params: [
        { key: 1, pay: 1 },
        { key: 2, pay: 2 },
      ],
      count: 2,
      after: [salaries, [[1], [2], [120], [80], [60]]],
    },
  );
  statement("values given at execution", () => update(emp).where(emp.c.id.eq(bindparam<number>("key"))), {
    params: { key: 1, salary: 5 },
    count: 1,
    after: [() => select(emp.c.salary).where(emp.c.id.eq(1)), [[5]]],
  });
  statement(
    "an alias as the target",
    () => {
      const e = emp.alias("e");
      return update(e as never)
        .values({ salary: 1 } as never)
        .where(e.c.id.eq(1));
    },
    { count: 1, sql: /UPDATE emp AS e SET/ },
  );
  statement(
    "rows of values in the condition",
    () =>
      update(emp)
        .values({ bonus: 1 })
        .where(
          tuple(emp.c.id, emp.c.salary).in([
            [1, 100],
            [2, 0],
          ]),
        ),
    { count: 1 },
  );
});

describe("[DM-03] delete", () => {
  statement("where", () => del(sale).where(sale.c.qty.gt(2)), {
    count: 2,
    after: [() => select(sale.c.id).orderBy(sale.c.id), [[2], [4]]],
    sql: { sqlite: "DELETE FROM sale WHERE sale.qty > ?" },
  });
  statement("a table's own delete()", () => sale.delete().filterBy({ item: "cap" }), { count: 1 });
  statement("everything", () => del(sale).all(), {
    count: 4,
    after: [() => select(func.count()).selectFrom(sale), [[0]]],
  });
  statement("returning", () => del(sale).where(sale.c.item.eq("pen")).returning(sale.c.id), { rows: [[1], [3]] });
  statement("returning everything", () => del(dept).where(dept.c.id.eq(3)).returning(), { rows: [[3, "Empty"]] });
  statement("using another table", () => del(sale).where(sale.c.empId.eq(emp.c.id), emp.c.name.eq("Ann")), {
    refused: { sqlite: "DELETE ... USING" },
    count: 2,
    sql: { postgresql: /DELETE FROM sale USING emp WHERE/ },
  });
  statement("using a table that is named", () => del(sale).using(emp).where(sale.c.empId.eq(emp.c.id)), {
    refused: { sqlite: "DELETE ... USING" },
    count: 4,
  });
  statement(
    "using, returning columns of both",
    () => del(sale).where(sale.c.empId.eq(emp.c.id), sale.c.id.eq(1)).returning(sale.c.item, emp.c.name),
    { refused: { sqlite: "DELETE ... USING" }, rows: { postgresql: [["pen", "Ann"]] } },
  );
  statement("where in a subquery", () => del(sale).where(sale.c.empId.in(select(emp.c.id).where(emp.c.deptId.eq(1)))), {
    count: 3,
  });
  statement("where exists", () => del(dept).where(exists(emp).where(emp.c.deptId.eq(dept.c.id)).not()), { count: 1 });
  statement("with named parameters, several times", () => del(sale).where(sale.c.id.eq(bindparam<number>("key"))), {
    params: [{ key: 1 }, { key: 4 }],
    count: 2,
  });
  statement(
    "an alias as the target",
    () => {
      const s = sale.alias("s");
      return del(s as never).where(s.c.id.eq(1));
    },
    { count: 1, sql: /DELETE FROM sale AS s WHERE s\.id/ },
  );
});

describe("[DM-04] UPDATE and DELETE without a condition", () => {
  const whole = (verb: string) =>
    `${verb}(emp) has no condition and would write every row of emp. Add where(...), or say .all() where every row is meant.`;
  const refusedOnBoth = (title: string, make: () => Executable, verb: string) =>
    test(title, async () => {
      for (const connection of await connections()) {
        await using c = connection;
        const run = async () => void (await c.execute(make()));
        await expect(run()).rejects.toThrow(InvalidRequestError);
        await expect(run()).rejects.toThrow(whole(verb));
      }
    });
  refusedOnBoth(
    "an UPDATE is refused, and the error names the table",
    () => update(emp).values({ bonus: 1 }),
    "update",
  );
  refusedOnBoth("so is a DELETE", () => del(emp), "del");
  refusedOnBoth("a table's own update() and delete() too", () => emp.delete(), "del");
  refusedOnBoth("a list of conditions that turns out empty is none", () => del(emp).where(and(...[])), "del");
  refusedOnBoth("nor is where() of nothing one", () => update(emp).values({ bonus: 1 }).where(), "update");
  refusedOnBoth(
    "other tables beside it say nothing of its rows",
    () => update(emp).values({ bonus: dept.c.id }).from(dept),
    "update",
  );
  test("inside WITH, where the database takes it there", async () => {
    const [sqlite, postgresql] = await connections();
    await using lite = sqlite as AsyncConnection;
    await using pg = postgresql as AsyncConnection;
    const stmt = () => select(del(emp).returning(emp.c.id).cte("gone").c.id);
    await expect((async () => lite.execute(stmt()))()).rejects.toThrow("sqlite has no DELETE inside WITH");
    await expect((async () => pg.execute(stmt()))()).rejects.toThrow(whole("del"));
  });
  refusedOnBoth(
    "after the same statement with all() was compiled and kept",
    () => {
      update(emp).values({ bonus: 1 }).all().compile();
      return update(emp).values({ bonus: 1 });
    },
    "update",
  );
  statement("all() says that every row is meant", () => update(emp).values({ bonus: 1 }).all(), { count: 5 });
  statement("of a DELETE too, in any order", () => sale.delete().all().returning(sale.c.id), {
    rows: [[1], [2], [3], [4]],
  });
  test("such a statement prints while it is being built", () => {
    expect(String(del(emp))).toBe("DELETE FROM emp");
    expect(() => del(emp).compile()).toThrow(InvalidRequestError);
  });
});
