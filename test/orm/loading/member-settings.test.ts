/** `where`, `orderBy`, `limit` and `offset` of every loader that takes them, along every kind of relationship. */
import { expect, test } from "vitest";
import {
  awaitable,
  Column,
  containsEager,
  event,
  ForeignKeyConstraint,
  immediateload,
  inspect,
  joinedload,
  lazyload,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("shelves", { tableArgs: [] })
class Shelf {
  @PrimaryKey(t.string(5)) room!: string;
  @PrimaryKey() place!: number;
  @OneToMany(
    () => Item,
    (x) => x.shelf,
    { orderBy: (x) => x.id },
  )
  items!: Item[];
  @ManyToMany(
    () => Mark,
    (x) => x.shelves,
    { secondary: "shelf_marks" },
  )
  marks!: Mark[];
}

@reg.Entity("items", {
  polymorphicOn: "kind",
  polymorphicIdentity: "item",
  tableArgs: [new ForeignKeyConstraint(["room", "place"], ["shelves.room", "shelves.place"])],
})
class Item {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) kind!: string;
  @Column(t.integer) weight!: number;
  @Column(t.string(5), { nullable: true }) room!: string | null;
  @Column(t.integer, { nullable: true }) place!: number | null;
  @ManyToOne(
    () => Shelf,
    (x) => x.items,
  )
  shelf!: Relation<Shelf> | null;
}

@reg.Entity("books", { polymorphicIdentity: "book" })
class Book extends Item {
  @Column(t.integer) pages!: number;
}

@reg.Entity("marks")
class Mark {
  @PrimaryKey() id!: number;
  @Column(t.integer) rank!: number;
  @ManyToMany(
    () => Shelf,
    (x) => x.marks,
  )
  shelves!: Shelf[];
}

// The same with an index that leads from one parent to its members.
const indexed = registry();

@indexed.Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Child,
    (x) => x.parent,
    { orderBy: (x) => x.id },
  )
  children!: Child[];
}

@indexed.Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.integer) rank!: number;
  @Column(t.boolean) gone!: boolean;
  @Column(t.text, { deferred: true }) note!: string;
  @Column(t.integer, { nullable: true, index: true, foreignKey: "parents.id" }) parentId!: number | null;
  @ManyToOne(
    () => Parent,
    (x) => x.children,
  )
  parent!: Relation<Parent> | null;
  @ManyToMany(
    () => Label,
    (x) => x.children,
    { secondary: "child_labels" },
  )
  labels!: Label[];
}

@indexed.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
  @Column(t.integer) rank!: number;
  @ManyToMany(
    () => Child,
    (x) => x.labels,
  )
  children!: Child[];
}

async function shelves() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const marks = [3, 1, 2].map((rank) => make(Mark, { rank }));
    for (const [room, place, count] of [
      ["a", 1, 4],
      ["a", 2, 2],
      ["b", 1, 0],
    ] as const) {
      const items = Array.from({ length: count }, (_, i) =>
        i % 2 === 0 ? make(Item, { weight: 10 - i }) : make(Book, { weight: 10 - i, pages: i * 100 }),
      );
      s.add(make(Shelf, { room, place, items, marks: count === 0 ? [] : marks }));
    }
  });
  return store;
}

async function families() {
  const store = await storeFor(indexed);
  await store.Session.begin((s) => {
    const labels = [3, 1, 2].map((rank) => make(Label, { rank }));
    for (const count of [4, 2, 0]) {
      const children = Array.from({ length: count }, (_, i) =>
        make(Child, { rank: (i * 3) % 4, gone: i === 3, note: `n${i}`, labels: i === 0 ? labels : [] }),
      );
      s.add(make(Parent, { children }));
    }
  });
  return store;
}

const shelvesIn = select(Shelf).orderBy((x) => [x.room, x.place]);
const parents = select(Parent).orderBy((x) => x.id);
const ranks = (found: readonly Parent[]): number[][] => found.map((each) => each.children.map((x) => x.rank));

test("[QR-15] members of parents with composite keys, and of a class with subclasses, are counted for each parent", async () => {
  const { engine, Session } = await shelves();
  await using session = Session();
  const recorded = recordStatements(engine);
  const found = await session
    .scalars(
      shelvesIn.options(
        selectinload(Shelf, (x) => x.items, { orderBy: (x) => x.weight, limit: 2, offset: 1 }),
        selectinload(Shelf, (x) => x.marks, { orderBy: (x) => x.rank.desc(), limit: 2 }),
      ),
    )
    .all();
  expect(found.map((each) => each.items.map((x) => x.weight))).toEqual([[8, 9], [10], []]);
  expect(found[0].items.map((x) => x.constructor)).toEqual([Item, Book]);
  expect(found.map((each) => each.marks.map((x) => x.rank))).toEqual([[3, 2], [3, 2], []]);
  expect(recorded.statements).toHaveLength(3);
});

