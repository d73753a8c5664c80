import { describe, expect, test } from "vitest";
import {
  Column,
  create,
  inspect,
  ManyToOne,
  MapperConfigurationError,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

describe("useDefineForClassFields", () => {
  // What a compiler makes of `id!: number; name = "x"; tags!: Tag[]` with each setting, decorators applied by hand.
  const variants = {
    on: () =>
      class {
        id = undefined as unknown as number;
        name = "unnamed";
        items = undefined as unknown as object[];
        shout(): string {
          return this.name.toUpperCase();
        }
      },
    off: () => {
      class Plain {
        declare id: number;
        declare name: string;
        declare items: object[];
        constructor() {
          this.name = "unnamed";
        }
        shout(): string {
          return this.name.toUpperCase();
        }
      }
      return Plain;
    },
  };

  function mapped(variant: keyof typeof variants) {
    const reg = registry();
    const Original = variants[variant]();
    Object.defineProperty(Original, "name", { value: "Box" });
    PrimaryKey(t.integer)(Original.prototype, "id");
    Column(t.string(20))(Original.prototype, "name");
    OneToMany(
      () => Item,
      (i: Item) => i.box,
      { orderBy: "id" } as never,
    )(Original.prototype, "items");
    const Box = reg.Entity("boxes")(Original);
    @reg.Entity("items")
    class Item {
      @PrimaryKey() id!: number;
      @ManyToOne(
        () => Box as never,
        (b: { items: object[] }) => b.items,
      )
      box!: object | null;
    }
    return { reg, Box, Item };
  }

  test.each(["on", "off"] as const)(
    "%s: a field does not shadow the mapped attribute, on new objects and loaded ones",
    async (variant) => {
      const { reg, Box, Item } = mapped(variant);
      const { Session } = await storeFor(reg);
      const box = new Box();
      expect(Object.keys(box)).toEqual([]);
      expect(box.name).toBe("unnamed");
      expect(box.items).toEqual([]);
      box.items.push(make(Item));
      box.name = "mine";
      await Session.begin((s) => s.add(box));
      await using session = Session();
      const loaded = await session.scalars(select(Box)).one();
      expect([loaded.id, loaded.name, loaded.shout()]).toEqual([1, "mine", "MINE"]);
      expect(Object.keys(loaded)).toEqual([]);
      loaded.name = "changed";
      expect(session.isModified(loaded)).toBe(true);
      await session.commit();
      await session.refresh(loaded, ["items"]);
      expect(loaded.items).toHaveLength(1);
    },
  );

  test.each(["on", "off"] as const)("%s: an initial value is a default for new objects only", async (variant) => {
    const { reg, Box } = mapped(variant);
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.add(new Box()));
    await using session = Session();
    const loaded = await session.scalars(select(Box)).one();
    expect(loaded.name).toBe("unnamed");
    expect(session.dirty.size).toBe(0);
  });

  test.each(["on", "off"] as const)("%s: an object made past the decorator is adopted by add", async (variant) => {
    const reg = registry();
    const Original = variants[variant]();
    PrimaryKey(t.integer)(Original.prototype, "id");
    Column(t.string(20))(Original.prototype, "name");
    const Boxes = reg.Entity("boxes")(Original);
    const { Session } = await storeFor(reg);
    const box = new Original();
    await using session = Session();
    session.add(box);
    await session.commit();
    expect(await session.scalar(select(Boxes))).toBe(box);
    expect(inspect(box).state).toBe("persistent");
  });
});

