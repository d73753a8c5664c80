/** Smaller recipes of SQLAlchemy's examples directory, each as a program would have it. Sharding is in session/sharding.test.ts, inheritance in inheritance*.test.ts. */
import { describe, expect, test } from "vitest";
import {
  type AssociationMap,
  AssociationProxy,
  attributeKeyedDict,
  attrs,
  Column,
  DeclaredAttr,
  event,
  func,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

describe("an order and its items, with the price at which each was sold", () => {
  const reg = registry();

  @reg.Entity("orders")
  class Order {
    @PrimaryKey() id!: number;
    @Column() customer!: string;
    @OneToMany(
      () => Line,
      (l) => l.order,
      { cascade: ["all", "delete-orphan"] },
    )
    lines!: Line[];
  }

  @reg.Entity("items")
  class Item {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @Column(t.integer) price!: number;
  }

  /** The association: its key is that of both, and the price is its own. */
  @reg.Entity("order_lines")
  class Line {
    @PrimaryKey({ foreignKey: "orders.id" }) orderId!: number;
    @PrimaryKey({ foreignKey: "items.id" }) itemId!: number;
    @Column(t.integer) price!: number;
    @ManyToOne(
      () => Order,
      (o) => o.lines,
    )
    order!: Relation<Order>;
    @ManyToOne(() => Item) item!: Relation<Item>;
  }

  const sell = (item: Item, price = item.price) => make(Line, { item, price });

  test("[EX-03] the association holds what belongs to neither side, and is queried through", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [mug, hat] = [make(Item, { name: "mug", price: 10 }), make(Item, { name: "hat", price: 8 })];
    session.addAll([
      make(Order, { customer: "Ann", lines: [sell(mug), sell(hat, 6)] }),
      make(Order, { customer: "Bob", lines: [sell(hat)] }),
    ]);
    await session.commit();
    const [o, l, i] = [attrs(Order), attrs(Line), attrs(Item)];
    const reduced = await session
      .execute(select(o.customer, i.name).join(o.lines).join(l.item).where(l.price.lt(i.price)))
      .all();
    expect(reduced.map((row) => [...row])).toEqual([["Ann", "hat"]]);
    const totals = await session
      .execute(select(o.customer, func.sum(l.price)).join(o.lines).groupBy(o.customer).orderBy(o.customer))
      .all();
    expect(totals.map(([name, sum]) => [name, Number(sum)])).toEqual([
      ["Ann", 16],
      ["Bob", 8],
    ]);
  });
});

describe("a vertical table: facts of an animal as rows of key and value", () => {
  const reg = registry();

  @reg.Entity("animals")
  class Animal {
    @PrimaryKey() id!: number;
    @Column() name!: string;
    @OneToMany(
      () => Fact,
      (f) => f.animal,
      { collectionClass: attributeKeyedDict("key"), cascade: ["all", "delete-orphan"] },
    )
    facts!: Map<string, Fact>;
    @AssociationProxy("facts", "value") known!: AssociationMap<string, string>;
  }

  @reg.Entity("animal_facts")
  class Fact {
    @PrimaryKey({ foreignKey: "animals.id" }) animalId!: number;
    @PrimaryKey(t.string(64)) key!: string;
    @Column(t.text) value!: string;
    @ManyToOne(
      () => Animal,
      (a) => a.facts,
    )
    animal!: Relation<Animal>;
  }

  test("[EX-03] reads and writes like a Map, and is searched by key and value", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const stoat = make(Animal, { name: "stoat" });
    stoat.known.set("color", "reddish");
    stoat.known.set("cuteness", "somewhat");
    session.add(stoat);
    await session.commit();
    const again = await session.scalars(select(Animal).options(selectinload(Animal, (a) => a.facts))).one();
    again.known.set("color", "white");
    again.known.delete("cuteness");
    await session.commit();
    const a = attrs(Animal);
    const found = (key: string, value: string) =>
      session.scalars(select(Animal).where(a.facts.any((f) => f.key.eq(key).and(f.value.eq(value))))).all();
    expect((await found("color", "white")).map((each) => each.name)).toEqual(["stoat"]);
    expect(await found("cuteness", "somewhat")).toEqual([]);
  });
});

describe("notes on several kinds of parent, by an association table for each kind", () => {
  const reg = registry();

  @reg.Entity("notes")
  class Note {
    @PrimaryKey() id!: number;
    @Column() text!: string;
  }

  /** Whoever has notes: a note belongs to one parent, and goes with it. */
  abstract class HasNotes {
    @DeclaredAttr((cls) =>
      ManyToMany(() => Note, {
        secondary: `${cls.name.toLowerCase()}_notes`,
        cascade: ["all", "delete-orphan"],
        singleParent: true,
      }),
    )
    notes!: Note[];
  }

  @reg.Entity("customers")
  class Customer extends HasNotes {
    @PrimaryKey() id!: number;
  }

  @reg.Entity("suppliers")
  class Supplier extends HasNotes {
    @PrimaryKey() id!: number;
  }

  test("[EX-02] a mixin gives each class a table of its own, with foreign keys both ways", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const customer = make(Customer, { id: 1, notes: [make(Note, { text: "pays late" })] });
    session.addAll([
      customer,
      make(Supplier, { id: 1, notes: [make(Note, { text: "slow" }), make(Note, { text: "fair" })] }),
    ]);
    await session.commit();
    const slow = await session.scalars(select(Supplier).where((s) => s.notes.any((n) => n.text.eq("slow")))).all();
    expect(slow.map((each) => each.id)).toEqual([1]);
    await session.delete(customer);
    await session.commit();
    expect((await session.scalars(select(Note).orderBy((n) => n.text))).all().map((each) => each.text)).toEqual([
      "fair",
      "slow",
    ]);
    expect([...reg.metadata.tables.keys()].sort()).toEqual([
      "customer_notes",
      "customers",
      "notes",
      "supplier_notes",
      "suppliers",
    ]);
  });
});

describe("events on every attribute of every class", () => {
  test("[EX-03] are listened to when a registry's classes are worked out", () => {
    const reg = registry();
    const heard: string[] = [];
    event.listen(reg, "mapperConfigured", (mapper, cls) => {
      for (const { key } of mapper.columnAttributes) {
        const attribute = (attrs(cls as never) as unknown as Record<string, never>)[key]!;
        event.listen(
          attribute,
          "set",
          (_object: object, value: unknown) => void heard.push(`${mapper.className}.${key} = ${value}`),
        );
      }
    });
    @reg.Entity("cups")
    class Cup {
      @PrimaryKey() id!: number;
      @Column() color!: string;
    }
    make(Cup, { color: "blue" }).color = "red";
    expect(heard).toEqual(["Cup.color = blue", "Cup.color = red"]);
  });
});
