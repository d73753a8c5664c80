/**
 * The unit of work against a simple model. Random edits of a graph (parents with ordered children, children with tags, trees) are applied to
 * entities and to plain data alike, flushed at random points, and the database must equal the data.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AsyncEngine,
  type AsyncSession,
  asyncSessionmaker,
  Column,
  del,
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
import { openDatabase } from "../../support/database.js";

const reg = registry();
const { Entity } = reg;

@Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Child,
    (c) => c.parent,
    { cascade: ["all"], orderBy: "id" },
  )
  children!: Child[];
  @OneToMany(
    () => Owned,
    (o) => o.owner,
    { cascade: ["all", "delete-orphan"], orderBy: "id" },
  )
  owned!: Owned[];
}

@Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.children,
  )
  parent!: Relation<Parent> | null;
  @ManyToOne(
    () => Child,
    (c) => c.under,
  )
  over!: Relation<Child> | null;
  @OneToMany(
    () => Child,
    (c) => c.over,
  )
  under!: Child[];
  @ManyToMany(
    () => Tag,
    (g) => g.children,
    { secondary: "child_tags", orderBy: "id" },
  )
  tags!: Tag[];
}

@Entity("owned")
class Owned {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.owned,
  )
  owner!: Relation<Parent> | null;
}

@Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToMany(
    () => Child,
    (c) => c.tags,
  )
  children!: Child[];
}

/** What should be stored: names and links, by name. */
interface Model {
  readonly parents: Map<string, Parent>;
  readonly children: Map<string, Child>;
  readonly owned: Map<string, Owned>;
  readonly tags: Map<string, Tag>;
  /** child -> parent, owned -> parent, child -> child above it. */
  readonly parentOf: Map<string, string | null>;
  readonly ownerOf: Map<string, string | null>;
  readonly overOf: Map<string, string | null>;
  readonly tagged: Set<string>;
}

type Command = readonly [kind: string, a: number, b: number];

const command: fc.Arbitrary<Command> = fc.tuple(
  fc.constantFrom(
    "newParent",
    "newChild",
    "newChild",
    "newOwned",
    "newTag",
    "move",
    "moveByCollection",
    "orphan",
    "give",
    "drop",
    "tag",
    "untag",
    "replaceTags",
    "putUnder",
    "rename",
    "deleteChild",
    "deleteTag",
    "deleteParent",
    "reverse",
    "flush",
    "commit",
  ),
  fc.nat(50),
  fc.nat(50),
);

const pick = <T>(map: ReadonlyMap<string, T>, n: number): [string, T] | null => {
  if (map.size === 0) return null;
  return [...map][n % map.size];
};

let serial = 0;

