/** The chapter "Adjacency list relationships" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  ForeignKeyConstraint,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("nodes")
class Node {
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "nodes.id", nullable: true }) parentId!: number | null;
  @Column(t.string(20)) data!: string;
  @OneToMany(
    () => Node,
    (n) => n.parent,
    { orderBy: "id" },
  )
  children!: Node[];
  @ManyToOne(
    () => Node,
    (n) => n.children,
    { remoteSide: ["id"] },
  )
  parent!: Relation<Node> | null;
}

/** An account's folders: the parent is in the same account. */
@reg.Entity("folders", {
  tableArgs: [
    new ForeignKeyConstraint(["accountId", "parentId"] as never, ["folders.account_id", "folders.folder_id"] as never),
  ],
})
class Folder {
  @PrimaryKey({ autoincrement: false }) accountId!: number;
  @PrimaryKey({ autoincrement: false }) folderId!: number;
  @Column({ nullable: true }) parentId!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Folder,
    (f) => f.children,
    { remoteSide: ["accountId", "folderId"] },
  )
  parent!: Relation<Folder> | null;
  @OneToMany(
    () => Folder,
    (f) => f.parent,
    { orderBy: "folderId" },
  )
  children!: Folder[];
}

const node = (id: number, data: string, children: Node[] = []): Node => make(Node, { id, data, children });

/** root -> child1, child2 -> (subchild1, subchild2), child3 */
async function tree() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.add(
      node(1, "root", [
        node(2, "child1"),
        node(3, "child2", [node(4, "subchild1"), node(5, "subchild2")]),
        node(6, "child3"),
      ]),
    ),
  );
  return { ...store, log: recordStatements(store.engine) };
}

describe("a table that refers to itself", () => {
  test("[RS-01] has both directions, and rows are stored in order of dependency", async () => {
    const { Session } = await tree();
    await using session = Session();
    const sub = await session.getOne(Node, 4, {
      options: [selectinload(Node, (n) => n.parent).selectinload((n) => n.parent)],
    });
    expect([sub.parent?.data, sub.parent?.parent?.data]).toEqual(["child2", "root"]);
    const child = await session.getOne(Node, 2);
    sub.parent = child;
    await session.commit();
    const root = await session
      .scalars(
        select(Node)
          .where((n) => n.id.eq(1))
          .options(selectinload(Node, (n) => n.children).selectinload((n) => n.children)),
      )
      .one();
    expect(root.children.map((n) => n.children.map((c) => c.id))).toEqual([[4], [5], []]);
  });

  test("[RS-01] works over composite keys, of which a part is shared", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const folder = (folderId: number, name: string, children: Folder[] = []) =>
      make(Folder, { accountId: 7, folderId, name, children });
    session.add(folder(1, "root", [folder(2, "a", [folder(3, "aa")]), folder(4, "b")]));
    await session.commit();
    await using second = Session();
    const root = await second.getOne(Folder, [7, 1], {
      options: [selectinload(Folder, (f) => f.children, { recursionDepth: -1 })],
    });
    expect(root.children.map((f) => [f.name, f.children.map((c) => c.name)])).toEqual([
      ["a", ["aa"]],
      ["b", []],
    ]);
    const aa = await second.getOne(Folder, { accountId: 7, folderId: 3 });
    expect(aa.parent).toBe(root.children[0]);
    await second.runSync((s) => {
      for (const each of [aa, ...root.children, root]) s.delete(each);
    });
    await second.commit();
    expect(await second.scalars(select(Folder)).all()).toEqual([]);
  });

  test("[RS-02] is joined to itself under other names, two levels up", async () => {
    const { Session } = await tree();
    await using session = Session();
    const [n, parent, grand] = [attrs(Node), aliased(Node, "parent"), aliased(Node, "grand")];
    const found = await session
      .scalars(
        select(Node)
          .join(n.parent.of(parent))
          .join(parent.parent.of(grand))
          .where(n.data.eq("subchild1"), parent.data.eq("child2"), grand.data.eq("root")),
      )
      .all();
    expect(found.map((x) => x.id)).toEqual([4]);
    expect(
      await session.scalars(select(Node).where((x) => x.children.any((c) => c.data.eq("subchild2")))).all(),
    ).toHaveLength(1);
    expect(
      await session
        .scalars(
          select(Node)
            .where((x) => x.parent.has((p) => p.data.eq("root")))
            .orderBy(n.id),
        )
        .all(),
    ).toHaveLength(3);
  });

  test("[RS-02] gives entities from a recursive CTE", async () => {
    const { Session } = await tree();
    await using session = Session();
    const n = attrs(Node);
    const start = select(n.id, n.parentId, n.data).where(n.id.eq(3)).cte("below", { recursive: true });
    const child = aliased(Node, "child");
    const below = start.unionAll(
      select(child.id, child.parentId, child.data).where(child.parentId.eq(start.c.id as never)),
    );
    const found = aliased(Node, below as never);
    const nodes = await session.scalars(select(found).orderBy(found.id)).all();
    expect(nodes.map((x) => x.data)).toEqual(["child2", "subchild1", "subchild2"]);
    expect(nodes[0]).toBe(await session.getOne(Node, 3));
  });
});

