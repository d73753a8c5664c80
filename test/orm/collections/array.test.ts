import { beforeEach, describe, expect, test } from "vitest";
import {
  type AsyncSession,
  Column,
  filterWarnings,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, type Store, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Child,
    (c) => c.parent,
    { orderBy: "id" },
  )
  children!: Child[];
  @OneToMany(
    () => Toy,
    (c) => c.owner,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  toys!: Toy[];
}

@reg.Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.children,
  )
  parent!: Relation<Parent> | null;
}

@reg.Entity("toys")
class Toy {
  @PrimaryKey() id!: number;
  @Column(t.string(10)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.toys,
  )
  owner!: Relation<Parent> | null;
}

let store: Store;
let session: AsyncSession;
let parent: Parent;
let a: Child;
let b: Child;
let c: Child;
const child = (name: string) => make(Child, { name });

/** What the database holds, once the session was flushed. */
async function stored(): Promise<string[]> {
  await session.flush();
  const sql = text("select name from children where parent_id = :id order by name");
  return (await session.scalars(sql, { id: parent.id }).all()) as string[];
}

/** Each member has its parent, whoever is no member has none: both sides agree. */
function agrees(...outside: Child[]): void {
  for (const member of parent.children) expect(member.parent).toBe(parent);
  for (const object of outside) expect(object.parent).toBeNull();
}

const names = () => parent.children.map((x) => x.name).join("");

beforeEach(async () => {
  store = await storeFor(reg, { expireOnCommit: false });
  session = store.Session();
  [a, b, c] = [child("a"), child("b"), child("c")];
  parent = make(Parent, { children: [a, b, c] });
  session.add(parent);
  await session.commit();
  return () => session.close();
});