async function apply(session: AsyncSession, model: Model, [kind, a, b]: Command): Promise<void> {
  const name = `n${++serial}`;
  const parent = pick(model.parents, a);
  const child = pick(model.children, b);
  switch (kind) {
    case "newParent": {
      const made = Object.assign(new Parent(), { name, children: [], owned: [] });
      session.add(made);
      model.parents.set(name, made);
      return;
    }
    case "newChild": {
      const made = Object.assign(new Child(), { name, tags: [], under: [], parent: null, over: null });
      if (parent !== null && b % 2) parent[1].children.push(made);
      else session.add(made);
      model.children.set(name, made);
      model.parentOf.set(name, parent !== null && b % 2 ? parent[0] : null);
      model.overOf.set(name, null);
      return;
    }
    case "newOwned": {
      if (parent === null) return;
      const made = Object.assign(new Owned(), { name });
      parent[1].owned.push(made);
      model.owned.set(name, made);
      model.ownerOf.set(name, parent[0]);
      return;
    }
    case "newTag": {
      const made = Object.assign(new Tag(), { name, children: [] });
      session.add(made);
      model.tags.set(name, made);
      return;
    }
    case "move":
      if (parent === null || child === null) return;
      child[1].parent = parent[1];
      model.parentOf.set(child[0], parent[0]);
      return;
    case "moveByCollection":
      if (parent === null || child === null || parent[1].children.includes(child[1])) return;
      parent[1].children.push(child[1]);
      model.parentOf.set(child[0], parent[0]);
      return;
    case "orphan": {
      if (child === null) return;
      const above = child[1].parent;
      if (above === null) return;
      above.children.splice(above.children.indexOf(child[1]), 1);
      model.parentOf.set(child[0], null);
      return;
    }
    case "give": {
      const owned = pick(model.owned, b);
      if (parent === null || owned === null) return;
      owned[1].owner = parent[1];
      // An object that was not inserted yet left the session with the collection that owned it; see relationships/delete-orphan.test.ts.
      session.add(owned[1]);
      model.ownerOf.set(owned[0], parent[0]);
      return;
    }
    case "drop": {
      const owned = pick(model.owned, b);
      const owner = owned?.[1].owner;
      if (!owned || !owner) return;
      owner.owned.splice(owner.owned.indexOf(owned[1]), 1);
      model.owned.delete(owned[0]);
      model.ownerOf.delete(owned[0]);
      return;
    }
    case "tag":
    case "untag": {
      const tag = pick(model.tags, a);
      if (tag === null || child === null) return;
      const key = `${child[0]} ${tag[0]}`;
      const has = model.tagged.has(key);
      if (kind === "tag" && !has) {
        if (b % 2) child[1].tags.push(tag[1]);
        else tag[1].children.push(child[1]);
        model.tagged.add(key);
      } else if (kind === "untag" && has) {
        child[1].tags.splice(child[1].tags.indexOf(tag[1]), 1);
        model.tagged.delete(key);
      }
      return;
    }
    case "replaceTags": {
      if (child === null) return;
      const wanted = [...model.tags].filter((_, i) => (a >> (i % 5)) & 1);
      child[1].tags = wanted.map(([, tag]) => tag);
      for (const key of [...model.tagged]) if (key.startsWith(`${child[0]} `)) model.tagged.delete(key);
      for (const [tag] of wanted) model.tagged.add(`${child[0]} ${tag}`);
      return;
    }
    case "putUnder": {
      const other = pick(model.children, a);
      if (child === null || other === null) return;
      for (let above: string | null = other[0]; above !== null; above = model.overOf.get(above) ?? null)
        if (above === child[0]) return;
      child[1].over = other[1];
      model.overOf.set(child[0], other[0]);
      return;
    }
    case "rename":
      if (child === null) return;
      child[1].name = `${child[1].name}`;
      return;
    case "deleteChild": {
      if (child === null) return;
      await session.flush();
      await session.delete(child[1]);
      await session.flush();
      child[1].parent?.children.splice(child[1].parent.children.indexOf(child[1]), 1);
      forgetChild(model, child[0]);
      await session.commit();
      await reload(session, model);
      return;
    }
    case "deleteTag": {
      const tag = pick(model.tags, b);
      if (tag === null) return;
      await session.flush();
      await session.delete(tag[1]);
      await session.commit();
      model.tags.delete(tag[0]);
      for (const key of [...model.tagged]) if (key.endsWith(` ${tag[0]}`)) model.tagged.delete(key);
      await reload(session, model);
      return;
    }
    case "deleteParent": {
      if (parent === null) return;
      await session.flush();
      await session.delete(parent[1]);
      await session.commit();
      model.parents.delete(parent[0]);
      for (const [key, owner] of [...model.parentOf]) if (owner === parent[0]) forgetChild(model, key);
      for (const [key, owner] of [...model.ownerOf]) {
        if (owner !== parent[0]) continue;
        model.owned.delete(key);
        model.ownerOf.delete(key);
      }
      await reload(session, model);
      return;
    }
    case "reverse":
      parent?.[1].children.reverse();
      return;
    case "flush":
      await session.flush();
      return;
    case "commit":
      await session.commit();
      await reload(session, model);
  }
}

