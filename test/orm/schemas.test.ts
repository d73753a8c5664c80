/** Schemas of classes, and classes of schemas. */
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  assign,
  Column,
  Composite,
  type CompositeOf,
  columnsFrom,
  computed,
  create,
  fromObject,
  func,
  type Hidden,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  type StandardSchemaV1,
  schemaOf,
  select,
  selectinload,
  t,
  ValidationError,
} from "../../src/index.js";
import { make, storeFor } from "./support.js";

const reg = registry();

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

@reg.Entity("authors")
class Author {
  declare [OptionalProps]?: "id" | "joined" | "double" | "level";
  @PrimaryKey() id!: number;
  @Column(t.string(10)) name!: string;
  @Column(t.text, { nullable: true, comment: "About them" }) bio!: string | null;
  @Column(t.datetime, { serverDefault: func.now() }) joined!: Date;
  @Column(t.enum(["red", "blue"], { name: "color" })) color!: "red" | "blue";
  @Column(t.integer) level: number = 1;
  @Column(t.integer, { computed: computed("level * 2", { persisted: true }) }) double!: number;
  @Column(t.text, { hidden: true }) secret!: Hidden<string>;
  @Composite(Point, { x: t.integer, y: t.integer }, { nullable: true }) at!: CompositeOf<Point> | null;
  @OneToMany(
    () => Book,
    (x) => x.author,
    { cascade: ["all", "delete-orphan"], orderBy: (x) => x.id },
  )
  books!: Book[];
}

@reg.Entity("books")
class Book {
  declare [OptionalProps]?: "id" | "sold";
  @PrimaryKey() id!: number;
  @Column(t.string(20), { schema: z.string().min(2, "a title says something") }) title!: string;
  @Column(t.numeric(6, 2)) price!: string;
  @Column(t.bigint, { default: 0n }) sold!: bigint;
  @Column(t.json<{ tags: string[] }>({ schema: z.object({ tags: z.array(z.string()) }) })) facts!: { tags: string[] };
  @ManyToOne(
    () => Author,
    (x) => x.books,
  )
  author!: Relation<Author> | null;
}

const minimal = { name: "Ann", color: "red" };
const paths = (schema: StandardSchemaV1<never, unknown> | object, input: unknown): string[] => {
  const result = (
    schema as { safeParse(x: unknown): { issues?: readonly { path: readonly PropertyKey[]; message: string }[] } }
  ).safeParse(input);
  return (result.issues ?? []).map((each) => `${each.path.join(".")}: ${each.message}`);
};

