/** The chapter "Association proxy" of SQLAlchemy's extensions, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AssociationList,
  type AssociationMap,
  AssociationProxy,
  type AssociationSet,
  attributeKeyedDict,
  attrs,
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
import { make, storeFor } from "../support.js";

const reg = registry();

class Board<T extends object> {
  private readonly pins: T[] = [];
  append(pin: T): void {
    this.pins.push(pin);
  }
  remove(pin: T): void {
    this.pins.splice(this.pins.indexOf(pin), 1);
  }
  [Symbol.iterator](): Iterator<T> {
    return this.pins.values();
  }
}

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  /** Plain values through a many-to-many. */
  @ManyToMany(() => Keyword, { secondary: "user_tags", orderBy: "id" }) tags!: Keyword[];
  @AssociationProxy("tags", "word") words!: AssociationList<string>;
  /** Far objects through an association object. */
  @OneToMany(
    () => UserKeyword,
    (k) => k.user,
    { cascade: ["all", "delete-orphan"] },
  )
  links!: Set<UserKeyword>;
  @AssociationProxy("links", "keyword", {
    creator: (keyword: Keyword) => make(UserKeyword, { keyword, special: "new" }),
  })
  keywords!: AssociationSet<Keyword>;
  /** A proxy of a proxy: the words of those. */
  @AssociationProxy("links", "word") linkedWords!: AssociationSet<string>;
  /** Keys and values. */
  @OneToMany(
    () => Setting,
    (s) => s.user,
    { collectionClass: attributeKeyedDict("key"), cascade: ["all", "delete-orphan"] },
  )
  settings!: Map<string, Setting>;
  @AssociationProxy("settings", "value") config!: AssociationMap<string, string>;
  /** Through a relation to one. */
  @OneToOne(
    () => Profile,
    (p) => p.user,
    { cascade: ["all", "delete-orphan"] },
  )
  profile!: Relation<Profile> | null;
  @AssociationProxy("profile", "motto", { cascadeScalarDeletes: true }) motto!: string | null;
  @AssociationProxy("profile", "mood") mood!: string | null;
  @AssociationProxy("profile", "mood", { createOnNoneAssignment: true }) made!: string | null;
  /** Values that are made by functions. */
  @AssociationProxy("tags", "word", {
    getsetFactory: (collectionClass) => [
      (tag: Keyword) => `${collectionClass?.name} ${tag.word}`,
      (tag: Keyword, value: string) => {
        tag.word = value.slice(6);
      },
    ],
  })
  shown!: AssociationList<string>;
  @AssociationProxy("profile", "mood", {
    getsetFactory: () => [
      (profile: Profile | null) => profile?.mood?.toUpperCase() ?? "NONE",
      (profile: Profile, value: string) => {
        profile.mood = value.toLowerCase();
      },
    ],
  })
  loudMood!: string;
  @OneToMany(
    () => Pin,
    (p) => p.user,
    { collectionClass: Board },
  )
  board!: Board<Pin>;
  @AssociationProxy("board", "text") pinned!: AssociationSet<string>;
}

@reg.Entity("keywords")
class Keyword {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) word!: string;
}

@reg.Entity("user_keywords")
class UserKeyword {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { nullable: true }) special!: string | null;
  @ManyToOne(
    () => User,
    (u) => u.links,
  )
  user!: Relation<User> | null;
  @ManyToOne(() => Keyword) keyword!: Relation<Keyword> | null;
  @AssociationProxy("keyword", "word") word!: string | null;
}

@reg.Entity("settings")
class Setting {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) key!: string;
  @Column(t.string(20)) value!: string;
  @ManyToOne(
    () => User,
    (u) => u.settings,
  )
  user!: Relation<User> | null;
}

@reg.Entity("profiles")
class Profile {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { nullable: true }) motto!: string | null;
  @Column(t.string(20), { nullable: true }) mood!: string | null;
  @OneToOne(
    () => User,
    (u) => u.profile,
    { owner: true },
  )
  user!: Relation<User> | null;
}

@reg.Entity("pins")
class Pin {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) text!: string;
  @ManyToOne(
    () => User,
    (u) => u.board,
  )
  user!: Relation<User> | null;
}

const keyword = (word: string) => make(Keyword, { word });

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const ann = make(User, { name: "Ann" });
  ann.words = ["x", "y"];
  ann.keywords.add(keyword("red"));
  ann.keywords.add(keyword("blue"));
  ann.config.set("size", "10");
  ann.config.set("color", "grey");
  ann.motto = "on";
  session.add(ann);
  session.add(make(User, { name: "Bob" }));
  await session.commit();
  return { ...store, session, ann };
}

