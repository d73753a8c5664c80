import { describe, expect, test } from "vitest";
import {
  type Attrs,
  and,
  awaitable,
  Column,
  column,
  ForeignKeyConstraint,
  foreign,
  foreignKeyConstraint,
  func,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  relationship,
  select,
  selectinload,
  type Table,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey(t.string(5)) room!: string;
  @PrimaryKey(t.integer) number!: number;
  @OneToMany(
    () => Book,
    (b) => b.shelf,
    { orderBy: "id" },
  )
  books!: Book[];
  @ManyToMany(
    () => Topic,
    (x) => x.shelves,
    { secondary: "shelf_topics" },
  )
  topics!: Topic[];
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Shelf,
    (s) => s.books,
  )
  shelf!: Relation<Shelf> | null;
}

@reg.Entity("topics")
class Topic {
  @PrimaryKey(t.string(10)) area!: string;
  @PrimaryKey(t.string(10)) name!: string;
  @ManyToMany(
    () => Shelf,
    (s) => s.topics,
  )
  shelves!: Shelf[];
}

@reg.Entity("pages", {
  tableArgs: () => [new ForeignKeyConstraint(["shelf_room", "shelf_number"], ["shelves.room", "shelves.number"])],
})
class Page {
  @PrimaryKey() id!: number;
  @Column(t.string(5), { nullable: true }) shelfRoom!: string | null;
  @Column(t.integer, { nullable: true }) shelfNumber!: number | null;
  @ManyToOne(() => Shelf) shelf!: Relation<Shelf> | null;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => {
    for (const room of ["A", "B"])
      for (const number of [1, 2]) s.add(make(Shelf, { room, number, books: [new Book(), new Book()] }));
  });
  return store;
}

