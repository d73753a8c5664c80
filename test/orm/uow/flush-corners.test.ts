import { describe, expect, test, vi } from "vitest";
import {
  type Attrs,
  awaitable,
  Column,
  FlushError,
  inspect,
  ManyToMany,
  ManyToOne,
  ObjectDeletedError,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("rooms", { versionIdCol: "version" })
class Room {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { unique: true }) name!: string;
  @Column() version!: number;
  @OneToMany(
    () => Chair,
    (c) => c.room,
    { orderBy: "id" },
  )
  chairs!: Chair[];
}

@reg.Entity("chairs")
class Chair {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Room,
    (r) => r.chairs,
  )
  room!: Relation<Room> | null;
  @ManyToMany(
    () => Chair,
    (c) => c.seenBy,
    { secondary: "sights", joinColumns: ["seer_id"], inverseJoinColumns: ["seen_id"] },
  )
  sees!: Chair[];
  @ManyToMany(
    () => Chair,
    (c) => c.sees,
    { secondary: "sights", joinColumns: ["seen_id"], inverseJoinColumns: ["seer_id"] },
  )
  seenBy!: Chair[];
}

const names = (objects: readonly { name: string }[]) => objects.map((each) => each.name);

describe("what a flush does in which order", () => {
  test("an UPDATE that gives up a unique value comes before the INSERT that takes it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const old = make(Room, { name: "blue" });
    session.add(old);
    await session.commit();
    old.name = "red";
    session.add(make(Room, { name: "blue" }));
    await session.commit();
    expect(names(await session.scalars(select(Room).orderBy((r) => r.id)).all())).toEqual(["red", "blue"]);
  });

  test("save-update goes into depth: what hangs on a member is saved before the next member", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [b, c, d] = ["b", "c", "d"].map((name) => make(Chair, { name }));
    const a = make(Chair, { name: "a" });
    a.sees = [b, c];
    b.sees = [d];
    session.add(a);
    await session.commit();
    expect(names(await session.scalars(select(Chair).orderBy((x) => x.id)).all())).toEqual(["a", "b", "d", "c"]);
  });

  test("members that came since the last flush are saved before those that were there", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const [first, second] = [make(Chair, { id: 10, name: "first" }), make(Chair, { name: "second" })];
    const room = make(Room, { name: "blue", chairs: [first] });
    session.add(room);
    await session.flush();
    await session.rollback();
    room.chairs.push(second);
    session.add(room);
    using log = recordStatements(engine);
    await session.commit();
    const chairs = log.statements.map(({ text: sql }) => sql).filter((sql) => sql.startsWith("INSERT INTO chairs"));
    expect(chairs.map((sql) => sql.includes("(id,"))).toEqual([false, true]);
  });
});

describe("objects that are expired when a flush begins", () => {
  test("a new child of an expired parent leaves the parent readable", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const room = make(Room, { name: "blue" });
    session.add(room);
    await session.commit();
    session.add(make(Chair, { name: "new", room }));
    await session.flush();
    expect([room.id, room.name]).toEqual([1, "blue"]);
  });

  test("one that only lends its key to a new row is readable too", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [room, chair] = [make(Room, { name: "blue" }), make(Chair, { name: "a" })];
    session.addAll([room, chair]);
    await session.commit();
    const seen = make(Chair, { name: "b" });
    session.add(seen);
    seen.sees = [chair];
    await session.flush();
    expect(chair.name).toBe("a");
  });

  test("many of them are read with one statement for each class", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const rooms = ["a", "b", "c", "d"].map((name) => make(Room, { name }));
    session.addAll(rooms);
    await session.commit();
    for (const room of rooms) session.add(make(Chair, { name: "new", room }));
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count("SELECT")).toBe(1);
    expect(names(rooms)).toEqual(["a", "b", "c", "d"]);
  });

  test("one whose row is gone is an error that names it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const room = make(Room, { name: "blue" });
    session.add(room);
    await session.commit();
    await session.execute(text("DELETE FROM rooms"));
    using warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    make(Chair, { name: "outside", room });
    await expect(session.flush()).rejects.toThrow(ObjectDeletedError);
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      "new Chair is not in the session; the add along Room.chairs will not proceed for it.",
      expect.anything(),
    );
  });
});

describe("versions and rows that do not exist", () => {
  test("the version of a new row is the first, whatever its object says", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Room, { name: "blue", version: 9 }));
    await session.commit();
    expect((await session.get(Room, 1))?.version).toBe(1);
  });

  test("a pending object that a delete reaches within a flush is an error, not a DELETE of nothing", async () => {
    const store = registry();
    @store.Entity("owners")
    class Owner {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Pet, { cascade: ["all"] }) pet!: Relation<Pet> | null;
    }
    @store.Entity("pets")
    class Pet {
      @PrimaryKey() id!: number;
    }
    const { Session } = await storeFor(store);
    await using session = Session();
    const owner = make(Owner);
    session.add(owner);
    await session.commit();
    await session.delete(owner);
    owner.pet = make(Pet, { id: 3 });
    await expect(session.flush()).rejects.toThrow(FlushError);
    await session.rollback();
  });
});

