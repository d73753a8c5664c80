import { expect, test } from "vitest";
import {
  awaitable,
  Column,
  inspect,
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
  update,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("nodes")
class Node {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column(t.integer, { nullable: true, index: true, foreignKey: "nodes.id" }) parentId!: number | null;
  @ManyToOne(
    () => Node,
    (n) => n.children,
    { foreignKeys: ["parentId"] },
  )
  parent!: Relation<Node> | null;
  @OneToMany(
    () => Node,
    (n) => n.parent,
    { orderBy: (n) => n.name },
  )
  children!: Node[];
  @OneToMany(
    () => Leaf,
    (x) => x.node,
  )
  leaves!: Leaf[];
}

@reg.Entity("leaves")
class Leaf {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Node,
    (n) => n.leaves,
  )
  node!: Relation<Node> | null;
}

@reg.Entity("persons")
class Person {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToMany(
    () => Person,
    (p) => p.followers,
    { secondary: "follows" },
  )
  follows!: Person[];
  @ManyToMany(
    () => Person,
    (p) => p.follows,
  )
  followers!: Person[];
}

type Shape = string | [string, Shape[]];

const tree = (shape: Shape): Node => {
  const [name, below] = typeof shape === "string" ? [shape, []] : shape;
  return make(Node, { name, children: below.map(tree), leaves: [make(Leaf, {})] });
};

async function planted() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.add(tree(["root", [["a", [["aa", ["aaa", "aab"]], "ab"]], "b", ["c", ["ca"]]]]));
    s.add(tree(["other", ["x"]]));
  });
  return store;
}

/** What is loaded of a tree, without loading anything. */
const shapeOf = (node: Node): unknown =>
  inspect(node).attrs.children.loaded
    ? node.children.length === 0
      ? node.name
      : [node.name, node.children.map(shapeOf)]
    : `${node.name}?`;

const roots = select(Node)
  .where((n) => n.parentId.isNull())
  .orderBy((n) => n.id);

test("[QR-15] a tree of any depth is loaded with one statement: children and parents know each other, leaves are known to be empty", async () => {
  const { engine, Session } = await planted();
  await using session = Session();
  const recorded = recordStatements(engine);
  const found = await session.scalars(roots.options(selectinload(Node, (n) => n.children, { depth: -1 }))).all();
  expect(recorded.statements).toHaveLength(2);
  expect(found.map(shapeOf)).toEqual([
    ["root", [["a", [["aa", ["aaa", "aab"]], "ab"]], "b", ["c", ["ca"]]]],
    ["other", ["x"]],
  ]);
  const aaa = found[0].children[0].children[0].children[0];
  expect(inspect(aaa).attrs.parent.loaded).toBe(true);
  expect(aaa.parent?.parent?.parent).toBe(found[0]);
  expect(recorded.statements).toHaveLength(2);
});

test("[QR-15] a depth ends the tree: what lies below is not loaded, and is not taken for empty", async () => {
  const { engine, Session } = await planted();
  await using session = Session();
  const recorded = recordStatements(engine);
  const stmt = roots.options(selectinload(Node, (n) => n.children, { depth: 2 }).selectinload((n) => n.leaves));
  const found = await session.scalars(stmt).all();
  expect(recorded.statements).toHaveLength(3);
  expect(found.map(shapeOf)).toEqual([
    ["root", [["a", ["aa?", "ab?"]], "b", ["c", ["ca?"]]]],
    ["other", ["x"]],
  ]);
  const [aa] = found[0].children[0].children;
  expect(aa.leaves).toHaveLength(1);
  expect((await awaitable(aa).children).map((n) => n.name)).toEqual(["aaa", "aab"]);
});

test("[QR-15] the ancestors of an object are loaded with one statement", async () => {
  const { engine, Session } = await planted();
  await using session = Session();
  const recorded = recordStatements(engine);
  const stmt = select(Node).where((n) => n.name.in(["aab", "ca", "root"]));
  const found = await session
    .scalars(stmt.options(selectinload(Node, (n) => n.parent, { depth: -1 })).orderBy((n) => n.name))
    .all();
  expect(recorded.statements).toHaveLength(2);
  const path = (n: Node | null): string => (n === null ? "" : `${path(n.parent)}/${n.name}`);
  expect(found.map(path)).toEqual(["/root/a/aa/aab", "/root/c/ca", "/root"]);
  expect(recorded.statements).toHaveLength(2);
});

