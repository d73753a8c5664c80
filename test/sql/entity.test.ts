import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  ColumnElement,
  cacheKeyOf,
  column,
  del,
  ENTITY,
  EntityElement,
  exists,
  InvalidRequestError,
  insert,
  type JoinStep,
  LoadOption,
  MetaData,
  type Node,
  type Parts,
  RelationElement,
  type SQLType,
  select,
  Table,
  t,
  table,
  update,
} from "../../src/sql/index.js";
import { bound, refused, sql } from "./fixtures.js";

// The least that a mapper has to give: attributes that stand for columns, an entity, relations.
class Attribute extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };
  override get visitName() {
    return "AnnotatedColumn";
  }
  constructor(
    readonly element: ColumnElement,
    readonly attributeName: string,
  ) {
    super();
  }
  get type(): SQLType {
    return this.element.type;
  }
  override get key(): string {
    return this.attributeName;
  }
}

class Entity extends EntityElement {
  static override readonly parts: Parts = { from: "node", entityName: "name" };
  override get visitName() {
    return "Entity";
  }
  readonly attrs: Record<string, unknown> = {};
  constructor(
    readonly from: Table,
    readonly entityName: string,
  ) {
    super();
    for (const each of from.columns) this.attrs[each.key] = new Attribute(each, each.key);
  }
  override get columns(): readonly ColumnElement[] {
    return Object.values(this.attrs).filter((each): each is ColumnElement => each instanceof ColumnElement);
  }
  override attribute(name: string): ColumnElement {
    const found = this.attrs[name];
    if (found instanceof ColumnElement) return found;
    throw new InvalidRequestError(`${this.entityName} has no column attribute ${JSON.stringify(name)}.`);
  }
}

class Relation extends RelationElement {
  static override readonly parts: Parts = { left: "node" };
  override get visitName() {
    return "Relation";
  }
  constructor(
    readonly left: Table,
    readonly steps: readonly JoinStep[],
  ) {
    super();
  }
  override get target() {
    return Person[ENTITY];
  }
  override joinTarget() {
    return { left: this.left as never, steps: this.steps };
  }
}

const md = new MetaData();
const people = table("people", md, { id: column(t.integer, { primaryKey: true }), name: column(t.text) });
const pets = table("pets", md, {
  id: column(t.integer, { primaryKey: true }),
  owner: column(t.integer, { name: "owner_id", foreignKey: "people.id" }),
});
const tags = table("tags", md, { id: column(t.integer, { primaryKey: true }) });
const links = table("links", md, { pet: column(t.integer), tag: column(t.integer) });

class Person {
  static readonly [ENTITY]: EntityElement = new Entity(people as unknown as Table, "Person");
  id!: number;
  name!: string | null;
}
class Pet {
  static readonly [ENTITY]: EntityElement = new Entity(pets as unknown as Table, "Pet");
  id!: number;
  owner!: number;
}
const cond = (node: unknown): ColumnElement => node as ColumnElement;
const ownPets = new Relation(people as never, [{ right: pets as never, on: cond(people.c.id.eq(pets.c.owner)) }]);
const petTags = new Relation(pets as never, [
  { right: links as never, on: cond(links.c.pet.eq(pets.c.id)) },
  { right: tags as never, on: cond(links.c.tag.eq(tags.c.id)) },
]);

