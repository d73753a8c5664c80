/** Graphs whose rows depend on each other in long chains and in rings: a flush orders them without recursion, in time that grows as they do. */
import { test as everywhere, expect, inject } from "vitest";
import {
  attrs,
  Column,
  func,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { howOften, LONG_RUN } from "../../support/long-runs.js";
import { make, storeFor } from "../support.js";

/** How rows are ordered does not depend on the database: one of them will do. */
const test = everywhere.runIf(inject("database") === "sqlite");

const reg = registry();

@reg.Entity("nodes")
class Node {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "nodes.id", nullable: true, index: true }) overId!: number | null;
  @Column(t.integer, { foreignKey: "nodes.id", nullable: true, index: true }) nextId!: number | null;
  @ManyToOne(
    () => Node,
    (n) => n.below,
    { foreignKeys: ["overId"] },
  )
  over!: Relation<Node> | null;
  @OneToMany(
    () => Node,
    (n) => n.over,
    { foreignKeys: ["overId"] },
  )
  below!: Node[];
  /** A ring: the last refers to the first. */
  @ManyToOne(() => Node, { foreignKeys: ["nextId"], postUpdate: true }) next!: Relation<Node> | null;
  @ManyToMany(
    () => Node,
    (n) => n.seenBy,
    { secondary: "sights", joinColumns: ["seer_id"], inverseJoinColumns: ["seen_id"] },
  )
  sees!: Node[];
  @ManyToMany(
    () => Node,
    (n) => n.sees,
    { secondary: "sights", joinColumns: ["seen_id"], inverseJoinColumns: ["seer_id"] },
  )
  seenBy!: Node[];
}

/** One object that reaches all the others: a ring, under each other as `over` says, with edges across. */
function graph(count: number, over: (i: number) => number): Node {
  const nodes = Array.from({ length: count }, () => make(Node));
  for (let i = 0; i < count; i++) {
    nodes[i].next = nodes[(i + 1) % count];
    if (i > 0) nodes[i].over = nodes[over(i)];
    nodes[i].sees = [nodes[(i * 7 + 1) % count]];
  }
  return nodes[0];
}

const tree = (i: number) => (i - 1) >> 1;

test("a chain as long as no stack is deep is added, merged, deleted and flushed", LONG_RUN, async () => {
  const count = 6_000;
  const { Session } = await storeFor(reg, { expireOnCommit: false });
  await using session = Session();
  session.add(graph(count, (i) => i - 1));
  await session.flush();
  const rows = await session.scalar(select(func.count()).selectFrom(Node));
  const ring = await session.scalar(select(func.count(attrs(Node).nextId)));
  const edges = await session.scalar(select(func.count()).selectFrom(reg.metadata.tables.get("sights") as never));
  expect([rows, ring, edges].map(Number)).toEqual([count, count, count]);
  await session.commit();

  await using other = Session();
  const copy = await other.merge((await session.get(Node, 1)) as Node, { load: false });
  expect((copy as Node).next?.next).toBeDefined();
  await other.close();

  await session.deleteAll([...session]);
  await session.commit();
  expect(Number(await session.scalar(select(func.count()).selectFrom(Node)))).toBe(0);
});

test("the time for each object does not grow with the graph", LONG_RUN, async () => {
  const full = howOften(6_000, 100_000);
  const { Session } = await storeFor(reg, { expireOnCommit: false });
  const costs: number[] = [];
  // The first run warms the compiler.
  for (const count of [full / 5, full / 5, full]) {
    await using session = Session();
    session.add(graph(count, tree));
    const before = process.cpuUsage();
    await session.flush();
    costs.push(process.cpuUsage(before).user / count);
    await session.rollback();
  }
  expect(costs[2]).toBeLessThan(costs[1] * 2.5);
});