describe("schemaOf", () => {
  test("[DC-06] create takes what a new object needs, from JSON, and says what is wrong as zod would", () => {
    const schema = schemaOf(Author, "create");
    expectTypeOf<ReturnType<typeof schema.parse>>().toExtend<{
      name: string;
      color: "red" | "blue";
      joined?: Date;
      bio?: string | null;
    }>();
    // @ts-expect-error hidden
    schema.safeParse(minimal).value?.secret;
    const made = schema.parse({ ...minimal, joined: "2026-01-02T03:04:05Z", at: { x: 1, y: 2 } });
    expect(made).toEqual({ ...minimal, joined: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)), at: new Point(1, 2) });
    expect(made.at).toBeInstanceOf(Point);
    const author = create(Author, made as never);
    expect([author.name, author.level]).toEqual(["Ann", 1]);
    expect(
      paths(schema, { name: 5, color: "green", bio: null, joined: "yesterday", level: 3.5, at: { x: "1" } }),
    ).toEqual([
      "name: Invalid input: expected string, received number",
      "joined: Invalid ISO datetime",
      'color: Invalid option: expected one of "red"|"blue"',
      "level: Invalid input: expected int, received number",
      "at.x: Invalid input: expected int, received string",
      "at.y: Invalid input: expected int, received undefined",
    ]);
    expect(paths(schema, { name: "much too long", color: null, level: 2 ** 40 })).toEqual([
      "name: Too big: expected string to have <=10 characters",
      'color: Invalid input: expected "red"|"blue", received null',
      "level: Too big: expected int to be <=2147483647",
    ]);
    expect(paths(schema, {})).toHaveLength(2);
    expect(paths(schema, [])).toEqual([": Invalid input: expected object, received array"]);
  });

  test("[DC-06] what is not taken is refused with the reason, or left out in silence", () => {
    const schema = schemaOf(Author, "create");
    expect(paths(schema, { ...minimal, id: 1, double: 2, secret: "x", books: [], role: "admin" })).toEqual([
      ': Unrecognized key: "id" (it is made for a new object: say include: ["id"])',
      ': Unrecognized key: "double" (the database computes it)',
      ': Unrecognized key: "secret" (it is hidden: say include: ["secret"])',
      ': Unrecognized key: "books" (it is a relationship: say relations: ["books"])',
      ': Unrecognized key: "role"',
    ]);
    const lenient = schemaOf(Author, "create", { unknown: "ignore", include: ["secret"], only: ["name", "secret"] });
    expect(lenient.parse({ ...minimal, secret: "x", role: "admin" })).toEqual({ name: "Ann", secret: "x" });
    expectTypeOf<ReturnType<typeof lenient.parse>>().toEqualTypeOf<{ name: string; secret: Hidden<string> }>();
  });

  test("[DC-06] related objects are checked to any depth, with places in paths; columns' own schemas are asked", () => {
    const schema = schemaOf(Author, "create", { relations: ["books"] });
    const book = { title: "Emma", price: "12.50", facts: { tags: ["a"] } };
    const made = schema.parse({
      ...minimal,
      books: [{ ...book, price: 9, sold: "12345678901234567890".slice(0, 18) }],
    });
    expect(made.books?.[0]).toEqual({ ...book, price: "9", sold: 123456789012345678n });
    expectTypeOf(made.books?.[0]?.sold).toEqualTypeOf<bigint | undefined>();
    expect(
      paths(schema, {
        ...minimal,
        books: [
          book,
          { title: "E", price: "123456.789", facts: { tags: [1] } },
          { ...book, price: "1.234", sold: "x" },
        ],
      }),
    ).toEqual([
      "books.1.title: a title says something",
      "books.1.price: Too big: expected decimal to have <=4 digits before the point",
      "books.1.facts.tags.0: Invalid input: expected string, received number",
      "books.2.price: Invalid decimal: expected <=2 digits after the point",
      "books.2.sold: Invalid input: expected bigint, received string",
    ]);
  });

  test("[DC-06] update takes any part, and no key; read takes entities as they are loaded", async () => {
    const update = schemaOf(Author, "update");
    expect(update.parse({ bio: "new" })).toEqual({ bio: "new" });
    expect(paths(update, { id: 2, name: null })).toEqual([
      ': Unrecognized key: "id" (a primary key is not assigned from input)',
      "name: Invalid input: expected string, received null",
    ]);
    const { Session } = await storeFor(reg);
    await using session = Session({ expireOnCommit: false });
    const book = make(Book, { title: "Emma", price: "1.00", facts: { tags: [] } });
    const author = make(Author, { name: "Ann", color: "blue", secret: "s", at: new Point(3, 4), books: [book] });
    session.add(author);
    await session.commit();
    const read = schemaOf(Author, "read", { relations: ["books"] });
    const shown = read.parse(author);
    expectTypeOf(shown.books[0].title).toEqualTypeOf<string>();
    expect(shown).toMatchObject({
      id: 1,
      name: "Ann",
      double: 2,
      at: { x: 3, y: 4 },
      books: [{ id: 1, title: "Emma" }],
    });
    expect(Object.keys(shown)).not.toContain("secret");
    session.expungeAll();
    const bare = await session.scalars(select(Author)).one();
    expect(paths(read, bare)).toEqual(["books: Not loaded: Author.books"]);
    const loaded = await session.scalars(select(Author).options(selectinload(Author, (a) => a.books))).one();
    expect(read.parse(loaded).books).toHaveLength(1);
  });

  test("[DC-06] it is a Standard Schema, and gives JSON Schema of each version", async () => {
    const schema = schemaOf(Author, "create", { relations: ["books"] });
    const standard = schema["~standard"];
    expect([standard.version, standard.vendor]).toEqual([1, "athanor"]);
    expect(await standard.validate(minimal)).toEqual({ value: minimal });
    expectTypeOf<NonNullable<(typeof standard)["types"]>["input"]["joined"]>().toEqualTypeOf<
      Date | string | undefined
    >();
    // A library that takes Standard Schemas takes it.
    const json = schema.toJSONSchema();
    expect(json).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Author",
      type: "object",
      required: ["name", "color"],
      additionalProperties: false,
      properties: {
        name: { type: "string", maxLength: 10 },
        bio: { type: ["string", "null"], description: "About them" },
        joined: { type: "string", format: "date-time" },
        color: { type: "string", enum: ["red", "blue"] },
        level: { type: "integer", maximum: 2147483647 },
        books: { type: "array", items: { type: "object", properties: { title: { type: "string", minLength: 2 } } } },
      },
    });
    expect(Object.keys(json.properties as object)).not.toContain("secret");
    expect(standard.jsonSchema.input({ target: "openapi-3.0" })).toMatchObject({
      properties: { bio: { type: "string", nullable: true } },
    });
    expect(() => standard.jsonSchema.input({ target: "draft-1" })).toThrow('there is no JSON Schema for "draft-1"');
    expect(standard.jsonSchema.output({ target: "draft-07" }).$schema).toBe("http://json-schema.org/draft-07/schema#");
  });

  test("[DC-06] names that the class has not are refused where the schema is made", () => {
    // @ts-expect-error no such relationship
    expect(() => schemaOf(Author, "create", { relations: ["book"] })).toThrow(
      'relations names "book", and Author.book is no relationship. Author has books.',
    );
    // @ts-expect-error no such attribute
    expect(() => schemaOf(Author, "read", { only: ["nam"] })).toThrow('Author has no mapped attribute "nam"');
    // @ts-expect-error no such mode
    expect(() => schemaOf(Author, "write")).toThrow(
      'schemaOf(Author, ...) takes "create", "update" or "read", not "write".',
    );
  });
});