describe("eager loading of a tree", () => {
  test("[RS-03] goes down to a depth, or to the end, with one statement for each level", async () => {
    const { Session, log } = await tree();
    const load = async (recursionDepth: number) => {
      await using session = Session();
      log.reset();
      const root = await session
        .scalars(
          select(Node)
            .where((n) => n.id.eq(1))
            .options(selectinload(Node, (n) => n.children, { recursionDepth })),
        )
        .one();
      return [log.count(), root] as const;
    };
    const [one, shallow] = await load(1);
    expect(one).toBe(2);
    expect(shallow.children).toHaveLength(3);
    expect(() => shallow.children[1].children).toThrow();
    const [all, root] = await load(-1);
    // root, its children, theirs, and the level that turns out to be empty
    expect(all).toBe(4);
    expect(root.children[1].children.map((n) => n.children.length)).toEqual([0, 0]);
  });

  test("[RS-03] ends on a cycle of rows", async () => {
    const { Session, log } = await tree();
    await using session = Session();
    await Session.begin(async (s) => {
      (await s.getOne(Node, 1)).parentId = 5;
    });
    log.reset();
    const root = await session
      .scalars(
        select(Node)
          .where((n) => n.id.eq(1))
          .options(selectinload(Node, (n) => n.children, { recursionDepth: -1 })),
      )
      .one();
    expect(root.children[1].children[1].children).toEqual([root]);
    expect(log.count()).toBeLessThan(7);
  });

  test("[RS-03] joinDepth in the mapping joins the table to itself so often", async () => {
    const deep = registry();
    @deep.Entity("deep_nodes")
    class Deep {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Deep,
        (d) => d.up,
        { lazy: "joined", joinDepth: 2 },
      )
      down!: Deep[];
      @ManyToOne(
        () => Deep,
        (d) => d.down,
      )
      up!: Relation<Deep> | null;
    }
    const { Session, engine } = await storeFor(deep);
    await Session.begin((s) =>
      s.add(
        make(Deep, {
          id: 1,
          down: [make(Deep, { id: 2, down: [make(Deep, { id: 3, down: [make(Deep, { id: 4 })] })] })],
        }),
      ),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const top = await session
      .scalars(select(Deep).where((d) => d.id.eq(1)))
      .unique()
      .one();
    expect(top.down[0].down[0].id).toBe(3);
    expect(log.count()).toBe(1);
    expect(() => top.down[0].down[0].down).toThrow();
    await session.close(); // PGlite has one connection
    await using second = Session();
    const three = await second
      .scalars(
        select(Deep)
          .where((d) => d.id.eq(3))
          .options(joinedload(Deep, (d) => d.up).joinedload((d) => d.up)),
      )
      .unique()
      .one();
    expect(three.up?.up?.id).toBe(1);
  });
});