describe("a member that stands twice in a collection", () => {
  test("stands twice on the other side, and each removal takes one away there too", () => {
    const [a, b] = [make(Chair, { name: "a" }), make(Chair, { name: "b" })];
    a.sees = [b, b];
    expect(b.seenBy).toEqual([a, a]);
    a.sees.splice(0, 1);
    expect(b.seenBy).toEqual([a]);
    a.sees.push(b);
    a.sees.splice(0, a.sees.length);
    expect([a.sees, b.seenBy]).toEqual([[], []]);
  });

  test("emptying an empty collection changes nothing", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const room = make(Room, { name: "blue", chairs: [] });
    session.add(room);
    await session.flush();
    room.chairs.splice(0, 0);
    expect([...session.dirty]).toEqual([]);
  });
});

describe("an INSERT that fails", () => {
  test("leaves its objects as they were: what it would have given them is worked out anew with the next try", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const first = make(Room, { id: 1, name: "blue" });
    session.add(first);
    await session.commit();
    const [second, chair] = [make(Room, { id: 1, name: "red" }), make(Chair, { id: 1 })];
    session.expungeAll();
    session.addAll([second, chair]);
    await expect(session.flush()).rejects.toThrow(/Room/);
    await session.rollback();
    expect([second.version, second.name]).toEqual([undefined, "red"]);
    second.id = 2;
    session.add(second);
    await session.commit();
    expect((await session.get(Room, 2))?.version).toBe(1);
  });
});

describe("two relationships that write one column", () => {
  test("the last word has the one whose class and name come last, in every flush", async () => {
    const store = registry();
    @store.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      @OneToOne(
        () => Address,
        (a) => a.user,
      )
      address!: Relation<Address> | null;
    }
    @store.Entity("addresses")
    class Address {
      @PrimaryKey() id!: number;
      @OneToOne(
        () => User,
        (u) => u.address,
        { owner: true },
      )
      user!: Relation<User> | null;
    }
    const { Session } = await storeFor(store);
    await using session = Session();
    const [first, second, address] = [make(User), make(User), make(Address)];
    first.address = address;
    session.addAll([first, address]);
    await session.commit();
    await session.refresh(first, ["address"]);
    address.user = second;
    // The second user takes another address, while the first one still says that it belongs there.
    using warned = vi.spyOn(process, "emitWarning").mockReturnValue();
    make(Address, { user: second });
    await session.commit();
    expect(warned).toHaveBeenCalledOnce();
    expect(await session.scalars(select(Address).where((a) => a.user.isNotNull())).all()).toEqual([]);
  });
});

describe("a merge", () => {
  test("merges a member whole before it sets it: what was met on the way does not undo it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [chair, again, room] = [
      make(Chair, { id: 1, name: "a" }),
      make(Chair, { id: 1 }),
      make(Room, { id: 2, name: "blue" }),
    ];
    again.room = null;
    chair.room = room;
    // The room's way leads to an object of the same row, which says that it has no room.
    again.sees = [];
    room.chairs.push(again);
    again.room = null;
    const merged = await session.merge(chair);
    expect(merged.room?.name).toBe("blue");
    await session.commit();
    expect((await session.scalars(select(Chair).where((c) => c.room.isNotNull())).all()).map((c) => c.id)).toEqual([1]);
  });
});

describe("a reference that is set after its key", () => {
  test("is a change where the key was NULL in the row: the collection on the other side learns of it", async () => {
    const { Session } = await storeFor(keyed);
    await using session = Session();
    const [box, coin] = [make(Box), make(Coin)];
    session.addAll([box, coin]);
    await session.flush();
    await session.refresh(box);
    coin.boxId = box.id;
    coin.box = box;
    await session.noAutoflush(() => awaitable(box).coins);
    expect(box.coins).toEqual([coin]);
    await session.commit();
    expect(await session.scalars(text("select box_id from coins")).all()).toEqual([1]);
  });
});

const keyed = registry();
@keyed.Entity("boxes")
class Box {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Coin,
    (c) => c.box,
  )
  coins!: Coin[];
}
@keyed.Entity("coins")
class Coin {
  @PrimaryKey() id!: number;
  @Column(t.integer, { nullable: true, foreignKey: "boxes.id" }) boxId!: number | null;
  @ManyToOne(
    () => Box,
    (b) => b.coins,
    { foreignKeys: ["boxId"] },
  )
  box!: Relation<Box> | null;
}