test("[QR-15] a circle ends where it closes, in a tree and in a graph", async () => {
  const { Session } = await planted();
  await Session.begin(async (s) => {
    const [root, aaa] = await Promise.all(
      ["root", "aaa"].map((name) => s.scalars(select(Node).where((n) => n.name.eq(name))).one()),
    );
    await s.execute(
      update(Node)
        .where((n) => n.id.eq(root.id))
        .values({ parentId: aaa.id }),
    );
    const [p, q, r] = ["p", "q", "r"].map((name) => make(Person, { name }));
    p.follows.push(q, r);
    q.follows.push(r);
    r.follows.push(p);
    s.add(p);
  });
  await using session = Session();
  const stmt = select(Node).where((n) => n.name.eq("root"));
  for (const depth of [-1, 50]) {
    const root = await session.scalars(stmt.options(selectinload(Node, (n) => n.children, { depth }))).one();
    const aaa = root.children[0].children[0].children[0];
    expect(aaa.name).toBe("aaa");
    expect(aaa.children).toEqual([root]);
    expect(root.parent).toBe(aaa);
    session.expungeAll();
    const p = await session
      .scalars(
        select(Person)
          .where((x) => x.name.eq("p"))
          .options(selectinload(Person, (x) => x.follows, { depth, orderBy: (x) => x.name })),
      )
      .one();
    const [q, r] = p.follows;
    expect([q, r].map((x) => x.name)).toEqual(["q", "r"]);
    expect([q.follows, r.follows]).toEqual([[r], [p]]);
    session.expungeAll();
  }
});

test("[QR-15] a condition cuts branches off, and the collections say that they are partial", async () => {
  const { Session } = await planted();
  await using session = Session();
  const load = selectinload(Node, (n) => n.children, {
    depth: -1,
    where: (n) => n.name.ne("aa"),
    orderBy: (n) => n.name.desc(),
  });
  const [root] = await session.scalars(roots.options(load)).all();
  expect(shapeOf(root)).toEqual(["root", [["c", ["ca"]], "b", ["a", ["ab"]]]]);
  expect(inspect(root.children[2]).attrs.children.partial).toBe(true);
  expect(() => {
    root.children[2].children = [];
  }).toThrow("was loaded in part");
});

test("[QR-15] a tree by subquery and a tree that is read lazily are one statement each", async () => {
  const { engine, Session } = await planted();
  await using session = Session();
  const recorded = recordStatements(engine);
  const found = await session
    .scalars(roots.options(subqueryload(Node, (n) => n.children, { depth: 3 }).defer((n) => n.name)))
    .all();
  expect(recorded.statements).toHaveLength(2);
  expect(found[0].children[0].children[0].children).toHaveLength(2);
  await session.close();
  await using other = Session();
  const [root] = await other.scalars(roots.options(selectinload(Node, (n) => n.leaves))).all();
  await other.refresh(root);
  recorded.statements.length = 0;
  expect((await awaitable(root).children).length).toBe(3);
  expect(recorded.statements).toHaveLength(1);
});

test("[QR-15] loaded collections with changes stay as they are, and the rest of the tree is filled", async () => {
  const { Session } = await planted();
  await using session = Session();
  const a = await session
    .scalars(
      select(Node)
        .where((n) => n.name.eq("a"))
        .options(selectinload(Node, (n) => n.children)),
    )
    .one();
  using _ = session.noAutoflush();
  const gone = a.children.pop();
  const [root] = await session.scalars(roots.options(selectinload(Node, (n) => n.children, { depth: -1 }))).all();
  expect(a.children.map((n) => n.name)).toEqual(["aa"]);
  expect(gone?.parent).toBeNull();
  expect(shapeOf(root)).toEqual(["root", [["a", [["aa", ["aaa", "aab"]]]], "b", ["c", ["ca"]]]]);
});

test("[QR-15] settings that a tree does not take are refused by name", () => {
  const load = (settings: object) => () => selectinload(Node, (n) => n.children, settings);
  expect(load({ depth: 0 })).toThrow("Node.children: depth is -1 for all levels, or a whole number from 1, not 0.");
  expect(load({ depth: 2, limit: 3 })).toThrow("With limit and offset say recursionDepth");
  expect(load({ depth: 2, recursionDepth: 3 })).toThrow("depth loads whole levels with one statement");
  expect(() => selectinload(Node, (n) => n.leaves, { depth: 2 })).toThrow("Node.leaves is not self-referential");
  expect(() => selectinload(Leaf, (n) => n.node, { where: (n) => n.id.gt(1) })).toThrow("Leaf.node holds one object");
});