describe("the decorated class", () => {
  const reg = registry();

  @reg.Entity("people")
  class Person {
    static count = 0;
    static species = "human";
    static make(name: string): Person {
      Person.count++;
      const person = new Person();
      person.name = name;
      return person;
    }
    @PrimaryKey() id!: number;
    @Column(t.string(30)) name!: string;
    @Column(t.string(30), { nullable: true }) nick: string | null = null;
    get display(): string {
      return this.nick ?? this.name;
    }
    set display(value: string) {
      this.nick = value;
    }
    greet(): string {
      return `hello, ${this.display}`;
    }
  }

  test("keeps name, length, statics, getters, setters and methods", async () => {
    expect(Person.name).toBe("Person");
    expect(Person.length).toBe(0);
    const ann = Person.make("Ann");
    expect(Person.count).toBe(1);
    Person.count = 5;
    Person.make("Bob");
    expect(Person.count).toBe(6);
    expect(ann).toBeInstanceOf(Person);
    expect(ann.constructor).toBe(Person);
    expect(Object.getPrototypeOf(ann)).toBe(Person.prototype);
    ann.display = "A";
    expect([ann.greet(), ann.nick]).toEqual(["hello, A", "A"]);
  });

  test("loads objects whose getters and methods work", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) => s.addAll([Person.make("Ann"), make(Person, { name: "Bob", nick: "B" })]));
    await using session = Session();
    const people = await session.scalars(select(Person).orderBy((p) => p.id)).all();
    expect(people.map((p) => p.greet())).toEqual(["hello, Ann", "hello, B"]);
  });

  test("cannot be called without new", () => {
    expect(() => (Person as unknown as () => void)()).toThrow(
      /Class constructor Person cannot be invoked without 'new'/,
    );
  });

  test("may be extended by a class that is not mapped", async () => {
    class Special extends Person {
      extra = 5;
    }
    const special = new Special();
    special.name = "S";
    expect([special.extra, special.name, special instanceof Person]).toEqual([5, "S", true]);
  });

  test("passes constructor arguments on", () => {
    const own = registry();
    @own.Entity("points")
    class Point {
      @PrimaryKey() id!: number;
      @Column() x: number;
      @Column() y: number;
      constructor(x: number, y: number) {
        this.x = x;
        this.y = y;
      }
    }
    const point = new Point(1, 2);
    expect([point.x, point.y, Point.length]).toEqual([1, 2, 2]);
  });

  test("spread and Object.assign do not share the state between two objects", () => {
    const ann = Person.make("Ann");
    const copy = Object.assign(new Person(), { ...ann, name: "Bea" });
    expect([ann.name, copy.name]).toEqual(["Ann", "Bea"]);
  });

  test("create() sets attributes, typed, and refuses names that are not mapped", () => {
    const ann = create(Person, { id: 1, name: "Ann" } as never);
    expect([ann.id, ann.name, ann.nick]).toEqual([1, "Ann", null]);
    expect(() => create(Person, { nme: "Ann" } as never)).toThrow(
      /^Person has no mapped attribute "nme"\. It has: id, name, nick\.$/,
    );
  });

  test("`in` and the prototype know the attributes; keys of an object are only its own fields", () => {
    const ann = Person.make("Ann");
    expect("name" in ann).toBe(true);
    expect("nick" in Person.prototype).toBe(true);
    expect(Object.keys(ann)).toEqual([]);
    const keys: string[] = [];
    for (const key in ann) keys.push(key);
    expect(keys).toEqual(expect.arrayContaining(["id", "name", "nick"]));
  });
});

describe("fields that are not mapped", () => {
  test("an initial value of one is refused at the first object, with the mends", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      cache = new Map();
    }
    expect(() => new User()).toThrow(MapperConfigurationError);
    expect(() => {
      const again = registry();
      @again.Entity("users")
      class Twice {
        @PrimaryKey() id!: number;
        a = 1;
        b = 2;
      }
      new Twice();
    }).toThrow(
      /^Twice initialises "a", "b", which are not mapped\. Loading from the database does not run the constructor, so loaded objects would lack them: write @Entity\(\{ construct: true \}\)/,
    );
  });

  test("each object is refused, not the first only", () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      cache = new Map();
    }
    expect(() => new User()).toThrow(/^User initialises "cache", which is not mapped/);
    expect(() => new User()).toThrow(/^User initialises "cache", which is not mapped/);
  });

  test("one that is only declared is fine, and stays an ordinary property", async () => {
    const own = registry();
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      note?: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const user = new User();
    user.note = "kept";
    session.add(user);
    await session.commit();
    expect(user.note).toBe("kept");
    expect(session.dirty.size).toBe(0);
  });

  test("#private members need construct: true, and the error says so", () => {
    const own = registry();
    expect(() => {
      @own.Entity("users")
      class User {
        @PrimaryKey() id!: number;
        #secret = 1;
        get secret() {
          return this.#secret;
        }
      }
      void User;
    }).toThrow(
      /^User has the private member #secret\. Loading from the database does not run the constructor, which alone can make it: write @Entity\(\{ construct: true \}\) to have the constructor run without arguments\.$/,
    );
  });

  test("a method or a string that only looks like one is no private member", () => {
    const own = registry();
    expect(() => {
      @own.Entity("users")
      class User {
        @PrimaryKey() id!: number;
        color(): string {
          // a comment about #private; things
          return "#fff; and #aaa = 5";
        }
      }
      void User;
    }).not.toThrow();
  });

  test("construct: true runs the constructor for loaded objects, whose mapped fields come from the row", async () => {
    const own = registry();
    let runs = 0;
    @own.Entity("users", { construct: true })
    class User {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name = "default";
      cache = new Map<string, number>();
      #secret = 42;
      constructor() {
        runs++;
      }
      get secret() {
        return this.#secret;
      }
    }
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(User, { name: "Ann" })));
    expect(runs).toBe(1);
    await using session = Session();
    const user = await session.scalars(select(User)).one();
    expect(runs).toBe(2);
    expect([user.name, user.secret, user.cache.size]).toEqual(["Ann", 42, 0]);
    expect(session.dirty.size).toBe(0);
    expect(Object.keys(user)).toEqual(["cache"]);
  });

  test("without it the constructor does not run for loaded objects", async () => {
    const own = registry();
    let runs = 0;
    @own.Entity("users")
    class User {
      @PrimaryKey() id!: number;
      constructor() {
        runs++;
      }
    }
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(new User()));
    await using session = Session();
    expect(await session.scalars(select(User)).one()).toBeInstanceOf(User);
    expect(runs).toBe(1);
  });
});