describe("[RC-01] a change of a collection is seen, whichever way it is made", () => {
  test("push adds, more than one at a time", async () => {
    expect(parent.children.push(child("d"), child("e"))).toBe(5);
    agrees();
    expect(await stored()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("pop takes the last and gives it", async () => {
    expect(parent.children.pop()).toBe(c);
    agrees(c);
    expect(await stored()).toEqual(["a", "b"]);
  });

  test("shift takes the first and gives it", async () => {
    expect(parent.children.shift()).toBe(a);
    agrees(a);
    expect(await stored()).toEqual(["b", "c"]);
  });

  test("unshift puts in front, in the order given", async () => {
    expect(parent.children.unshift(child("d"), child("e"))).toBe(5);
    expect(names()).toBe("deabc");
    agrees();
    expect(await stored()).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("pop and shift of an empty collection give undefined", () => {
    const empty = make(Parent, { children: [] });
    expect([empty.children.pop(), empty.children.shift()]).toEqual([undefined, undefined]);
  });

  test("a write to an index replaces its member", async () => {
    const d = child("d");
    parent.children[1] = d;
    expect(names()).toBe("adc");
    agrees(b);
    expect(await stored()).toEqual(["a", "c", "d"]);
  });

  test("a write to the index behind the last appends", async () => {
    parent.children[parent.children.length] = child("d");
    expect(names()).toBe("abcd");
    agrees();
    expect(await stored()).toEqual(["a", "b", "c", "d"]);
  });

  test("a write that would leave a hole is refused, and changes nothing", () => {
    expect(() => {
      parent.children[10] = child("d");
    }).toThrow();
    expect(names()).toBe("abc");
  });

  test("a shorter length removes the members behind it", async () => {
    parent.children.length = 1;
    expect(names()).toBe("a");
    agrees(b, c);
    expect(await stored()).toEqual(["a"]);
  });

  test("a length that an array cannot have, or that would leave holes, is refused, and changes nothing", () => {
    for (const length of [-1, 1.5, Number.NaN, 2 ** 32])
      expect(() => {
        parent.children.length = length;
      }).toThrow(new RangeError("Invalid array length"));
    expect(() => {
      parent.children.length = 4;
    }).toThrow(/^Parent\.children of Parent\(1\) takes objects of Child, not undefined\.$/);
    expect(names()).toBe("abc");
  });

  test("a length that is defined is one that is set", () => {
    Object.defineProperty(parent.children, "length", { value: 1 });
    expect(names()).toBe("a");
    agrees(b, c);
  });

  test("length = 0 empties it", async () => {
    parent.children.length = 0;
    agrees(a, b, c);
    expect(await stored()).toEqual([]);
  });

  test("splice removes and inserts, and gives what it removed as a plain array", async () => {
    const removed = parent.children.splice(1, 1, child("d"), child("e"));
    expect(removed).toEqual([b]);
    removed.push(child("nobody"));
    expect(names()).toBe("adec");
    agrees(b);
    expect(await stored()).toEqual(["a", "c", "d", "e"]);
  });

  test("splice that takes a member out and puts it back elsewhere moves it", async () => {
    using log = recordStatements(store.engine);
    const [first] = parent.children.splice(0, 1);
    parent.children.splice(2, 0, first);
    expect(names()).toBe("bca");
    agrees();
    await session.flush();
    expect(log.count()).toBe(0);
  });

  test("sort and reverse move nobody in or out, and give the collection itself", async () => {
    using log = recordStatements(store.engine);
    expect(parent.children.reverse()).toBe(parent.children);
    expect(names()).toBe("cba");
    expect(parent.children.sort((x, y) => (x.name < y.name ? -1 : 1))).toBe(parent.children);
    expect(names()).toBe("abc");
    agrees();
    await session.flush();
    expect(log.count()).toBe(0);
  });

  test("copyWithin removes the members that it overwrites", async () => {
    parent.children.copyWithin(0, 1);
    expect(names()).toBe("bcc");
    agrees(a);
    expect(await stored()).toEqual(["b", "c"]);
  });

  test("fill makes every place the same member, who is one member", async () => {
    parent.children.fill(b);
    expect(names()).toBe("bbb");
    agrees(a, c);
    expect(await stored()).toEqual(["b"]);
  });

  test("a destructuring swap moves nobody in or out", async () => {
    using log = recordStatements(store.engine);
    const list = parent.children;
    [list[0], list[1]] = [list[1], list[0]];
    expect(names()).toBe("bac");
    agrees();
    await session.flush();
    expect(log.count()).toBe(0);
    expect(await stored()).toEqual(["a", "b", "c"]);
  });

  test("a swap in a delete-orphan collection deletes nobody", async () => {
    await session.refresh(parent, ["toys"]);
    parent.toys = [make(Toy, { name: "x" }), make(Toy, { name: "y" })];
    await session.commit();
    [parent.toys[0], parent.toys[1]] = [parent.toys[1], parent.toys[0]];
    await session.commit();
    expect((await session.scalars(select(Toy)).all()).length).toBe(2);
  });

  test("delete of an index removes the member, and leaves no hole", async () => {
    delete parent.children[0];
    expect(names()).toBe("bc");
    agrees(a);
    expect(await stored()).toEqual(["b", "c"]);
  });

  test("Object.defineProperty on an index is a write", async () => {
    const d = child("d");
    Object.defineProperty(parent.children, 0, { value: d, writable: true, configurable: true, enumerable: true });
    agrees(a);
    expect(await stored()).toEqual(["b", "c", "d"]);
  });

  test("Array.prototype methods called on it from outside are seen too", async () => {
    Array.prototype.push.call(parent.children, child("d"));
    Array.prototype.splice.call(parent.children, 0, 1);
    expect(names()).toBe("bcd");
    agrees(a);
    expect(await stored()).toEqual(["b", "c", "d"]);
  });

  test("a member that stands there twice is removed when the last goes", async () => {
    parent.children.push(a);
    expect(names()).toBe("abca");
    parent.children.shift();
    agrees();
    expect(a.parent).toBe(parent);
    parent.children.pop();
    expect(a.parent).toBeNull();
    expect(await stored()).toEqual(["b", "c"]);
  });
});

describe("assignment", () => {
  test("[RC-06] of a new array removes only members that left and adds only new ones", async () => {
    const d = child("d");
    using log = recordStatements(store.engine);
    parent.children = [b, d];
    expect(names()).toBe("bd");
    agrees(a, c);
    await session.flush();
    expect(log.rows("INSERT")).toBe(1);
    expect(log.rows("UPDATE")).toBe(2);
    expect(await stored()).toEqual(["b", "d"]);
  });

  test("of the same collection changes nothing", async () => {
    using log = recordStatements(store.engine);
    const same = parent.children;
    parent.children = same;
    expect(parent.children).toBe(same);
    expect(session.dirty.size).toBe(0);
    await session.flush();
    expect(log.count()).toBe(0);
  });

  test("of an array with the same members emits nothing", async () => {
    using log = recordStatements(store.engine);
    parent.children = [a, b, c];
    parent.children = [...parent.children].reverse();
    await session.flush();
    expect(log.count()).toBe(0);
  });

  test("copies the array: the given one can be changed freely afterwards", async () => {
    const given = [a];
    parent.children = given;
    given.push(child("nobody"));
    expect(names()).toBe("a");
    expect(parent.children).not.toBe(given);
  });

  test("takes a Set", async () => {
    parent.children = new Set([c, a]) as never;
    expect(names()).toBe("ca");
    expect(Array.isArray(parent.children)).toBe(true);
    agrees(b);
    expect(await stored()).toEqual(["a", "c"]);
  });

  test("of another parent's collection moves its members, and leaves that collection empty", async () => {
    const other = make(Parent, { children: [child("x"), child("y")] });
    session.add(other);
    await session.flush();
    parent.children = other.children;
    expect(names()).toBe("xy");
    expect(other.children).toHaveLength(0);
    agrees(a, b, c);
    expect(await stored()).toEqual(["x", "y"]);
  });

  test("of its own members filtered keeps the rest", async () => {
    parent.children = parent.children.filter((x) => x !== b);
    agrees(b);
    expect(await stored()).toEqual(["a", "c"]);
  });

  test("the array that was replaced is nobody's: changes to it are silent", async () => {
    const old = parent.children;
    parent.children = [a];
    old.push(child("ghost"));
    old.length = 0;
    expect(names()).toBe("a");
    expect(await stored()).toEqual(["a"]);
  });

  test.each([
    ["null", null],
    ["a plain object", {}],
    ["5", 5],
    ['"abc"', "abc"],
    ["an instance of Map", new Map()],
  ])("of %s is refused, and says what a collection takes", (words, value) => {
    expect(() => {
      parent.children = value as never;
    }).toThrow(
      `Parent.children of Parent(1) is a collection and takes an array of Child, not ${words}. To empty it, assign an empty one.`,
    );
    expect(names()).toBe("abc");
  });

  test.each([
    [
      "a plain object",
      () => ({ name: "x" }),
      /^Parent\.children of Parent\(1\) takes objects of Child, not a plain object\. Make one with create\(Child/,
    ],
    ["null", () => null, /takes objects of Child, not null/],
    ["undefined", () => undefined, /takes objects of Child, not undefined/],
    ["a string", () => "x", /takes objects of Child, not "x"/],
    [
      "another class",
      () => make(Toy, { name: "x" }),
      /^Parent\.children takes objects of Child, not Toy: new Toy cannot stand there\.$/,
    ],
  ])("a member that is %s is refused before anything changes", (_, made, message) => {
    const wrong = made() as never;
    const attempts: (() => void)[] = [
      () => parent.children.push(wrong),
      () => parent.children.unshift(wrong),
      () => void parent.children.splice(0, 1, wrong),
      () => {
        parent.children[0] = wrong;
      },
      () => void parent.children.fill(wrong),
      () => {
        parent.children = [a, wrong];
      },
    ];
    for (const attempt of attempts) expect(attempt).toThrow(message);
    expect(names()).toBe("abc");
    agrees();
    expect(session.isModified(parent)).toBe(false);
  });
});

test("[RC-01] an array that its object lost by expiry is nobody's, and a change to it is a warning", async () => {
  const { children } = parent;
  session.expire(parent);
  using _ = filterWarnings("error");
  const lost =
    /^What was read from Parent\.children is no longer that of Parent\(1\), .* Read it from the object again/;
  expect(() => children.push(child("d"))).toThrow(lost);
  await session.refresh(parent, ["children"]);
  expect(() => children.pop()).toThrow(lost);
  expect(children).toHaveLength(3);
  expect(names()).toBe("abc");
});

test("[RC-01] after any operations both sides agree, and the list is what an array would be", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 60; round++) {
    const owner = new Parent();
    const pool = ["a", "b", "c", "d"].map(child);
    const plain: Child[] = [];
    for (let step = 0; step < 8; step++) {
      const [x, y, at, count] = [pool[random(4)], pool[random(4)], random(plain.length + 1), random(3)];
      const change = [
        (list: Child[]) => list.push(x, y),
        (list: Child[]) => list.pop(),
        (list: Child[]) => list.shift(),
        (list: Child[]) => list.unshift(x),
        (list: Child[]) => list.splice(at, count, x),
        (list: Child[]) => list.splice(at, count),
        (list: Child[]) => list.reverse().length,
        (list: Child[]) => {
          list[at] = x;
        },
        (list: Child[]) => {
          list.length = Math.min(list.length, at);
        },
        (list: Child[]) => list.fill(x, 0, count).length,
      ][random(10)];
      expect(change(owner.children)).toEqual(change(plain));
      expect(owner.children.every((each, i) => each === plain[i]) && owner.children.length === plain.length).toBe(true);
      for (const each of pool) expect(each.parent === owner).toBe(plain.includes(each));
    }
  }
});

describe("the collection as an array", () => {
  test("is an array, the same one each time, and reads as one", () => {
    const { children } = parent;
    expect(Array.isArray(children)).toBe(true);
    expect(children).toBeInstanceOf(Array);
    expect(parent.children).toBe(children);
    expect(children.length).toBe(3);
    expect(children.at(-1)).toBe(c);
    expect([...children]).toEqual([a, b, c]);
    expect(children.map((x) => x.name)).toEqual(["a", "b", "c"]);
    expect(children.filter((x) => x !== b)).toEqual([a, c]);
    expect(children.find((x) => x.name === "b")).toBe(b);
    expect(children.includes(a)).toBe(true);
    expect(children.indexOf(c)).toBe(2);
    expect(children.slice(1)).toEqual([b, c]);
    expect(children.concat([])).toEqual([a, b, c]);
    expect([0, ...children.keys()]).toEqual([0, 0, 1, 2]);
    expect(Object.keys(children)).toEqual(["0", "1", "2"]);
    expect(1 in children).toBe(true);
    expect(Array.from(children)).toEqual([a, b, c]);
    expect(children.reduce((sum, x) => sum + x.name, "")).toBe("abc");
    let seen = "";
    for (const x of children) seen += x.name;
    for (const i in children) seen += i;
    children.forEach((x, i, all) => {
      seen += x.name + i + all.length;
    });
    expect(seen).toBe("abc012a03b13c23");
    expect(children.some((x) => x === b) && children.every(Boolean)).toBe(true);
    expect(children.join === undefined).toBe(false);
    expect(children.constructor).toBe(Array);
  });

  test("what reading methods give is a plain array: changing it changes nothing", async () => {
    parent.children.slice().pop();
    parent.children.filter(() => true).length = 0;
    [...parent.children].reverse();
    parent.children.map((x) => x).push(child("x"));
    expect(names()).toBe("abc");
    expect(session.dirty.size).toBe(0);
  });

  test("reading marks nothing as modified", () => {
    parent.children.find(() => false);
    void parent.children.length;
    JSON.stringify(parent.children.map((x) => x.name));
    expect(session.dirty.size).toBe(0);
  });

  test("stays the same array when it is flushed, and after a refresh is another", async () => {
    const { children } = parent;
    children.push(child("d"));
    await session.flush();
    expect(parent.children).toBe(children);
    await session.refresh(parent, ["children"]);
    expect(parent.children).not.toBe(children);
    expect(names()).toBe("abcd");
  });

  test("iteration while members are removed ends as with an array", () => {
    const seen: string[] = [];
    for (const x of parent.children) {
      seen.push(x.name);
      if (x === a) parent.children.shift();
    }
    expect(seen).toEqual(["a", "c"]);
  });

  test("10,000 pushes take linear time", () => {
    const big = make(Parent, { children: [] });
    const start = performance.now();
    for (let i = 0; i < 10_000; i++) big.children.push(child(String(i)));
    expect(big.children).toHaveLength(10_000);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("collections of new objects", () => {
  test("are empty before anything was put in, and the same array on each read", () => {
    const fresh = new Parent();
    expect(fresh.children).toEqual([]);
    expect(fresh.children).toBe(fresh.children);
    const { children } = fresh;
    children.push(child("x"));
    expect(fresh.children).toBe(children);
    expect(fresh.children).toHaveLength(1);
  });

  test("one that was never assigned is unloaded after its flush; one that was, even empty, is loaded", async () => {
    const never = new Parent();
    const read = new Parent();
    const assigned = make(Parent, { children: [] });
    void read.children.length;
    session.addAll([never, read, assigned]);
    await session.flush();
    const loaded = (object: Parent) => inspect(object).attrs["children"].loaded;
    expect([never, read, assigned].map(loaded)).toEqual([false, false, true]);
  });
});
