import { describe, expect, test } from "vitest";
import {
  awaitable,
  CircularDependencyError,
  Column,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("nodes")
class Node {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @ManyToOne(
    () => Node,
    (n) => n.children,
  )
  parent!: Relation<Node> | null;
  @OneToMany(
    () => Node,
    (n) => n.parent,
    { orderBy: "id", cascade: ["all"] },
  )
  children!: Node[];
}

@reg.Entity("countries")
class Country {
  @PrimaryKey(t.string(2)) code!: string;
  @ManyToMany(
    () => Country,
    (c) => c.borderedBy,
    { secondary: "borders", joinColumns: ["a"], inverseJoinColumns: ["b"] },
  )
  borders!: Country[];
  @ManyToMany(
    () => Country,
    (c) => c.borders,
  )
  borderedBy!: Country[];
}

@reg.Entity("staff")
class Staff {
  @PrimaryKey() id!: number;
  @ManyToOne(() => Staff, { postUpdate: true }) deputy!: Relation<Staff> | null;
}

const tree = () =>
  make(Node, {
    name: "root",
    children: [make(Node, { name: "a", children: [make(Node, { name: "a1" })] }), make(Node, { name: "b" })],
  });

describe("self-referential relationships", () => {
  test("[RS-01] a tree is inserted row by dependency, parents first, in one transaction", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(tree());
    await session.commit();
    const rows = await session.execute(text("select name, parent_id from nodes order by id")).all();
    expect(rows.map((r) => [...(r as unknown as unknown[])])).toEqual([
      ["root", null],
      ["a", 1],
      ["b", 1],
      ["a1", 2],
    ]);
  });

  test("a chain of 2,000 nodes given from its end is stored, and deleted again", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    let leaf = make(Node, { name: "0" });
    for (let i = 1; i < 2_000; i++) leaf = make(Node, { name: String(i), parent: leaf });
    session.add(leaf);
    await session.commit();
    expect(await session.scalar(text("select count(*) from nodes"))).toBe(2_000);
    const root = await session.scalars(select(Node).where((n) => n.name.eq("0"))).one();
    await session.delete(root);
    await session.commit();
    expect(await session.scalar(text("select count(*) from nodes"))).toBe(0);
  });

  test("[RS-01] moving a subtree is one UPDATE, and both sides agree at once", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const root = tree();
    session.add(root);
    await session.commit();
    const [a, b] = root.children;
    const [a1] = a.children;
    await session.refresh(b, ["children"]);
    using log = recordStatements(engine);
    a1.parent = b;
    expect([a.children, b.children]).toEqual([[], [a1]]);
    await session.flush();
    expect(log.count()).toBe(1);
  });

  test("deleting a node deletes what is below it, leaves first", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const root = tree();
    session.add(root);
    await session.commit();
    await session.delete(root);
    await session.commit();
    expect(await session.scalar(text("select count(*) from nodes"))).toBe(0);
  });

  test("[RS-03] selectinload goes down as many levels as it is told", async () => {
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) => s.add(tree()));
    await using session = Session();
    using log = recordStatements(engine);
    const root = await session
      .scalars(
        select(Node)
          .where((n) => n.name.eq("root"))
          .options(selectinload(Node, (n) => n.children).selectinload((n) => n.children)),
      )
      .one();
    expect(root.children.map((n) => n.children.map((c) => c.name))).toEqual([["a1"], []]);
    expect(log.count()).toBe(3);
  });

  test("a many-to-many to itself has two directions", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [td, ne, ly] = ["TD", "NE", "LY"].map((code) => make(Country, { code }));
    td.borders = [ne, ly];
    expect(ne.borderedBy).toEqual([td]);
    session.add(td);
    await session.commit();
    await using other = Session();
    const chad = await other.getOne(Country, "TD");
    expect((await awaitable(chad).borders).map((c) => c.code).sort()).toEqual(["LY", "NE"]);
    expect(await awaitable(chad).borderedBy).toEqual([]);
    const libya = await other.getOne(Country, "LY");
    expect(await awaitable(libya).borderedBy).toEqual([chad]);
  });

  test("[RP-02] a row that is its own parent needs postUpdate, and says so", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const self = make(Node, { name: "self" });
    self.parent = self;
    session.add(self);
    await expect(session.flush()).rejects.toThrow(CircularDependencyError);
    await session.rollback();
    const [x, y] = [make(Node, { name: "x" }), make(Node, { name: "y" })];
    x.parent = y;
    y.parent = x;
    session.addAll([x, y]);
    await expect(session.flush()).rejects.toThrow(CircularDependencyError);
    await session.rollback();
  });

  test("[RP-01] postUpdate stores and deletes rows that depend on each other", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const [x, y] = [new Staff(), new Staff()];
    x.deputy = y;
    y.deputy = x;
    session.addAll([x, y]);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.rows("UPDATE")).toBe(2);
    expect(await session.scalars(text("select deputy_id from staff order by id")).all()).toEqual([y.id, x.id]);
    await session.deleteAll([x, y]);
    await session.commit();
    expect(await session.scalar(text("select count(*) from staff"))).toBe(0);
  });

  test("a one-to-one chain: the next of one is the previous of the other", () => {
    const own = registry();
    @own.Entity("steps")
    class Step {
      @PrimaryKey() id!: number;
      @OneToOne(
        () => Step,
        (s) => s.previous,
        { owner: true },
      )
      next!: Relation<Step> | null;
      @OneToOne(
        () => Step,
        (s) => s.next,
        { owner: false },
      )
      previous!: Relation<Step> | null;
    }
    const [one, two, three] = [new Step(), new Step(), new Step()];
    one.next = two;
    three.previous = two;
    expect([two.previous, two.next]).toEqual([one, three]);
    one.next = three;
    expect([two.previous, three.previous]).toEqual([null, one]);
  });
});