describe("a proxy of values over an array", () => {
  test("[XP-01] reads, pushes, removes and replaces plain values; the objects between are made and kept", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    expect(ann.words).toEqual(["x", "y"]);
    expect(Array.isArray(ann.words)).toBe(true);
    expect(ann.words).toBe(ann.words);
    const [x] = ann.tags;
    expect(ann.words.push("z", "w")).toBe(4);
    expect(ann.words.splice(1, 1)).toEqual(["y"]);
    ann.words.sort();
    expect([...ann.words]).toEqual(["w", "x", "z"]);
    expect(ann.tags[1]).toBe(x);
    ann.words[1] = "xx";
    expect(x.word).toBe("xx");
    expect([ann.words.length, ann.words.includes("z"), ann.words.map((s) => s.length)]).toEqual([3, true, [1, 2, 1]]);
    ann.words.length = 2;
    await session.commit();
    expect(
      await session
        .scalars(text("select word from keywords k join user_tags t on t.keyword_id = k.id order by word"))
        .all(),
    ).toEqual(["w", "xx"]);
    ann.words = [];
    expect(ann.tags).toEqual([]);
    expect(() => {
      ann.words = new Set() as never;
    }).toThrow("User.words goes along a collection and takes an array.");
  });

  test("[XP-01] behaves as an array at its ends, at its places and in its order; equal values are kept apart", () => {
    const ann = make(User, {});
    ann.words = ["x", "x", "y"];
    const [x, second] = ann.tags;
    expect(ann.words.pop()).toBe("y");
    expect([ann.words.unshift("a", "b"), ann.words.shift(), ann.words.at(-1), ann.words.indexOf("x")]).toEqual([
      4,
      "a",
      "x",
      1,
    ]);
    ann.words[ann.words.length] = "end";
    expect(() => {
      ann.words[9] = "far";
    }).toThrow(TypeError);
    delete ann.words[0];
    expect(ann.words.reverse()).toEqual(["end", "x", "x"]);
    expect([...ann.tags.slice(1)]).toEqual([x, second]);
    ann.words = [...ann.words].sort().reverse();
    expect(ann.tags.slice(0, 2)).toEqual([x, second]);
    ann.words.length = 1;
    expect([ann.words, ann.words.pop(), ann.words.pop(), ann.words.shift()]).toEqual([[], "x", undefined, undefined]);
    for (let i = 0; i < 3_000; i++) ann.words.push("w");
    let sum = 0;
    for (let i = 0; i < ann.words.length; i++) sum += ann.words[i].length;
    expect(sum).toBe(3_000);
  });

  test("[XP-01] reads and writes by functions of one's own, where it is given them", () => {
    const ann = make(User, {});
    ann.words = ["x"];
    expect(ann.shown).toEqual(["Array x"]);
    ann.shown[0] = "Array z";
    ann.shown.push("Array w");
    expect([ann.words, ann.loudMood]).toEqual([["z", "w"], "NONE"]);
    ann.loudMood = "GOOD";
    expect([ann.mood, ann.loudMood]).toEqual(["good", "GOOD"]);
  });
});

describe("a proxy over a collection of one's own class", () => {
  test("[XP-01] is a set of values, whatever the collection's methods are called", () => {
    const ann = make(User, {});
    ann.pinned.add("a").add("b").add("a");
    const [a] = ann.board;
    expect([[...ann.board].length, ann.pinned.delete("a"), a.user, ann.pinned]).toEqual([
      2,
      true,
      null,
      new Set(["b"]),
    ]);
    ann.pinned.clear();
    expect([...ann.board]).toEqual([]);
    const { union } = ann.pinned as unknown as { union?: (other: Set<string>) => Set<string> };
    ann.pinned.add("c");
    if (union !== undefined) expect(union.call(ann.pinned, new Set(["d"]))).toEqual(new Set(["c", "d"]));
  });
});

describe("a proxy of far objects over a Set", () => {
  test("[XP-01] [XP-02] hides the association object, which the creator makes", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    expectTypeOf(ann.keywords).toExtend<Set<Keyword>>();
    expect([...ann.keywords].map((k) => k.word)).toEqual(["red", "blue"]);
    const [red] = ann.keywords;
    expect(ann.keywords.has(red)).toBe(true);
    expect(ann.keywords.delete(red)).toBe(true);
    ann.keywords.add(keyword("green"));
    await session.commit();
    expect(
      await session
        .execute(text("select special, word from user_keywords u join keywords k on k.id = u.keyword_id order by word"))
        .all(),
    ).toEqual([
      ["new", "blue"],
      ["new", "green"],
    ]);
    ann.keywords = new Set([red]);
    expect(ann.links.size).toBe(1);
    ann.keywords.clear();
    await session.commit();
    expect(await session.scalar(text("select count(*) from user_keywords"))).toBe(0);
  });

  test("[XP-03] a proxy of a proxy reads through both", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    expect(ann.linkedWords).toEqual(new Set(["red", "blue"]));
    expect(ann.linkedWords.size).toBe(2);
  });
});