describe("assign", () => {
  test("[DC-06] input is checked and taken from JSON, all of it before anything is set", () => {
    const author = fromObject(Author, {
      ...minimal,
      joined: "2026-01-02",
      books: [{ title: "Emma", price: "1" }],
    } as never);
    expect(author.joined).toEqual(new Date("2026-01-02"));
    let error: unknown;
    try {
      assign(author, { name: "Bea", level: "7" as never, books: [{ title: "E" }] });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ValidationError);
    expect((error as ValidationError).issues.map((each) => each.path)).toEqual([["level"], ["books", 0, "title"]]);
    expect((error as Error).message).toBe(
      "assign(new Author): the input is not valid.\n" +
        "- level: Invalid input: expected int, received string\n- books.0.title: a title says something",
    );
    expect([author.name, author.books[0].title]).toEqual(["Ann", "Emma"]);
  });
});

describe("columnsFrom", () => {
  const own = registry();
  const SignUp = z
    .object({
      email: z.email().max(80),
      name: z.string().min(1).max(50),
      age: z.int().min(18).max(150).nullable(),
      role: z.enum(["user", "admin"]),
      tags: z.array(z.string()),
      since: z.date(),
      nick: z.string().optional(),
    })
    .refine((x) => x.name !== x.nick, { message: "a nick is another name", path: ["nick"] });

  @own.Entity("members")
  class Member extends columnsFrom(SignUp, { since: t.datetime, email: { unique: true } }) {
    @PrimaryKey() id!: number;
  }

  test("[DC-06] a class has the columns of a schema, and its types", async () => {
    expectTypeOf<Member["age"]>().toEqualTypeOf<number | null>();
    expectTypeOf<Member["role"]>().toEqualTypeOf<"user" | "admin">();
    const columns = Object.fromEntries(
      [...(own.metadata.tables.get("members")?.columns ?? [])].map((c) => [c.key, [String(c.type), c.nullable]]),
    );
    expect(columns).toMatchObject({
      email: ["string(80)", false],
      name: ["string(50)", false],
      age: ["visitInteger", true],
      tags: ["visitJson", false],
      nick: ["text", true],
    });
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Member, { email: "a@b.co", name: "A", age: null, role: "user", tags: ["x"], since: new Date(0) }));
    await session.commit();
    const found = await session.scalars(select(Member).where((m) => m.role.eq("user"))).one();
    expect([found.tags, found.since]).toEqual([["x"], new Date(0)]);
  });

  test("[DC-06] input for it fits the schema: each member, and the whole", () => {
    const schema = schemaOf(Member, "create");
    const input = { email: "a@b.co", name: "A", age: 20, role: "user", tags: [], since: new Date(0) };
    expect(schema.parse(input)).toEqual(input);
    expect(paths(schema, { ...input, email: "nobody", age: 3, tags: [1] })).toEqual([
      "email: Invalid email address",
      "age: Too small: expected number to be >=18",
      "tags.0: Invalid input: expected string, received number",
    ]);
    expect(paths(schema, { ...input, nick: "A" })).toEqual(["nick: a nick is another name"]);
    expect(() => assign(new Member(), { email: "nobody" } as never)).toThrow("email: Invalid email address");
    expect(schemaOf(Member, "update").safeParse({ age: 30 })).toEqual({ value: { age: 30 } });
  });

  test("[DC-06] valibot's schemas serve as well, and what cannot be told is asked for", () => {
    const other = registry();
    const Item = v.object({ label: v.pipe(v.string(), v.maxLength(5)), count: v.nullable(v.number()) });
    expect(() => columnsFrom(Item)).toThrow(
      'the type of "label" cannot be told from the schema. Say it: columnsFrom(schema, { label: t.timestamp })',
    );
    @other.Entity("items")
    class Item_ extends columnsFrom(Item, { label: t.string(5), count: { type: t.integer, nullable: true } }) {
      @PrimaryKey() id!: number;
    }
    expectTypeOf<Item_["count"]>().toEqualTypeOf<number | null>();
    expect(paths(schemaOf(Item_, "create"), { label: "too long", count: 1 })[0]).toMatch(/^label: Invalid length/);
    expect(() => columnsFrom(z.object({ when: z.date() }))).toThrow(
      'the type of "when" cannot be told from the schema (Date cannot',
    );
    expect(() => columnsFrom(z.string() as never)).toThrow("columnsFrom() takes the schema of an object");
    // @ts-expect-error no such member
    expect(() => columnsFrom(SignUp, { mail: t.text })).toThrow('the schema has no member "mail". It has email, name');
  });

  test("[DC-06] an asynchronous schema of a column is awaited, where there is somebody to wait", async () => {
    const other = registry();
    @other.Entity("names")
    class Name {
      @PrimaryKey() id!: number;
      @Column(t.text, { schema: z.string().refine(async (x) => x !== "taken", "it is taken") }) name!: string;
    }
    const schema = schemaOf(Name, "create");
    expect(await schema.parseAsync({ name: "free" })).toEqual({ name: "free" });
    await expect(schema.parseAsync({ name: "taken" })).rejects.toThrow("name: it is taken");
    expect(() => schema.parse({ name: "free" })).toThrow("Use parseAsync()");
    expect(() => assign(new Name(), { name: "free" })).toThrow("Name.name has a schema that is asynchronous");
  });
});