describe("values", () => {
  const reg = registry();

  @reg.Entity("things")
  class Thing {
    @PrimaryKey() id!: number;
    @Column(t.string(20), { default: "given" }) label!: string;
    @Column(t.integer, { nullable: true }) n!: number | null;
    @ManyToOne(() => Thing) other!: Relation<Thing> | null;
  }

  test("an attribute of a new object that was not set is undefined, and a related object null", () => {
    const thing = new Thing();
    expect([thing.id, thing.label, thing.n, thing.other]).toEqual([undefined, undefined, undefined, null]);
  });

  test("undefined is not written: what was set to it was not set", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const thing = make(Thing, { label: undefined as never, n: undefined as never });
    session.add(thing);
    await session.flush();
    expect([thing.label, thing.n]).toEqual(["given", null]);
  });

  test("undefined on a stored object is refused and says to write null", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const thing = make(Thing, { n: 5 });
    session.add(thing);
    await session.commit();
    expect(() => {
      thing.n = undefined as never;
    }).toThrow(/^Thing\.n was set to undefined\. Write null for a NULL; Thing\(1\) keeps its value\.$/);
    expect(thing.n).toBe(5);
  });
});

describe("a constructor that does nothing is left out, and no other", () => {
  let made = 0;
  const classes: Record<string, () => new () => { id: number; name: string; note?: string }> = {
    "a constructor": () =>
      class {
        id = undefined as never;
        name = undefined as never;
        constructor() {
          made++;
        }
      },
    "a field whose value is worked out and undefined": () =>
      class {
        id = undefined as never;
        name = [made++].find((each) => each < 0) as never;
      },
    "a static member beside a field with a value": () =>
      class {
        static kinds = ["a", "b"];
        id = undefined as never;
        name = (() => {
          made++;
        })() as never;
      },
    "a regular expression that looks like the end": () =>
      class {
        id = undefined as never;
        name = undefined as never;
        quote(text: string): string {
          return text.replace(/"/g, "'}");
        }
        constructor() {
          made++;
        }
      },
  };

  test.each(Object.keys(classes))("%s runs for each object", (kind) => {
    const reg = registry();
    const Original = classes[kind]();
    PrimaryKey(t.integer)(Original.prototype, "id");
    Column(t.text)(Original.prototype, "name");
    const Made = reg.Entity("made_things")(Original);
    made = 0;
    for (let i = 0; i < 3; i++) expect(create(Made, { id: i, name: "x" } as never).name).toBe("x");
    expect(made).toBe(3);
  });

  test("a superclass's constructor runs too", () => {
    const reg = registry();
    class Base {
      constructor() {
        made++;
      }
    }
    class Leaf extends Base {
      declare id: number;
      declare name: string;
    }
    PrimaryKey(t.integer)(Leaf.prototype, "id");
    Column(t.text)(Leaf.prototype, "name");
    const Made = reg.Entity("made_leaves")(Leaf);
    made = 0;
    for (let i = 0; i < 3; i++) create(Made, { id: i, name: "x" });
    expect(made).toBe(3);
  });

  test("an unmapped field that is only declared stays a property of each object", () => {
    const reg = registry();
    class Noted {
      id = undefined as never as number;
      note: string | undefined = undefined;
    }
    PrimaryKey(t.integer)(Noted.prototype, "id");
    const Made = reg.Entity("made_notes")(Noted);
    for (let i = 0; i < 3; i++) expect(Object.keys(new Made())).toEqual(["note"]);
  });

  test("objects made without it are instances with methods, a state and equal shapes", () => {
    const reg = registry();
    class Plain {
      declare id: number;
      declare name: string;
      static word = "x";
      shout(): string {
        return this.name.toUpperCase();
      }
    }
    PrimaryKey(t.integer)(Plain.prototype, "id");
    Column(t.text)(Plain.prototype, "name");
    const Made = reg.Entity("made_plain")(Plain);
    for (let i = 0; i < 3; i++) {
      const object = Object.assign(new Made(), { id: i, name: "loud" });
      expect(object).toBeInstanceOf(Plain);
      expect(object.shout()).toBe("LOUD");
      expect(Object.keys(object)).toEqual([]);
      expect(inspect(object).transient).toBe(true);
    }
  });

  test("create() goes through an accessor that a class puts before an attribute", () => {
    const reg = registry();
    class Named {
      declare id: number;
      declare name: string;
    }
    PrimaryKey(t.integer)(Named.prototype, "id");
    Column(t.text)(Named.prototype, "name");
    const Made = reg.Entity("made_named")(Named);
    new Made();
    const { get, set } = Object.getOwnPropertyDescriptor(Made.prototype, "name") as Required<PropertyDescriptor>;
    Object.defineProperty(Made.prototype, "name", {
      get,
      set(value: string) {
        set.call(this, value.trim());
      },
    });
    expect(create(Made, { id: 1, name: " x " }).name).toBe("x");
  });
});
