import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { run as pull } from "../../src/cli/commands/pull.js";
import {
  checkConstraint,
  column,
  computed,
  foreignKeyConstraint,
  Index,
  identity,
  MetaData,
  primaryKeyConstraint,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../src/index.js";
import { type CliProject, cliProject } from "../cli/support.js";
import { chinook } from "../orm/schema/published/chinook.js";
import { load } from "../orm/schema/published/load.js";
import { northwind } from "../orm/schema/published/northwind.js";
import { pagila } from "../orm/schema/published/pagila.js";
import { SCHEMAS, strangers } from "../orm/schema/published/strangers.js";
import { databaseKind, openDatabase, type TestDatabase } from "../support/database.js";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const kind = databaseKind();
const pg = kind === "postgresql";

/** Tables with every name and every shape that is hard to write as a class. */
function oddSchema(): MetaData {
  const metadata = new MetaData();
  const id = column(t.integer, { primaryKey: true });
  table("class", metadata, { id, default: column(t.string(5), { serverDefault: "x" }), constructor: column(t.text) });
  table("Column", metadata, {
    ID: column(t.integer, { primaryKey: true }),
    "2nd": column(t.integer),
    "a b": column(t.text),
    a_b: column(t.text),
  });
  table("person", metadata, {
    id: column(t.integer, { primaryKey: true }),
    boss_id: column(t.integer, { foreignKey: "person.id" }),
  });
  table("persons", metadata, {
    id: column(t.integer, { primaryKey: true }),
    email: column(t.string(40), { nullable: false, unique: true }),
  });
  table("friendships", metadata, {
    person_id: column(t.integer, { primaryKey: true, foreignKey: "person.id" }),
    friend_id: column(t.integer, { primaryKey: true, foreignKey: "person.id" }),
  });
  table("passport", metadata, {
    person_id: column(t.integer, { primaryKey: true, autoincrement: false, foreignKey: "person.id" }),
    number: column(t.string(9), { nullable: false }),
  });
  table(
    "order lines",
    metadata,
    {
      "order no": column(t.integer),
      line: column(t.integer),
      price: column(t.numeric(10, 2), { nullable: false }),
      qty: column(t.integer, { nullable: false, serverDefault: "1" }),
      total: column(t.numeric(12, 2), { computed: computed("price * qty", { persisted: true }) }),
    },
    primaryKeyConstraint(["line", "order no"]),
    checkConstraint("qty > 0", { name: "ck_qty" }),
    new Index("ix_dear", [text("price"), text("qty")], { where: "price > 100" }),
  );
  table(
    "returns",
    metadata,
    {
      id: column(t.integer, { primaryKey: true }),
      no: column(t.integer),
      line: column(t.integer),
      from_id: column(t.integer, { nullable: false, foreignKey: "person.id" }),
      to_id: column(t.integer, { foreignKey: "person.id" }),
      at: column(t.datetime, { nullable: false, serverDefault: text("CURRENT_TIMESTAMP") }),
    },
    foreignKeyConstraint(["line", "no"], ["order lines.line", "order lines.order no"], { onDelete: "CASCADE" }),
    new UniqueConstraint(["no", "from_id"], { name: "uq_no_from" }),
  );
  table("log", metadata, { at: column(t.datetime), line: column(t.text) }, new Index("ix_log_at", ["at"]));
  if (pg) {
    table(
      "mood",
      metadata,
      {
        id: column(t.integer, { primaryKey: true, identity: identity({ always: true, start: 10 }) }),
        mood: column(t.enum(["good", "so so"], { name: "mood_kind" }), { nullable: false, comment: "how it was" }),
        tags: column(t.array(t.text)),
        extra: column(t.jsonb, { serverDefault: text("'{}'::jsonb") }),
      },
      { comment: "one's mood" },
    );
  }
  return metadata;
}

/** The schemas beside the default one. */
const schemasOf = (name: string): readonly string[] => (pg && name === "strangers" ? SCHEMAS : []);

/** Compares a database with the classes that were pulled from it, and asks some questions of it, in a process of its own. */
const program = (name: string, asks: string): string => `
import { asyncSessionmaker, create, createAsyncEngine, inspect, metadata, defaultRegistry, select, selectinload, joinedload } from "athanor";
import { compareMetadata } from "athanor/migrations";
import * as entities from "./entities/index.js";

const engine = createAsyncEngine(${JSON.stringify(databases[name]?.url)});
defaultRegistry.configure();
const found = await engine.connect((c) => compareMetadata(c, metadata, { schemas: ${JSON.stringify(schemasOf(name))} }));
const answers: unknown[] = [];
{
  await using session = asyncSessionmaker(engine)();
  ${asks}
}
await engine.dispose();
void [create, inspect, select, selectinload, joinedload, entities];
console.log(JSON.stringify({ differences: found.map((each) => each.describe()), answers }));
`;

const databases: Record<string, TestDatabase> = {};

/** Three questions each, that load eagerly. */
const ASKS = {
  chinook: `
  const { Album, Customer, Playlist } = entities;
  const albums = await session.scalars(select(Album).options(joinedload(Album, (a) => a.artist), selectinload(Album, (a) => a.tracks).joinedload((it) => it.genre)).orderBy((a) => a.albumId)).unique().all();
  answers.push(albums.map((a) => [a.title, a.artist.name, a.tracks.map((each) => each.genre?.name ?? null)]));
  const customers = await session.scalars(select(Customer).options(joinedload(Customer, (c) => c.supportRep), selectinload(Customer, (c) => c.invoices))).unique().all();
  answers.push(customers.map((c) => [c.firstName, c.supportRep?.lastName ?? null, c.invoices.map((i) => i.total)]));
  const playlists = await session.scalars(select(Playlist).options(selectinload(Playlist, (p) => p.tracks)).orderBy((p) => p.playlistId)).all();
  answers.push(playlists.map((p) => [p.name, p.tracks.length]));`,
  northwind: `
  const { Employee, Order, Product } = entities;
  const employees = await session.scalars(select(Employee).options(selectinload(Employee, (e) => e.territories), joinedload(Employee, (e) => e.reportsToRef)).orderBy((e) => e.employeeId)).unique().all();
  answers.push(employees.map((e) => [e.lastName, e.reportsToRef?.lastName ?? null, e.territories.map((it) => it.territoryDescription.trim()).sort()]));
  const orders = await session.scalars(select(Order).options(selectinload(Order, (o) => o.orderDetails).joinedload((o) => o.product)).orderBy((o) => o.orderId)).all();
  answers.push(orders.map((o) => o.orderDetails.map((each) => [each.product.productName, each.quantity]).sort()));
  const products = await session.scalars(select(Product).options(joinedload(Product, (p) => p.category), joinedload(Product, (p) => p.supplier)).orderBy((p) => p.productId)).all();
  answers.push(products.map((p) => [p.productName, p.category?.categoryName, p.supplier?.companyName]));
  answers.push((await session.scalars(select(entities.ProductsAboveAverage).orderBy((p) => p.productName)).all()).map((p) => p.productName));`,
  pagila: `
  const { Actor, Film, City } = entities;
  const films = await session.scalars(select(Film).options(joinedload(Film, (f) => f.language), joinedload(Film, (f) => f.originalLanguage), selectinload(Film, (f) => f.categories)).orderBy((f) => f.filmId)).unique().all();
  answers.push(films.map((f) => [f.title, f.language.name.trim(), f.originalLanguage?.name.trim() ?? null, f.categories.map((c) => c.name).sort(), f.rating]));
  const actors = await session.scalars(select(Actor).options(selectinload(Actor, (a) => a.filmActors).joinedload((f) => f.film)).orderBy((a) => a.actorId)).all();
  answers.push(actors.map((a) => [a.lastName, a.filmActors.map((each) => each.film.title).sort()]));
  const cities = await session.scalars(select(City).options(joinedload(City, (c) => c.country), selectinload(City, (c) => c.addresses))).all();
  answers.push(cities.map((c) => [c.city, c.country.country, c.addresses.length]));`,
  odd: `
  const { Person, Passport, Return, OrderLine } = entities;
  const boss = create(Person, { passport: create(Passport, { number: "1" }) });
  const line = create(OrderLine, { orderNo: 1, line: 2, price: "3.50" });
  const worker = create(Person, { boss, personsByFriend: [boss], returnsByFrom: [create(Return, { orderLine: line, to: boss })] });
  session.add(worker);
  await session.flush();
  session.expungeAll();
  const people = await session.scalars(select(Person).options(selectinload(Person, (p) => p.personsByFriend), selectinload(Person, (p) => p.personsByBoss), joinedload(Person, (p) => p.passport), selectinload(Person, (p) => p.returnsByFrom).joinedload((r) => r.orderLine)).orderBy((p) => p.id)).unique().all();
  answers.push(people.map((p) => [p.personsByFriend.length, p.personsByBoss.length, p.passport?.number ?? null, p.returnsByFrom.map((r) => [r.orderLine?.orderNo, r.orderLine?.line, r.orderLine?.qty, r.orderLine?.total])]));`,
  strangers: pg
    ? `
  const { Department, SalesOrder, RefUnique } = entities;
  await session.execute(select(entities.nums).limit(1));
  answers.push((await session.scalars(select(Department)).all()).length);
  answers.push((await session.scalars(select(SalesOrder).options(joinedload(SalesOrder, (s) => s.employee), selectinload(SalesOrder, (s) => s.lines))).unique().all()).length);
  answers.push((await session.scalars(select(RefUnique).options(selectinload(RefUnique, (r) => r.refsByCode), selectinload(RefUnique, (r) => r.refsByYX))).all()).length);`
    : `
  const { Self, SalesOrder, V } = entities;
  answers.push((await session.scalars(select(Self).options(joinedload(Self, (s) => s.peerRef), selectinload(Self, (s) => s.selfsByParent))).unique().all()).length);
  answers.push((await session.scalars(select(SalesOrder).options(selectinload(SalesOrder, (s) => s.lines))).all()).length);
  answers.push((await session.scalars(select(V)).all()).length);`,
} as const;

describe("athanor pull", () => {
  let project: CliProject;
  const configOf = (name: string): string => join(project.root, name, "athanor.config.js");
  const ask = (name: keyof typeof ASKS): { differences: string[]; answers: unknown[] } => {
    const program = join(project.root, "dist", name, "program.js");
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
    // what is pulled starts without a warning
    expect(stderr).not.toContain("ATHANOR_OVERLAPS");
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    project = cliProject({ declarations: true });
    const sources = { chinook, northwind, pagila, strangers, odd: null };
    const silenced = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    for (const [name, source] of Object.entries(sources)) {
      const database = await openDatabase({ file: true });
      databases[name] = database;
      if (source === null) await oddSchema().createAll(database.engine);
      else await load(database.engine, source(kind));
      project.write(
        `${name}/athanor.config.js`,
        `export default { url: ${JSON.stringify(database.url)}, schemas: ${JSON.stringify(schemasOf(name))} };`,
      );
      await pull({
        config: configOf(name),
        json: true,
        out: join(project.root, name, "entities"),
        ...(name === "northwind" ? { viewKey: ["products_above_average=product_name"] } : {}),
      });
      project.write(`${name}/program.ts`, program(name, ASKS[name as keyof typeof ASKS]));
    }
    await pull({ config: configOf("odd"), json: true, out: join(project.root, "odd/one.ts") });
    silenced.mockRestore();
    project.write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2022",
          lib: ["es2022", "esnext.disposable"],
          strict: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          outDir: "dist",
          rootDir: ".",
          types: ["node"],
        },
        include: ["*/entities/*.ts", "*/one.ts", "*/program.ts"],
      }),
    );
    try {
      execFileSync(process.execPath, [TSC, "-p", project.root], { cwd: project.root, encoding: "utf8" });
    } catch (error) {
      throw new Error(`what was pulled does not compile: ${(error as { stdout: string }).stdout}`);
    }
  });
  afterAll(async () => {
    for (const each of Object.values(databases)) await each[Symbol.asyncDispose]();
    project.dispose();
  });

  test("what createAll made, pulled, maps back to a metadata that compares equal, and works: composite keys, links, self-references, odd names", () => {
    const { differences, answers } = ask("odd");
    expect(differences).toEqual([]);
    expect(answers).toEqual([
      [
        [0, 1, "1", []],
        [1, 0, null, [[1, 2, 1, "3.50"]]],
      ],
    ]);
  });

  test("[XM-04] Chinook's classes compile under strict and answer with what they load eagerly", () => {
    const { differences, answers } = ask("chinook");
    expect(differences).toEqual([]);
    expect(answers).toEqual([
      [
        ["For Those About To Rock", "AC/DC", ["Rock"]],
        ["Balls to the Wall", "Accept", ["Rock"]],
        ["Let There Be Rock", "AC/DC", ["Rock"]],
      ],
      [
        ["Luis", "Peacock", ["3.98"]],
        ["Leonie", null, ["1.98"]],
      ],
      [
        ["Music", 3],
        ["Movies", 0],
        ["Loud", 2],
      ],
    ]);
  });

  test("Northwind's: an association with payload is a class, a pure link a many-to-many, a view with a key a class to read", () => {
    const { differences, answers } = ask("northwind");
    expect(differences).toEqual([]);
    expect(answers).toEqual([
      [
        ["Davolio", "Fuller", ["Westboro"]],
        ["Fuller", null, ["Redmond", "Westboro"]],
      ],
      [
        [
          ["Chai", 12],
          ["Chang", 10],
        ],
        [["Aniseed Syrup", 5]],
      ],
      [
        ["Chai", "Beverages", "Exotic Liquids"],
        ["Chang", "Beverages", "Exotic Liquids"],
        ["Aniseed Syrup", "Condiments", "Exotic Liquids"],
      ],
      ["Chai", "Chang"],
    ]);
    expect(readFileSync(join(project.root, "northwind/entities/products-above-average.ts"), "utf8")).toContain(
      "  @PrimaryKey(t.string(40))\n  readonly productName!: string;",
    );
  });

  test("Pagila's: two keys to one table are told apart by their columns", () => {
    const { differences, answers } = ask("pagila");
    expect(differences).toEqual([]);
    expect(answers).toEqual([
      [
        ["ACADEMY DINOSAUR", "English", "Italian", ["Action", "Comedy"], "PG"],
        ["ACE GOLDFINGER", "English", null, ["Comedy"], "G"],
      ],
      [
        ["GUINESS", ["ACADEMY DINOSAUR", "ACE GOLDFINGER"]],
        ["WAHLBERG", ["ACADEMY DINOSAUR"]],
      ],
      [["Lethbridge", "Canada", 2]],
    ]);
  });

  test("[CR-01] what strangers have made of names, types, keys, partitions, domains, sequences and views maps back to the same schema", () => {
    expect(ask("strangers")).toEqual({ differences: [], answers: [0, 0, 0] });
  });

  test("one file holds all classes where the path ends with .ts, and nothing is written over unless asked", async () => {
    const text = readFileSync(join(project.root, "odd/one.ts"), "utf8");
    expect(text).toContain(
      [
        '  @ManyToOne(() => Person, (p) => p.returnsByFrom, { foreignKeys: ["from_id"] })',
        "  from!: Relation<Person>;",
      ].join("\n"),
    );
    expect(text.split("\n").filter((line) => line.length > 120)).toEqual([]);
    await expect(pull({ config: configOf("odd"), out: join(project.root, "odd/one.ts") })).rejects.toThrow(
      /odd\/one\.ts is there already\. --force writes over what is there\.$/,
    );
  });
});