function forgetChild(model: Model, name: string): void {
  model.children.delete(name);
  model.parentOf.delete(name);
  model.overOf.delete(name);
  for (const [key, over] of [...model.overOf]) if (over === name) model.overOf.set(key, null);
  for (const key of [...model.tagged]) if (key.startsWith(`${name} `)) model.tagged.delete(key);
}

/** After a commit everything is expired; the edits want it in memory. */
async function reload(session: AsyncSession, model: Model): Promise<void> {
  const children = await session
    .scalars(
      select(Child).options(
        selectinload(Child, (c) => c.tags).selectinload((g) => g.children),
        selectinload(Child, (c) => c.under),
        selectinload(Child, (c) => c.over),
        selectinload(Child, (c) => c.parent),
      ),
    )
    .all();
  const parents = await session
    .scalars(
      select(Parent).options(
        selectinload(Parent, (p) => p.children),
        selectinload(Parent, (p) => p.owned).selectinload((o) => o.owner),
      ),
    )
    .all();
  const tags = await session.scalars(select(Tag).options(selectinload(Tag, (g) => g.children))).all();
  // One object for one row: the model's own objects are those that come back.
  for (const each of children) expect(model.children.get(each.name)).toBe(each);
  for (const each of parents) expect(model.parents.get(each.name)).toBe(each);
  for (const each of tags) expect(model.tags.get(each.name)).toBe(each);
}

/** What the database holds, in the model's terms. */
async function stored(engine: AsyncEngine) {
  const Session = asyncSessionmaker(engine);
  await using session = Session();
  const parents = await session.scalars(select(Parent)).all();
  const children = await session
    .scalars(
      select(Child).options(
        selectinload(Child, (c) => c.parent),
        selectinload(Child, (c) => c.over),
        selectinload(Child, (c) => c.tags),
      ),
    )
    .all();
  const owned = await session.scalars(select(Owned).options(selectinload(Owned, (o) => o.owner))).all();
  const tags = await session.scalars(select(Tag)).all();
  return {
    parents: parents.map((p) => p.name).sort(),
    parentOf: Object.fromEntries(children.map((c) => [c.name, c.parent?.name ?? null])),
    overOf: Object.fromEntries(children.map((c) => [c.name, c.over?.name ?? null])),
    ownerOf: Object.fromEntries(owned.map((o) => [o.name, o.owner?.name ?? null])),
    tags: tags.map((g) => g.name).sort(),
    tagged: children.flatMap((c) => c.tags.map((g) => `${c.name} ${g.name}`)).sort(),
  };
}

function expected(model: Model) {
  return {
    parents: [...model.parents.keys()].sort(),
    parentOf: Object.fromEntries(model.parentOf),
    overOf: Object.fromEntries(model.overOf),
    ownerOf: Object.fromEntries(model.ownerOf),
    tags: [...model.tags.keys()].sort(),
    tagged: [...model.tagged].sort(),
  };
}

test("after any edits and flushes the database equals the model", async () => {
  // One database for all runs, emptied before each: to make one costs a server more than the run itself.
  await using database = await openDatabase();
  const { engine } = database;
  await reg.metadata.createAll(engine);
  const tables = [...reg.metadata.sortedTables].reverse();
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
      await engine.begin(async (connection) => {
        for (const table of tables) await connection.execute(del(table).all());
      });
      const model: Model = {
        parents: new Map(),
        children: new Map(),
        owned: new Map(),
        tags: new Map(),
        parentOf: new Map(),
        ownerOf: new Map(),
        overOf: new Map(),
        tagged: new Set(),
      };
      {
        await using session = asyncSessionmaker(engine, { expireOnCommit: false })();
        for (const each of commands) await apply(session, model, each);
        await session.commit();
      }
      expect(await stored(engine)).toEqual(expected(model));
    }),
    { numRuns: 300 },
  );
});