describe("composite keys", () => {
  test("flow from parent to child over several columns, made by the relationship", async () => {
    const { Session } = await filled();
    await using session = Session();
    const columns = reg.metadata.tables.get("books")?.columns.map((c) => c.name);
    expect(columns).toEqual(["id", "shelf_room", "shelf_number"]);
    const rows = await session.execute(text("select shelf_room, shelf_number from books order by id")).all();
    expect(rows.map((r) => [...(r as unknown as unknown[])])).toEqual([
      ["A", 1],
      ["A", 1],
      ["A", 2],
      ["A", 2],
      ["B", 1],
      ["B", 1],
      ["B", 2],
      ["B", 2],
    ]);
  });

  test("identify a row: one object for one tuple", async () => {
    const { Session } = await filled();
    await using session = Session();
    const a1 = await session.getOne(Shelf, ["A", 1]);
    const book = await session.getOne(Book, 1);
    expect(await awaitable(book).shelf).toBe(a1);
    expect(inspect(a1).identity).toEqual(["A", 1]);
    expect(inspect(a1).identityKey?.[1]).toEqual(["A", 1]);
  });

  test("[QR-03] selectinload over them is one statement", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    using log = recordStatements(engine);
    const shelves = await session
      .scalars(
        select(Shelf)
          .orderBy((s) => [s.room, s.number] as never)
          .options(selectinload(Shelf, (s) => s.books)),
      )
      .all();
    expect(shelves.map((s) => s.books.map((b) => b.id))).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(log.count()).toBe(2);
  });

  test("many-to-many over them writes every column of both keys", async () => {
    const { Session } = await filled();
    await using session = Session();
    const a1 = await session.getOne(Shelf, ["A", 1], { options: [selectinload(Shelf, (s) => s.topics)] });
    a1.topics.push(make(Topic, { area: "sci", name: "maths" }));
    await session.flush();
    const columns = reg.metadata.tables.get("shelf_topics")?.columns.map((c) => c.name);
    expect(columns).toHaveLength(4);
    expect(await session.scalar(text("select count(*) from shelf_topics"))).toBe(1);
    a1.topics.pop();
    await session.flush();
    expect(await session.scalar(text("select count(*) from shelf_topics"))).toBe(0);
  });

  test("mapped columns with a composite constraint are used by the relationship", async () => {
    const { Session } = await filled();
    await using session = Session();
    const shelf = await session.getOne(Shelf, ["B", 2]);
    const page = make(Page, { shelf });
    session.add(page);
    await session.flush();
    expect([page.shelfRoom, page.shelfNumber]).toEqual(["B", 2]);
    page.shelf = null;
    await session.flush();
    expect([page.shelfRoom, page.shelfNumber]).toEqual([null, null]);
  });

  test("a key that is NULL in part refers to nothing", async () => {
    const { Session } = await filled();
    await using session = Session();
    const page = make(Page, { shelfRoom: "A", shelfNumber: null });
    session.add(page);
    await session.flush();
    expect(await awaitable(page).shelf).toBeNull();
  });

  test("values that look alike when joined are told apart", async () => {
    const own = registry();
    @own.Entity("twins")
    class Twin {
      @PrimaryKey(t.string(20)) a!: string;
      @PrimaryKey(t.string(20)) b!: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const keys = [
      ["x", "y"],
      ["x,y", ""],
      ["", "x,y"],
      ["x\u0001sy", "z"],
      ["x", "y\u0001z"],
    ] as const;
    for (const [a, b] of keys) session.add(make(Twin, { a, b }));
    await session.flush();
    const found = await Promise.all(keys.map((key) => session.getOne(Twin, key)));
    expect(new Set(found).size).toBe(keys.length);
    expect(found.map((x) => [x.a, x.b])).toEqual(keys.map((k) => [...k]));
  });

  test("a part of a key that changes is one UPDATE with the old key in its WHERE", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    await session.execute(text("delete from books"));
    const a1 = await session.getOne(Shelf, ["A", 1], {
      options: [selectinload(Shelf, (s) => s.books), selectinload(Shelf, (s) => s.topics)],
    });
    using log = recordStatements(engine);
    a1.number = 9;
    await session.flush();
    expect(log.count("UPDATE")).toBe(1);
    expect(inspect(a1).identity).toEqual(["A", 9]);
  });

  test("a key that ties more than the primary key is the relationship's, and no second one is made for the column named after it", async () => {
    const own = registry();
    @own.Entity("tenant_items", { tableArgs: [new UniqueConstraint(["id", "tenant"])] })
    class Item {
      @PrimaryKey() id!: number;
      @Column() tenant!: number;
      @OneToMany(
        () => Note,
        (n) => n.item,
      )
      notes!: Note[];
    }
    @own.Entity("tenant_notes", {
      tableArgs: [foreignKeyConstraint(["item_id", "tenant"], ["tenant_items.id", "tenant_items.tenant"])],
    })
    class Note {
      @PrimaryKey() id!: number;
      @Column() tenant!: number;
      @Column() itemId!: number;
      @ManyToOne(
        () => Item,
        (i) => i.notes,
      )
      item!: Relation<Item>;
    }
    const { Session } = await storeFor(own);
    const keys = own.metadata.tables.get("tenant_notes")?.foreignKeyConstraints;
    expect(keys?.map((each) => each.columns.map((column) => column.name))).toEqual([["item_id", "tenant"]]);
    await using session = Session();
    const note = make(Note, { item: make(Item, { tenant: 7 }) });
    session.add(note);
    await session.flush();
    expect([note.itemId === note.item.id, note.tenant]).toEqual([true, 7]);
    session.expungeAll();
    const [item] = await session.scalars(select(Item).options(selectinload(Item, (i) => i.notes))).all();
    expect(item.notes.map((each) => each.tenant)).toEqual([7]);
  });

  test("two keys that tie the same columns to the same ones are one to relationships and to joins", async () => {
    const own = registry();
    @own.Entity("twice_ups")
    class Up {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Down,
        (d) => d.up,
      )
      downs!: Down[];
    }
    @own.Entity("twice_downs", {
      tableArgs: [
        foreignKeyConstraint(["up_id"], ["twice_ups.id"], { name: "once" }),
        foreignKeyConstraint(["up_id"], ["twice_ups.id"], { name: "again" }),
      ],
    })
    class Down {
      @PrimaryKey() id!: number;
      @Column() upId!: number;
      @ManyToOne(
        () => Up,
        (u) => u.downs,
      )
      up!: Relation<Up>;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Up, { downs: [make(Down, {}), make(Down, {})] }));
    await session.flush();
    const [ups, downs] = [own.metadata.tables.get("twice_ups"), own.metadata.tables.get("twice_downs")] as [
      Table,
      Table,
    ];
    expect((await session.execute(select(downs.c.id).join(ups))).all()).toHaveLength(2);
  });

  test("an association table whose two keys share a column is one, as of tenants", async () => {
    const own = registry();
    @own.Entity("tenant_rooms")
    class Room {
      @PrimaryKey() tenant!: number;
      @PrimaryKey() id!: number;
      @ManyToMany(
        () => Guest,
        (g) => g.rooms,
        { secondary: () => stays },
      )
      guests!: Guest[];
    }
    @own.Entity("tenant_guests")
    class Guest {
      @PrimaryKey() tenant!: number;
      @PrimaryKey() id!: number;
      @ManyToMany(
        () => Room,
        (r) => r.guests,
        { secondary: () => stays },
      )
      rooms!: Room[];
    }
    const stays = table(
      "tenant_stays",
      own.metadata,
      {
        tenant: column(t.integer, { primaryKey: true, autoincrement: false }),
        room: column(t.integer, { primaryKey: true }),
        guest: column(t.integer, { primaryKey: true }),
      },
      foreignKeyConstraint(["tenant", "room"], ["tenant_rooms.tenant", "tenant_rooms.id"]),
      foreignKeyConstraint(["tenant", "guest"], ["tenant_guests.tenant", "tenant_guests.id"]),
    );
    const { Session } = await storeFor(own);
    await using session = Session();
    const guest = make(Guest, { tenant: 1, id: 5, rooms: [make(Room, { tenant: 1, id: 2 })] });
    session.add(guest);
    await session.flush();
    expect((await session.execute(select(stays))).all().map((row) => [...row])).toEqual([[1, 2, 5]]);
    session.expungeAll();
    const found = await session.getOne(Guest, [1, 5], { options: [selectinload(Guest, (g) => g.rooms)] });
    expect(found.rooms.map((each) => each.id)).toEqual([2]);
    found.rooms = [];
    await session.flush();
    expect(await session.scalar(select(func.count()).selectFrom(stays))).toBe(0);
  });
});

