/** The chapters "Collection customisation and API details" and "Ordering list" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attributeKeyedDict,
  Column,
  collection,
  create,
  keyfuncMapping,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  type OrderingList,
  orderingList,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

class ListLike<T extends object> {
  readonly data: T[] = [];
  append(item: T): void {
    this.data.push(item);
  }
  remove(item: T): void {
    this.data.splice(this.data.indexOf(item), 1);
  }
  extend(items: readonly T[]): void {
    for (const item of items) this.append(item);
  }
  [Symbol.iterator](): Iterator<T> {
    return this.data[Symbol.iterator]();
  }
  foo(): string {
    return "foo";
  }
}

class Marked<T extends object> {
  readonly data = new Set<T>();
  @collection.appender put(item: T): void {
    this.data.add(item);
  }
  @collection.remover zark(item: T): void {
    this.data.delete(item);
  }
  @collection.iterator *each(): IterableIterator<T> {
    yield* this.data;
  }
  [Symbol.iterator](): Iterator<T> {
    return this.each();
  }
}

const reg = registry();

@reg.Entity("item")
class Item {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Note,
    (n) => n.item,
    { collectionClass: attributeKeyedDict("keyword"), cascade: ["all", "delete-orphan"] },
  )
  notes!: Map<string, Note>;
  @OneToMany(() => Note, { viewonly: true, collectionClass: attributeKeyedDict("noteKey") }) byKey!: Map<string, Note>;
  @OneToMany(() => Note, { viewonly: true, collectionClass: keyfuncMapping((n: Note) => n.text?.slice(0, 2)) })
  byText!: Map<string, Note>;
  @OneToMany(() => Note, { viewonly: true }) asSet!: Set<Note>;
  @OneToMany(() => Note, { viewonly: true, collectionClass: Set }) said!: Set<Note>;
  @OneToMany(() => Note, { viewonly: true }) asArray!: Note[];
}

@reg.Entity("note")
class Note {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.text) keyword!: string;
  @Column(t.text, { nullable: true }) text!: string | null;
  @ManyToOne(
    () => Item,
    (i) => i.notes,
  )
  item!: Relation<Item> | null;
  get noteKey(): string {
    return `${this.keyword}/${this.text?.slice(0, 10)}`;
  }
}

@reg.Entity("holder")
class Holder {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Part,
    (p) => p.holder,
    { collectionClass: ListLike },
  )
  parts!: ListLike<Part>;
  @OneToMany(
    () => Part,
    (p) => p.marked,
    { collectionClass: Marked },
  )
  others!: Marked<Part>;
}

@reg.Entity("part")
class Part {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Holder,
    (h) => h.parts,
  )
  holder!: Relation<Holder> | null;
  @ManyToOne(
    () => Holder,
    (h) => h.others,
  )
  marked!: Relation<Holder> | null;
}

@reg.Entity("slide")
class Slide {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Bullet,
    (b) => b.slide,
    { collectionClass: orderingList("position", { countFrom: 1 }), orderBy: "position" },
  )
  bullets!: OrderingList<Bullet>;
}

@reg.Entity("bullet")
class Bullet {
  declare [OptionalProps]?: "id" | "position";
  @PrimaryKey() id!: number;
  @Column() position!: number;
  @ManyToOne(
    () => Slide,
    (s) => s.bullets,
  )
  slide!: Relation<Slide> | null;
}

const note = (keyword: string, text: string) => create(Note, { keyword, text });

describe("collections", () => {
  test("are arrays by default, and Sets where the type or the option says so", () => {
    const item = create(Item, {});
    expect([Array.isArray(item.asArray), item.asSet instanceof Set, item.said instanceof Set]).toEqual([
      true,
      true,
      true,
    ]);
    expectTypeOf(item.notes).toEqualTypeOf<Map<string, Note>>();
  });

  test("a Map is keyed by an attribute, a getter or a function; the key given must be the member's own", async () => {
    const item = create(Item, {});
    item.notes.set("a", note("a", "atext"));
    expect([...item.notes.keys()]).toEqual(["a"]);
    item.notes = new Map([
      ["a", note("a", "atext")],
      ["b", note("b", "btext")],
    ]);
    expect(() => item.notes.set("c", note("d", ""))).toThrow('the key "c" is not that of new Note');
    const late = note("z", "ztext");
    late.item = item;
    expect(item.notes.get("z")).toBe(late);
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.add(item));
    await using session = Session();
    const found = await session
      .scalars(
        select(Item).options(
          selectinload(Item, (i) => i.byKey),
          selectinload(Item, (i) => i.byText),
          selectinload(Item, (i) => i.notes),
        ),
      )
      .one();
    expect([...found.byKey.keys()].sort()).toEqual(["a/atext", "b/btext", "z/ztext"]);
    expect([...found.byText.keys()].sort()).toEqual(["at", "bt", "zt"]);
    found.notes.delete("a");
    await session.commit();
    expect(await session.scalar(text("select count(*) from note"))).toBe(2);
  });

  test("a Map follows when a key changes, and refuses a member without one: here SQLAlchemy keeps the old key, or null", () => {
    const item = create(Item, { notes: new Map([["a", note("a", "")]]) });
    const [member] = item.notes.values();
    member.keyword = "the key";
    expect([...item.notes.keys()]).toEqual(["the key"]);
    expect(() => make(Note, { item })).toThrow('new Note cannot go into the map Item.notes: its "keyword" is not set');
  });

  test("a class of one's own serves by the names of its methods, or by decorators", async () => {
    const { Session } = await storeFor(reg);
    const [one, two, three] = [create(Part, {}), create(Part, {}), create(Part, {})];
    const holder = create(Holder, {});
    holder.parts.extend([one, two]);
    holder.others.put(three);
    expect([one.holder, three.marked, holder.parts.foo()]).toEqual([holder, holder, "foo"]);
    holder.parts.remove(one);
    expect(one.holder).toBeNull();
    await Session.begin((s) => s.add(holder));
    await using session = Session();
    const found = await session
      .scalars(
        select(Holder).options(
          selectinload(Holder, (h) => h.parts),
          selectinload(Holder, (h) => h.others),
        ),
      )
      .one();
    expect([found.parts instanceof ListLike, [...found.parts].length, [...found.others].length]).toEqual([true, 1, 1]);
    found.others.zark([...found.others][0]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from part where marked_id is not null"))).toBe(0);
  });
});

describe("an ordering list", () => {
  test("[XU-03] numbers its members as they move; what is loaded stays as it is until then", async () => {
    const { Session } = await storeFor(reg);
    const slide = create(Slide, {});
    const [a, b, c] = [create(Bullet, {}), create(Bullet, {}), create(Bullet, {})];
    slide.bullets.push(a, b);
    expect([a.position, b.position]).toEqual([1, 2]);
    slide.bullets.splice(1, 0, c);
    expect([c.position, b.position]).toEqual([2, 3]);
    await Session.begin((s) => s.add(slide));
    await using session = Session();
    await session.execute(text("update bullet set position = position * 10"));
    const found = await session.scalars(select(Slide).options(selectinload(Slide, (s) => s.bullets))).one();
    expect(found.bullets.map((x) => x.position)).toEqual([10, 20, 30]);
    found.bullets.reorder();
    expect(found.bullets.map((x) => x.position)).toEqual([1, 2, 3]);
    found.bullets.reverse();
    await session.commit();
    expect(await session.scalars(text("select position from bullet order by id")).all()).toHaveLength(3);
  });
});
