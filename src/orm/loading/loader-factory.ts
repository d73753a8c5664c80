/** Makes the loaders that read a plan's rows from its parts. */
import type { Dialect } from "../../sql/dialect.js";
import type { BoundValue } from "../../sql/key-context.js";
import type { Column } from "../../sql/schema/column.js";
import type { Select } from "../../sql/selectable/select.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { concreteDiscriminator, concreteIdentity } from "./concrete-entity.js";
import { convertersOf, lazyBits } from "./converters.js";
import { EntityLoader, JoinedChild } from "./entity-loader.js";
import type { LoadRun, PostLoader } from "./load-run.js";
import { LoadedOptions } from "./loaded-options.js";
import type { OptionNode, RelationOption } from "./option-node.js";
import type { PostSchedule } from "./plan.js";
import { isAfterwards, type Part, strategyAt } from "./plan-parts.js";
import { Variant } from "./variant.js";

/** Selects the keys of the parents by their columns. */
export type KeySelector = (columns: readonly Column[]) => Select;

/** Makes what loads one relationship after the rows were read. */
export type PostMaker = (
  relationship: Relationship,
  option: RelationOption | null,
  node: OptionNode,
  path: readonly Mapper[],
  parentKeys: KeySelector | null,
) => PostLoader;

/** Makes what loads the columns of a subclass. */
export type SubclassMaker = (mapper: Mapper, node: OptionNode, path: readonly Mapper[]) => PostLoader;

export class LoaderFactory {
  private variants = 0;
  private loaders = 0;
  private joins = 0;
  /** In how many places the plan has each hierarchy. */
  private readonly places = new Map<Mapper, number>();

  constructor(
    private readonly dialect: Dialect,
    private readonly planned: readonly BoundValue[],
    private readonly posts: PostSchedule,
    /** All joined relationships of the plan. */
    private readonly children: JoinedChild[],
    private readonly makePost: PostMaker,
    private readonly makeSubclass: SubclassMaker,
    private readonly keysOf: (part: Part) => KeySelector | null,
  ) {}

  /**
   * @param width the columns of the row
   * @param ownsRow the row may become the storage of the object
   */
  loader(part: Part, width: number, ownsRow: boolean): EntityLoader {
    const { mapper } = part.entity;
    this.places.set(mapper.base, (this.places.get(mapper.base) ?? 0) + 1);
    const columnAt = (slot: number): number => part.offset + part.attributes.indexOf(mapper.columnAttributes[slot]);
    const key = mapper.primaryKey;
    const converters = convertersOf(mapper, this.dialect);
    const on = mapper.polymorphicOn;
    const children = new Map<Relationship, JoinedChild>();
    for (const child of part.children) {
      const made = new JoinedChild(
        this.joins++,
        child.relationship,
        this.loader(child.part, width, false),
        child.partial,
      );
      this.children.push(made);
      children.set(child.relationship, made);
    }
    const posts = new Map<Relationship | Mapper, PostLoader>();
    return new EntityLoader({
      id: this.loaders++,
      mapper,
      name: part.entity.entityName,
      keyIndexes: key.map((attribute) => columnAt(attribute.slot)),
      keyConverters: key.map((attribute) => converters[attribute.slot]),
      concrete:
        mapper.concretes.length === 0
          ? null
          : {
              index: part.offset + part.attributes.indexOf(concreteDiscriminator(mapper)),
              classes: new Map(mapper.united.map((each) => [concreteIdentity(each), each])),
            },
      // A leaf of a hierarchy may have left it out.
      classColumn: on === null || !part.attributes.includes(mapper.columnAttributes[on.slot]) ? -1 : columnAt(on.slot),
      discriminator: on === null || mapper.subclasses.length === 0 ? -1 : columnAt(on.slot),
      discriminatorConverter: on === null ? null : converters[on.slot],
      variantFor: (each) => this.variant(part, each, width, ownsRow, children, posts),
    });
  }

  private variant(
    part: Part,
    mapper: Mapper,
    width: number,
    ownsRow: boolean,
    children: ReadonlyMap<Relationship, JoinedChild>,
    posts: Map<Relationship | Mapper, PostLoader>,
  ): Variant {
    const { node } = part;
    const places = new Map(part.attributes.map((attribute, i) => [attribute, part.offset + i]));
    const id = this.variants++;
    const lazies: RelationAttribute[] = [];
    let hasPosts = false;
    // Before its relationships: they may need its keys.
    const subclass = node.subclassFor(mapper, part.entity.mapper);
    if (subclass !== null && !part.entity.polymorphic.includes(subclass)) {
      hasPosts = true;
      this.posts.add(this.subclass(part, subclass, posts), id);
    }
    for (const relationship of mapper.relationships) {
      const strategy = strategyAt(relationship, node, part.path);
      if (isAfterwards(strategy)) {
        hasPosts = true;
        this.posts.add(this.post(part, relationship, strategy, posts), id);
      } else if (!children.has(relationship)) lazies.push(relationship.attribute);
    }
    const converters = convertersOf(mapper, this.dialect);
    const fixed = node.empty ? null : new LoadedOptions(node, this.planned, this.planned);
    return new Variant(
      {
        id,
        mapper,
        indexes: mapper.columnAttributes.map((attribute) => places.get(attribute) ?? -1),
        converters,
        lazyBits: lazyBits(mapper, this.dialect),
        ownsRow,
        width,
        origin: { converters, options: fixed, unset: null },
        originFor:
          fixed === null || (this.planned.length === 0 && !node.defaults.carries)
            ? null
            : (run: LoadRun) => ({
                converters,
                options: new LoadedOptions(node, this.planned, run.binds, run.said?.carried),
                unset: null,
              }),
        hasOptions: node.defaults.given,
        depth: part.path.length - 1,
        places: () => this.places.get(mapper.base) as number,
        hasPosts,
        lazies,
      },
      mapper.relationships.flatMap((relationship) => children.get(relationship) ?? []),
    );
  }

  private subclass({ node, path }: Part, mapper: Mapper, posts: Map<Relationship | Mapper, PostLoader>): PostLoader {
    let loader = posts.get(mapper);
    if (loader === undefined) {
      loader = this.makeSubclass(mapper, node, [...path.slice(0, -1), mapper]);
      posts.set(mapper, loader);
    }
    return loader;
  }

  private post(
    part: Part,
    relationship: Relationship,
    strategy: string,
    posts: Map<Relationship | Mapper, PostLoader>,
  ): PostLoader {
    let post = posts.get(relationship);
    if (post === undefined) {
      const { node, entity, path } = part;
      const known = entity.polymorphic.some((mapper) => mapper.relationships.includes(relationship));
      const parentKeys = strategy === "subquery" && known ? this.keysOf(part) : null;
      this.posts.restatesStatement ||= parentKeys !== null;
      post = this.makePost(
        relationship,
        node.relations.get(relationship.key) ?? null,
        node.below(relationship.key),
        path,
        parentKeys,
      );
      posts.set(relationship, post);
    }
    return post;
  }
}