describe("a proxy over a Map", () => {
  test("[XP-03] gets and sets by key, and makes members with their key", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    expect(ann.config).toEqual(
      new Map([
        ["size", "10"],
        ["color", "grey"],
      ]),
    );
    expect(ann.config.get("size")).toBe("10");
    ann.config.set("size", "12");
    ann.config.set("font", "mono");
    ann.config.delete("color");
    expect([...ann.config.keys()]).toEqual(["size", "font"]);
    await session.commit();
    expect(await session.execute(text("select key, value from settings order by key")).all()).toEqual([
      ["font", "mono"],
      ["size", "12"],
    ]);
    ann.config = new Map([["only", "one"]]);
    await session.commit();
    expect(await session.scalars(text("select key from settings")).all()).toEqual(["only"]);
  });
});

describe("a proxy through a relation to one", () => {
  test("[XP-03] reads null, makes the object, and clearing it lets the object go where it is told so", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    expect(ann.motto).toBe("on");
    const profile = ann.profile;
    ann.motto = "off";
    expect(profile?.motto).toBe("off");
    ann.mood = null;
    expect(ann.profile).toBe(profile);
    ann.motto = null;
    expect(ann.profile).toBeNull();
    await session.commit();
    expect(await session.scalar(text("select count(*) from profiles"))).toBe(0);
    expect(ann.mood).toBeNull();
    ann.mood = "fine";
    expect(ann.profile).toBeInstanceOf(Profile);
  });
});

test("[XP-03] a proxy through a relation to one makes the object for null where it says so, but not together with letting it go", () => {
  const ann = make(User, {});
  ann.mood = null;
  expect(ann.profile).toBeNull();
  ann.made = null;
  expect([ann.profile?.mood, ann.made]).toEqual([null, null]);
  expect(() =>
    AssociationProxy("a", "b", { cascadeScalarDeletes: true, createOnNoneAssignment: true })(User.prototype, "odd"),
  ).toThrow(
    "User.odd has cascadeScalarDeletes and createOnNoneAssignment: setting null lets the object go, or makes one. Keep one of them.",
  );
});

describe("a proxy in a statement", () => {
  test("[XP-04] is EXISTS over the rows between: values, objects, conditions, chains", async () => {
    const { session, ann } = await filled();
    await using _ = session;
    const u = attrs(User);
    const names = async (condition: object) =>
      (
        await session
          .scalars(
            select(User)
              .where(condition as never)
              .orderBy(u.id),
          )
          .all()
      ).map((each) => each.name);
    const [red] = ann.keywords;
    expect(await names(u.words.contains("x"))).toEqual(["Ann"]);
    expect(await names(u.words.eq("nothing"))).toEqual([]);
    expect(await names(u.words.like("y%"))).toEqual(["Ann"]);
    expect(await names(u.words.in(["y", "q"]))).toEqual(["Ann"]);
    expect(await names(u.words.any().not())).toEqual(["Bob"]);
    expect(await names(u.keywords.contains(red))).toEqual(["Ann"]);
    expect(await names(u.keywords.any((k) => k.word.eq("blue")))).toEqual(["Ann"]);
    expect(await names(u.keywords.any((k) => k.word.eq("pink")))).toEqual([]);
    expect(await names(u.linkedWords.contains("red"))).toEqual(["Ann"]);
    expect(await names(u.config.eq("grey"))).toEqual(["Ann"]);
    expect(await names(u.motto.eq("on"))).toEqual(["Ann"]);
    expect(await names(u.motto.eq(null))).toEqual(["Bob"]);
    expect(await names(u.motto.like("o%"))).toEqual(["Ann"]);
    // Whether there is a row at all, whatever it holds: Ann's has no mood.
    const mood = u.mood as unknown as { has(): object };
    expect(await names(mood.has())).toEqual(["Ann"]);
    expect(await names(u.mood.ne(null))).toEqual([]);
    expect(String(select(User).where(u.keywords.any()))).toContain("EXISTS");
  });
});

describe("the rest", () => {
  test("a proxy reads what is loaded, and says what to load where it is not", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session
      .scalars(
        select(User)
          .where((u) => u.name.eq("Ann"))
          .options(selectinload(User, (u) => u.tags)),
      )
      .one();
    expect(ann.words).toEqual(["x", "y"]);
    expect(() => ann.keywords).toThrow('Attribute "links" of User(1) is not loaded');
  });

  test("a proxy along what is no relationship says so", () => {
    const other = registry();
    @other.Entity()
    class Odd {
      @PrimaryKey() id!: number;
      @AssociationProxy("things", "name") names!: AssociationList<string>;
    }
    expect(() => new Odd().names).toThrow(
      'Odd.names is a proxy along "things", which is no relationship. Odd has no mapped attribute "things"',
    );
  });
});