describe("a delete cascade", () => {
  test("flushes nothing before it where memory tells what hangs on the object", async () => {
    const store = registry();
    @store.Entity("owners")
    class Owner {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Pet, { cascade: ["all"] }) pet!: Relation<Pet> | null;
    }
    @store.Entity("pets")
    class Pet {
      @PrimaryKey() id!: number;
    }
    const { Session, engine } = await storeFor(store);
    await using session = Session();
    const owner = make(Owner);
    session.add(owner);
    await session.flush();
    session.add(make(Owner));
    using log = recordStatements(engine);
    await session.delete(owner);
    expect(log.count()).toBe(0);
  });
});

describe("a row that a new object takes over", () => {
  test("stays where the rows of its table depend on each other", async () => {
    const store = registry();
    @store.Entity("branches")
    class Branch {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
      @OneToMany(
        () => Branch,
        (b) => b.parent,
      )
      children!: Branch[];
      @ManyToOne(
        () => Branch,
        (b) => b.children,
      )
      parent!: Relation<Branch> | null;
    }
    const { Session } = await storeFor(store);
    await using session = Session();
    const old = make(Branch, { name: "old", children: [] });
    const root = make(Branch, { name: "root", children: [old] });
    session.add(root);
    await session.flush();
    await session.delete(old);
    root.children.push(make(Branch, { id: old.id, name: "new", children: [] }));
    await session.commit();
    expect(names(await session.scalars(select(Branch).orderBy((b) => b.id)).all())).toEqual(["root", "new"]);
  });
});

describe("what the database makes", () => {
  const store = registry();
  @store.Entity("makers", { eagerDefaults: false })
  class Maker {
    @PrimaryKey() id!: number;
    @Column(t.string(20), { serverDefault: "free", unique: true }) code!: string;
    @Column(t.integer, { nullable: true, serverOnupdate: true }) touched!: number | null;
    @ManyToMany(() => Part, { secondary: "maker_parts", uselist: false }) part!: Relation<Part> | null;
    @OneToMany(() => Part, { foreignKeys: ["makerCode"], primaryJoin: partsOf }) parts!: Part[];
    @OneToMany(() => Part, { foreignKeys: ["firstId"], postUpdate: true }) firsts!: Part[];
  }
  @store.Entity("parts")
  class Part {
    @PrimaryKey() id!: number;
    @Column(t.string(20), { nullable: true, foreignKey: "makers.code" }) makerCode!: string | null;
    @Column(t.integer, { nullable: true, foreignKey: "makers.id" }) firstId!: number | null;
    @Column(t.integer, { nullable: true, onupdate: () => ++updates }) updated!: number | null;
  }
  let updates = 0;
  function partsOf(m: Attrs<Maker>, p: Attrs<Part>) {
    return m.code.eq(p.makerCode);
  }

  test("is known at once where other rows refer to it, whatever eagerDefaults says", async () => {
    const { Session } = await storeFor(store);
    await using session = Session();
    session.add(make(Maker, { parts: [make(Part)] }));
    await session.commit();
    expect(await session.scalars(text("select maker_code from parts")).all()).toEqual(["free"]);
  });

  test("is not asked for where the object sets the column itself", async () => {
    const { Session } = await storeFor(store);
    await using session = Session();
    const maker = make(Maker, { code: "a" });
    session.add(maker);
    await session.flush();
    maker.touched = 5;
    await session.flush();
    expect(maker.touched).toBe(5);
    maker.code = "b";
    await session.flush();
    expect(inspect(maker).attrs.touched.loaded).toBe(false);
  });

  test("onupdate goes with a post-update too, once in a flush", async () => {
    updates = 0;
    const { Session } = await storeFor(store);
    await using session = Session({ expireOnCommit: false });
    const [given, plain] = [make(Part, { updated: 9 }), make(Part)];
    session.add(make(Maker, { firsts: [plain, given] }));
    await session.commit();
    expect([plain.updated, given.updated]).toEqual([1, 9]);
    expect(await session.scalars(text("select updated from parts order by updated")).all()).toEqual([1, 9]);
  });

  test("a many-to-many that holds one object or none is written and deleted with either", async () => {
    const { Session } = await storeFor(store);
    await using session = Session();
    const [empty, full] = [make(Maker, { code: "a", part: null }), make(Maker, { code: "b", part: make(Part) })];
    session.addAll([empty, full]);
    await session.commit();
    const links = () => session.scalar(text("select count(*) from maker_parts"));
    expect(await links()).toBe(1);
    await session.refresh(full, ["part"]);
    full.part = null;
    await session.commit();
    expect(await links()).toBe(0);
    const part = await session.scalars(select(Part)).one();
    empty.part = part;
    await session.commit();
    // What it held is not in memory when it is replaced.
    await session.refresh(empty, ["id"]);
    empty.part = make(Part);
    await session.commit();
    expect(await session.scalars(text("select part_id from maker_parts")).all()).toEqual([2]);
    expect(await links()).toBe(1);
    await session.deleteAll([empty, full]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from makers"))).toBe(0);
  });
});
