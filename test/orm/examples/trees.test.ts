import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  caseWhen,
  event,
  func,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type Session,
  select,
  selectinload,
  t,
  update,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("nodes")
class TreeNode {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  /** The names from the root to here, with a dot behind each. */
  @Column(t.string(200), { default: "" }) path!: string;
  @ManyToOne(
    () => TreeNode,
    (n) => n.children,
    { remoteSide: ["id"] },
  )
  parent!: Relation<TreeNode> | null;
  @OneToMany(
    () => TreeNode,
    (n) => n.parent,
    { cascade: ["all", "delete-orphan"], orderBy: "id" },
  )
  children!: TreeNode[];
}

const node = (name: string, ...children: TreeNode[]): TreeNode => make(TreeNode, { name, children });
const shape = (n: TreeNode): unknown => (n.children.length === 0 ? n.name : { [n.name]: n.children.map(shape) });

describe("trees", () => {
  test("[EX-01] an adjacency list: a whole tree is stored by its root, loaded level by level, and pruned", async () => {
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) =>
      s.add(node("root", node("a", node("a1"), node("a2")), node("b", node("b1", node("b11"))))),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const root = await session
      .scalars(
        select(TreeNode)
          .where((n) => n.name.eq("root"))
          .options(selectinload(TreeNode, (n) => n.children, { recursionDepth: -1 })),
      )
      .one();
    expect(shape(root)).toEqual({ root: [{ a: ["a1", "a2"] }, { b: [{ b1: ["b11"] }] }] });
    expect(log.count("SELECT")).toBeLessThanOrEqual(5);
    root.children.pop();
    await session.commit();
    expect(await session.scalar(select(func.count()).selectFrom(TreeNode))).toBe(4);
  });

  test("[EX-01] materialised paths, kept by a hook: a subtree is one LIKE, and moves with its root", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    event.listen(Session, "beforeFlush", (session: Session) => {
      const place = (n: TreeNode): void => {
        n.path = `${n.parent?.path ?? ""}${n.name}.`;
        for (const child of n.children) place(child);
      };
      for (const each of session.new) if (each instanceof TreeNode && each.parent == null) place(each);
    });
    await using session = Session();
    const [a, b] = [node("a", node("a1", node("a11"))), node("b")];
    session.add(node("root", a, b));
    await session.commit();
    const under = async (path: string) =>
      (
        await session
          .scalars(
            select(TreeNode)
              .where((n) => n.path.startsWith(path))
              .orderBy((n) => n.path),
          )
          .all()
      ).map((n) => n.name);
    expect(await under("root.a.")).toEqual(["a", "a1", "a11"]);
    const n = attrs(TreeNode);
    a.parent = b;
    await session.execute(
      update(TreeNode)
        .where(n.path.startsWith("root.a."))
        .values({ path: func.replace(n.path, "root.a.", "root.b.a.") as never }),
      undefined,
      { synchronizeSession: "fetch" },
    );
    await session.commit();
    expect(await under("root.b.")).toEqual(["b", "a", "a1", "a11"]);
    await session.refresh(a);
    expect(a.path).toBe("root.b.a.");
  });

  test("[EX-01] nested sets: what is under a row is a range, kept by one UPDATE before each INSERT", async () => {
    const own = registry();
    @own.Entity("staff")
    class Staff {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
      @Column(t.integer, { default: 0 }) left!: number;
      @Column(t.integer, { default: 0 }) right!: number;
    }
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const s = attrs(Staff);
    const hire = async (name: string, boss?: Staff): Promise<Staff> => {
      let at = 1;
      if (boss !== undefined) {
        await session.refresh(boss);
        at = boss.right;
        await session.execute(
          update(Staff)
            .where(s.right.ge(at))
            .values({
              left: caseWhen([[s.left.gt(at), s.left.add(2)]], { else: s.left }) as never,
              right: s.right.add(2) as never,
            }),
        );
      }
      const staff = make(Staff, { name, left: at, right: at + 1 });
      session.add(staff);
      await session.flush();
      return staff;
    };
    const jack = await hire("jack");
    const jill = await hire("jill", jack);
    await hire("jim", jack);
    await hire("joe", jill);
    const boss = aliased(Staff, "boss");
    const under = select(s.name)
      .join(boss, s.left.between(boss.left, boss.right))
      .where(boss.name.eq("jill"))
      .orderBy(s.left);
    expect(await session.scalars(under).all()).toEqual(["jill", "joe"]);
    const depth = select(s.name, func.count(boss.id))
      .join(boss, s.left.between(boss.left, boss.right))
      .groupBy(s.name, s.left)
      .orderBy(s.left);
    expect((await session.execute(depth).all()).map(([name, n]) => [name, Number(n)])).toEqual([
      ["jack", 1],
      ["jill", 2],
      ["joe", 3],
      ["jim", 2],
    ]);
  });
});