describe("statements of mapped classes", () => {
  it("select the columns of the class, with conditions over its attributes", () => {
    const stmt = select(Person)
      .where((p) => p.name.eq("Ada"))
      .orderBy((p) => p.id.desc());
    expect(bound(stmt)).toEqual([
      "SELECT people.id, people.name FROM people WHERE people.name = ? ORDER BY people.id DESC",
      ["Ada"],
    ]);
    expect(stmt.rawColumns[0]).toBe(Person[ENTITY]);
    expect(sql(select(Person, Pet).where((p, q) => q.owner.eq(p.id)))).toBe(
      "SELECT people.id, people.name, pets.id AS id_1, pets.owner_id FROM people, pets WHERE pets.owner_id = people.id",
    );
    expect(sql(select(Person).filterBy({ name: "x" }))).toContain("WHERE people.name = :name_1");
    refused(
      () => select(Person).filterBy({ nme: "x" } as never),
      InvalidRequestError,
      'Person has no column attribute "nme"',
    );
    expect(select({ who: Person, n: people.c.name }).rowShape).toEqual({ kind: "object", keys: ["who", "n"] });
  });

  it("refuse lambdas that give no condition, and objects as values", () => {
    refused(
      () => select(Person).where((() => true) as never),
      ArgumentError,
      "where() got true, not an SQL expression",
    );
    refused(
      () => select(Person).where((() => undefined) as never),
      ArgumentError,
      "A lambda must return its condition",
    );
    refused(() => select(Person).where((async () => 1) as never), ArgumentError, "lambdas are not async");
    refused(
      () => people.c.id.eq(new Person() as never),
      ArgumentError,
      "an instance of Person is a mapped object, not a value",
    );
  });

  it("join along relations, in one step or two, by classes and on conditions", () => {
    expect(sql(select(Person).join(ownPets as never))).toBe(
      "SELECT people.id, people.name FROM people JOIN pets ON people.id = pets.owner_id",
    );
    expect(sql(select(Pet).join(petTags as never))).toContain(
      "FROM pets JOIN links ON links.pet = pets.id JOIN tags ON links.tag = tags.id",
    );
    expect(sql(select(Pet).outerjoin(petTags as never))).toContain(
      "FROM pets LEFT OUTER JOIN (links JOIN tags ON links.tag = tags.id) ON links.pet = pets.id",
    );
    expect(
      sql(
        select(Person)
          .join(ownPets as never)
          .join(petTags as never),
      ),
    ).toContain(
      "FROM people JOIN pets ON people.id = pets.owner_id JOIN links ON links.pet = pets.id JOIN tags ON links.tag = tags.id",
    );
    expect(sql(select(Person).join(Pet))).toContain("FROM people JOIN pets ON people.id = pets.owner_id");
    expect(sql(select(Person).join(ownPets as never, pets.c.id.gt(3)))).toContain(
      "ON people.id = pets.owner_id AND pets.id > :id_1",
    );
    expect(sql(select(Person).where(exists(Pet).where(pets.c.owner.eq(people.c.id))))).toContain(
      "EXISTS (SELECT 1 FROM pets WHERE pets.owner_id = people.id)",
    );
  });

  it("write by attribute names", () => {
    expect(sql(insert(Pet).values({ owner: 3 }))).toBe("INSERT INTO pets (owner_id) VALUES (:owner_1)");
    expect(
      sql(
        update(Person)
          .values({ name: "x" })
          .where((p) => p.id.eq(1))
          .returning(Person),
      ),
    ).toBe("UPDATE people SET name = :name_1 WHERE people.id = :id_1 RETURNING id, name");
    expect(sql(del(Pet).where((p) => p.owner.isNull()))).toBe("DELETE FROM pets WHERE pets.owner_id IS NULL");
    expect(sql(del(Pet).filterBy({ owner: 3 }))).toBe("DELETE FROM pets WHERE pets.owner_id = :owner_1");
    expect(insert(Pet).entity).toBe(Pet[ENTITY]);
  });

  it("have a key that tells entities and options apart", () => {
    class Eagerly extends LoadOption {
      static override readonly parts: Parts = { path: "name" };
      override get visitName() {
        return "Eagerly";
      }
      constructor(readonly path: string) {
        super();
      }
    }
    const key = (node: Node): number | null => cacheKeyOf(node).key;
    expect(key(select(Person))).toBe(key(select(Person)));
    expect(key(select(Person))).not.toBe(key(select(Pet)));
    expect(key(select(Person).options(new Eagerly("a")))).not.toBe(key(select(Person).options(new Eagerly("b"))));
    expect(key(select(Person).executionOptions({ x: 1 }))).toBe(key(select(Person)));
    expect(select(Person).executionOptions({ x: 1 }).executionOptions({ y: 2 }).limit(1).execOptions).toEqual({
      x: 1,
      y: 2,
    });
  });

  it("become subqueries with the class's columns", () => {
    const sub = select(Person).subquery("s");
    expect(sql(select(sub.c.name))).toBe("SELECT s.name FROM (SELECT people.id, people.name FROM people) AS s");
    expect(sql(select(select(Pet).subquery("q").c.owner))).toBe(
      "SELECT q.owner_id FROM (SELECT pets.id, pets.owner_id FROM pets) AS q",
    );
  });
});