test("[QR-15] where an index leads to the members of one parent, no more rows are asked for than are wanted", async () => {
  const { engine, Session } = await families();
  await using session = Session();
  const recorded = recordStatements(engine);
  const load = selectinload(Parent, (x) => x.children, { orderBy: (x) => x.rank.desc(), limit: 2 });
  const found = await session
    .scalars(parents.options(load.selectinload((x) => x.labels, { orderBy: (x) => x.rank, offset: 1 })))
    .all();
  expect(ranks(found)).toEqual([[3, 2], [3, 0], []]);
  expect(found[1].children[1].labels.map((x) => x.rank)).toEqual([2, 3]);
  expect(recorded.statements.map((each) => /row_number/i.test(each.text))).toEqual([false, false, false]);
  // Columns that are deferred stay so, and what is read is the member's own row.
  const [child] = found[0].children;
  expect(inspect(child).attrs.note.loaded).toBe(false);
  expect(await awaitable(child).note).toBe("n1");
  expect(child.parent).toBe(found[0]);
});

const loaders = { subqueryload, immediateload };

for (const name of ["subqueryload", "immediateload"] as const) {
  test(`[QR-15] ${name} takes the same settings, of a limited statement too`, async () => {
    const { Session } = await families();
    await using session = Session();
    const option = (loaders[name] as typeof subqueryload)(Parent, (x) => x.children, {
      where: (x) => x.rank.gt(0),
      orderBy: (x) => x.rank.desc(),
      limit: 2,
    });
    expect(ranks(await session.scalars(parents.limit(2).options(option)).all())).toEqual([[3, 2], [3]]);
  });
}

test("[QR-15] lazyload keeps its settings for when the collection is read", async () => {
  const { Session } = await families();
  await using session = Session();
  const load = lazyload(Parent, (x) => x.children, { orderBy: (x) => x.rank, limit: 1 });
  const [first, second] = await session.scalars(parents.options(load)).all();
  const [a, b] = await Promise.all([awaitable(first).children, awaitable(second).children]);
  expect([a, b].map((each) => each.map((x) => x.rank))).toEqual([[0], [0]]);
  expect(inspect(first).attrs.children.partial).toBe(true);
  await session.runSync((s) => {
    s.expire(second, ["children"]);
    expect(second.children).toHaveLength(1);
  });
});

test("[QR-15] joinedload takes a condition and an order, and says why it takes no limit", async () => {
  const { Session } = await families();
  await using session = Session();
  const load = joinedload(Parent, (x) => x.children, { where: (x) => x.gone.eq(false), orderBy: (x) => x.rank.desc() });
  const found = await session.scalars(parents.limit(2).options(load)).unique().all();
  expect(ranks(found)).toEqual([
    [3, 2, 0],
    [3, 0],
  ]);
  expect(inspect(found[0]).attrs.children.partial).toBe(true);
  expect(() => joinedload(Parent, (x) => x.children, { limit: 3 } as never)).toThrow(
    "Parent.children: joinedload() takes no limit, as a join does not know one parent from another. selectinload() does.",
  );
  expect(() => containsEager(Parent, (x) => x.children)).not.toThrow();
});

test("[QR-09] criteria on the loaded side make the collection partial: it is not taken for the whole", async () => {
  const { Session } = await families();
  await using session = Session();
  const [first] = await session
    .scalars(parents.options(selectinload(Parent, (x) => x.children.and((c) => c.gone.eq(false)))))
    .all();
  expect(first.children).toHaveLength(3);
  expect(inspect(first).attrs.children.partial).toBe(true);
  expect(() => {
    first.children = [];
  }).toThrow("was loaded in part");
});

test("[QR-15] refreshed by name a collection is whole; refreshed as a whole the object has the part that its statement asked for", async () => {
  const { Session } = await families();
  await using session = Session();
  const load = selectinload(Parent, (x) => x.children, { limit: 1 });
  const [first] = await session.scalars(parents.options(load)).all();
  await session.refresh(first);
  expect([first.children.length, inspect(first).attrs.children.partial]).toEqual([1, true]);
  await session.refresh(first, ["children"]);
  expect([first.children.length, inspect(first).attrs.children.partial]).toEqual([4, false]);
});

test("[QR-15] criteria of the statement and of listeners are counted with, not taken off afterwards", async () => {
  const { Session } = await families();
  const present = withLoaderCriteria(Child, (x) => x.gone.eq(false));
  const load = selectinload(Parent, (x) => x.children, { orderBy: (x) => x.id.desc(), limit: 2 });
  await using session = Session();
  const found = await session.scalars(parents.options(present, load)).all();
  expect(found[0].children.map((x) => x.id)).toEqual([3, 2]);
  await session.close();
  await using heard = Session();
  event.listen(heard, "doOrmExecute", (state) => {
    if (state.isSelect) state.addOptions(present);
  });
  const again = await heard.scalars(parents.options(load)).all();
  expect(again[0].children.map((x) => x.id)).toEqual([3, 2]);
});
