/** Documents as rows of their elements, and a large collection that is asked by key. SQLAlchemy: `examples/elementtree`, `examples/dynamic_dict`. */
import { expect, test } from "vitest";
import {
  attributeKeyedDict,
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  type WriteOnlyCollection,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("elements")
class DocElement {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) tag!: string;
  @Column(t.text, { nullable: true }) text!: string | null;
  @ManyToOne(
    () => DocElement,
    (e) => e.children,
    { remoteSide: ["id"] },
  )
  parent!: Relation<DocElement> | null;
  @OneToMany(
    () => DocElement,
    (e) => e.parent,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  children!: DocElement[];
  @OneToMany(
    () => DocAttribute,
    (a) => a.element,
    { collectionClass: attributeKeyedDict("name"), cascade: ["all", "delete-orphan"], lazy: "joined" },
  )
  attributes!: Map<string, DocAttribute>;
}

@reg.Entity("element_attributes")
class DocAttribute {
  @PrimaryKey({ foreignKey: "elements.id" }) elementId!: number;
  @PrimaryKey(t.string(30)) name!: string;
  @Column(t.text) value!: string;
  @ManyToOne(
    () => DocElement,
    (e) => e.attributes,
  )
  element!: Relation<DocElement>;
}

function element(tag: string, given: Record<string, string>, ...inside: (string | DocElement)[]): DocElement {
  const attributes = new Map(Object.entries(given).map(([name, value]) => [name, make(DocAttribute, { name, value })]));
  const text = inside.filter((each) => typeof each === "string").join("");
  return make(DocElement, { tag, text, attributes, children: inside.filter((each) => typeof each !== "string") });
}

const written = ({ tag, text, attributes, children }: DocElement): string => {
  const given = [...attributes.values()].map(({ name, value }) => ` ${name}="${value}"`).join("");
  return `<${tag}${given}>${text ?? ""}${children.map(written).join("")}</${tag}>`;
};

test("[EX-03] a document is stored with its root, read back as it was, and searched by tags and attributes", async () => {
  const { Session } = await storeFor(reg);
  await Session.begin((s) =>
    s.addAll([
      element("doc", { lang: "en" }, element("head", {}, "Hello"), element("field", { name: "size" }, "7")),
      element("doc", {}, element("field", { name: "weight" }, "9")),
    ]),
  );
  await using session = Session();
  const roots = await session
    .scalars(
      select(DocElement)
        .where((e) => e.parent.isNull())
        .orderBy((e) => e.id)
        .options(selectinload(DocElement, (e) => e.children, { recursionDepth: -1 })),
    )
    .unique()
    .all();
  expect(roots.map(written)).toEqual([
    '<doc lang="en"><head>Hello</head><field name="size">7</field></doc>',
    '<doc><field name="weight">9</field></doc>',
  ]);
  const found = select(DocElement)
    .where((e) => e.children.any((c) => c.tag.eq("field").and(c.attributes.any((a) => a.value.eq("weight")))))
    .where((e) => e.parent.isNull());
  expect((await session.scalars(found).unique().all()).map((each) => each.id)).toEqual([roots[1].id]);
});

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Volume,
    (v) => v.shelf,
    { lazy: "write_only", passiveDeletes: true },
  )
  volumes!: WriteOnlyCollection<Volume>;
  /** One volume, by a statement of its own. */
  volume(title: string) {
    return this.volumes.select().where((v) => v.title.eq(title));
  }
}

@reg.Entity("volumes")
class Volume {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) title!: string;
  @ManyToOne(
    () => Shelf,
    (s) => s.volumes,
  )
  shelf!: Relation<Shelf> | null;
}

test("[EX-03] a collection too large to load is asked for single members by key", async () => {
  const { Session, engine } = await storeFor(reg, { expireOnCommit: false });
  await using session = Session();
  const shelf = make(Shelf);
  session.add(shelf);
  shelf.volumes.addAll(["a", "b", "c"].map((title) => make(Volume, { title })));
  await session.commit();
  using log = recordStatements(engine);
  expect((await session.scalars(shelf.volume("b")).one()).title).toBe("b");
  expect(await session.scalars(shelf.volume("x")).oneOrNone()).toBeNull();
  expect(log.count()).toBe(2);
});
