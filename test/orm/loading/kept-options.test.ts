import { describe, expect, test } from "vitest";
import {
  type AsyncSession,
  Column,
  inspect,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  raiseload,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("kept_nodes")
class Node {
  @PrimaryKey({ autoincrement: false }) id!: number;
  @Column(t.datetime, { nullable: true }) at!: Date | null;
  @ManyToOne(
    () => Node,
    (n) => n.children,
  )
  parent!: Relation<Node> | null;
  @OneToMany(
    () => Node,
    (n) => n.parent,
    { orderBy: "id" },
  )
  children!: Node[];
}

/** 1 with the child 2, which has the child 3. */
async function tree() {
  const store = await storeFor(reg);
  await using session = store.Session();
  const parent = make(Node, { id: 1, at: new Date(1000) });
  const child = make(Node, { id: 2, at: new Date(2000), parent });
  session.addAll([parent, child, make(Node, { id: 3, parent: child })]);
  await session.commit();
  return store;
}

const nodes = select(Node).orderBy((n) => n.id);
const loadedChildren = (node: Node): boolean => !inspect(node).unloaded.has("children");
const refresh = (session: AsyncSession, node: Node) => session.runSync(() => node.at);

describe("the options with which an object was loaded are in force when it is refreshed", () => {
  test("[QR-14] and stay so when another statement meets it expired", async () => {
    const { Session } = await tree();
    await using session = Session();
    const [first] = await session.scalars(nodes.options(selectinload(Node, (n) => n.children))).all();
    session.expireAll();
    await session.scalars(nodes).all();
    session.expire(first!);
    await refresh(session, first!);
    expect(loadedChildren(first!)).toBe(true);
  });

  test("also when it is overwritten by a statement without options, but not by one with others", async () => {
    const { Session } = await tree();
    await using session = Session();
    const [first] = await session.scalars(nodes.options(selectinload(Node, (n) => n.children))).all();
    await session.scalars(nodes.executionOptions({ populateExisting: true })).all();
    session.expire(first!);
    await refresh(session, first!);
    expect(loadedChildren(first!)).toBe(true);

    const others = nodes.options(raiseload(Node, (n) => n.children));
    await session.scalars(others.executionOptions({ populateExisting: true })).all();
    session.expire(first!);
    await refresh(session, first!);
    expect(loadedChildren(first!)).toBe(false);
  });

  test("[QR-13] those of the shallowest place, where the statement has it in several", async () => {
    const { Session } = await tree();
    await using session = Session();
    // 2 comes first as a child of 1, whose children are not joined further, and then as a row of its own.
    const [, second] = await session
      .scalars(nodes.options(joinedload(Node, (n) => n.children)))
      .unique()
      .all();
    session.expire(second!);
    await refresh(session, second!);
    expect(loadedChildren(second!)).toBe(true);
  });
});

test("what a later statement says of a relationship that is not loaded holds until the object expires", async () => {
  const { Session } = await tree();
  await using session = Session();
  const [first] = await session.scalars(nodes).all();
  await session.scalars(nodes.options(raiseload(Node, (n) => n.children))).all();
  await expect(session.runSync(() => first!.children)).rejects.toThrow(/raiseload/);
  session.expire(first!);
  expect(await session.runSync(() => first!.children.map((n) => n.id))).toEqual([2]);
});

test("an object that the session itself inserted reads its values converted when a statement has met it expired", async () => {
  const { Session } = await storeFor(reg);
  await using session = Session();
  const node = make(Node, { id: 1, at: new Date(1000) });
  session.add(node);
  await session.commit();
  await session.scalars(nodes).all();
  expect(node.at).toEqual(new Date(1000));
});