test("a part of a key may be NULL where its column says so, and the database takes it", async () => {
  const own = registry();
  @own.Entity("half_keys")
  class Half {
    @PrimaryKey(t.integer, { autoincrement: false }) a!: number;
    @PrimaryKey(t.integer, { autoincrement: false, nullable: true }) b!: number | null;
  }
  const { engine, Session } = await storeFor(own);
  await using session = Session();
  const half = make(Half, { a: 1, b: null });
  session.add(half);
  if (engine.dialect.name === "postgresql") {
    await expect(session.flush()).rejects.toThrow(/null value in column "b"/);
    return;
  }
  await session.commit();
  expect(await session.getOne(Half, [1, null])).toBe(half);
  session.add(make(Half, { b: 1 }));
  await expect(session.flush()).rejects.toThrow(/^new Half has no value for its primary key attribute "a"/);
});

describe("a key of which a part is the primary key's", () => {
  class Pile {
    id!: number;
    tenant!: number;
    sheets!: Sheet[];
  }
  class Sheet {
    id!: number;
    tenant!: number;
    pileId!: number | null;
    pile!: Relation<Pile> | null;
  }

  /** A sheet that has been taken from its pile. */
  async function taken(options: { forSheet?: object; forPile?: object }) {
    const own = registry();
    const key = { primaryKey: true, autoincrement: false } as const;
    const piles = table("piles", own.metadata, { id: column(t.integer, key), tenant: column(t.integer, key) });
    const sheets = table(
      "sheets",
      own.metadata,
      { id: column(t.integer, key), tenant: column(t.integer, key), pileId: column(t.integer, { name: "pile_id" }) },
      foreignKeyConstraint(["pile_id", "tenant"], ["piles.id", "piles.tenant"]),
    );
    class OwnPile extends Pile {}
    class OwnSheet extends Sheet {}
    own.mapImperatively(OwnPile, piles, {
      properties: { sheets: relationship(() => OwnSheet, { backPopulates: "pile", ...options.forPile }) },
    });
    own.mapImperatively(OwnSheet, sheets, {
      properties: { pile: relationship(() => OwnPile, { backPopulates: "sheets", ...options.forSheet }) },
    });
    const { Session } = await storeFor(own);
    const session = Session();
    const sheet = make(OwnSheet, { id: 1, tenant: 7, pile: make(OwnPile, { id: 1, tenant: 7 }) });
    session.add(sheet);
    await session.commit();
    await session.refresh(sheet, ["pile"]);
    sheet.pile = null;
    return { session, sheet };
  }

  test("cannot be let go, and the error says which columns could say the link", async () => {
    const { session } = await taken({});
    await using _ = session;
    await expect(session.flush()).rejects.toThrow(
      /to NULL, which is part of the primary key of OwnSheet\(1, 7\)\. .*or give it another parent; or, as sheets\.pile_id alone can say the link, mark that with foreign\(\)/,
    );
  });

  test("is let go where foreign() marks the rest of it", async () => {
    const tie = (sheet: Attrs<Sheet>, pile: Attrs<Pile>) =>
      and(foreign(sheet.pileId).eq(pile.id), sheet.tenant.eq(pile.tenant));
    const { session, sheet } = await taken({
      forSheet: { primaryJoin: tie },
      forPile: { primaryJoin: (pile: Attrs<Pile>, of: Attrs<Sheet>) => tie(of, pile) },
    });
    await using _ = session;
    await session.commit();
    await session.refresh(sheet);
    expect([sheet.id, sheet.tenant, sheet.pileId]).toEqual([1, 7, null]);
  });
});
