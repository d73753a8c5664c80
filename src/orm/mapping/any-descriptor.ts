/** The property of a relation to one of several classes: it gives and takes the object that one of its relationships holds. */
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { CheckConstraint } from "../../sql/schema/constraints.js";
import { Index } from "../../sql/schema/indexes.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { Attribute } from "../attributes/attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { AnyRelation } from "../loading/any-relation.js";
import type { InstrumentedRelation } from "../loading/instrumented-relation.js";
import { findState } from "../stamp.js";
import type { InstanceState } from "../state.js";
import type { SharedKeys } from "./any-sides.js";
import { Descriptor, type DescriptorOwner } from "./descriptor.js";
import { ensureState } from "./instrument.js";
import { type Mapper, mapperOf, nearest, type Relationship } from "./mapper.js";

/** Who makes sure that what is referred to exists. */
export type ReferenceCheck =
  /** Each flush, for the rows that it writes and deletes. */
  | "flush"
  /** The database: there is a foreign key to each class. */
  | "database"
  /** Nobody. */
  | "none";

export class AnyDescriptor extends Descriptor {
  readonly kind = "any";

  constructor(
    owner: DescriptorOwner,
    key: string,
    /** The names that rows have for the classes. */
    readonly names: readonly string[],
    /** The attributes that hold name and key; null where each class has a foreign key. */
    readonly keys: SharedKeys | null,
    readonly references: ReferenceCheck,
    private readonly options: { readonly nullable?: boolean; readonly index?: boolean },
  ) {
    super(owner, key);
  }

  override install(prototype: object): void {
    const descriptor = this;
    Object.defineProperty(prototype, this.key, {
      configurable: true,
      get(this: object) {
        return this === prototype ? undefined : descriptor.#read(ensureState(this));
      },
      set(this: object, value: unknown) {
        if (value !== undefined) descriptor.#write(ensureState(this), value);
      },
    });
  }

  override get behind(): readonly string[] {
    const mapper = this.owner as Mapper;
    return [...this.#keyColumns(mapper), ...this.members(mapper).map((each) => each.attribute)].map((each) => each.key);
  }

  /** The relationships that it is made of, in the order of the names. */
  members(mapper: Mapper): readonly Relationship[] {
    return this.names.map((name) => mapper.relationship(this.#keyOf(name)) as Relationship);
  }

  #keyOf(name: string): string {
    return `${this.key}.${name}`;
  }

  #read(state: InstanceState): unknown {
    return this.#holder(state)?.get(state) ?? null;
  }

  /** The attribute that holds the object; null where there is none. Reads what tells so, which may load it. */
  #holder(state: InstanceState): Attribute | null {
    const mapper = mapperOf(state);
    if (this.keys !== null) return this.#named(state, mapper.attribute(this.keys.type).get(state));
    const held = this.members(mapper).find(
      ({ attribute, join }) =>
        (attribute.peek(state) ??
          (attribute.isLoaded(state) ? null : mapper.attributeOf(join.pairs[0].local).get(state))) != null,
    );
    return held?.attribute ?? null;
  }

  #named(state: InstanceState, name: unknown): Attribute | null {
    if (name === null || name === undefined) return null;
    const found = mapperOf(state).relationship(this.#keyOf(String(name)));
    if (found !== undefined) return found.attribute;
    throw new InvalidRequestError(
      `${this.label} of ${state.describe()} refers to ${JSON.stringify(name)}, which is none of ${this.names.join(", ")}. ` +
        `Name its class in @ManyToAny(), or correct the row.`,
    );
  }

  #write(state: InstanceState, value: unknown): void {
    const members = this.members(mapperOf(state));
    if (value !== null) {
      this.#memberFor(state, value).attribute.set(state, value);
      return;
    }
    for (const { attribute } of members)
      if (state.key !== null || attribute.isLoaded(state)) attribute.set(state, null);
    if (this.keys !== null) mapperOf(state).attribute(this.keys.type).set(state, null);
  }

  #memberFor(state: InstanceState, value: unknown): Relationship {
    const members = this.members(mapperOf(state));
    const given = typeof value === "object" && value !== null ? findState(value) : undefined;
    const found = given === undefined ? undefined : nearest(members, (each) => each.target, mapperOf(given));
    if (found !== undefined) return found;
    throw new ArgumentError(
      `${this.label} of ${state.describe()} takes objects of ${members.map((each) => each.targetName).join(", ")}, not ${given === undefined ? describeValue(value) : given.mapper.className}.`,
    );
  }

  override async awaited(object: object, load: (key: string) => Promise<unknown>): Promise<unknown> {
    const state = ensureState(object);
    const mapper = mapperOf(state);
    for (const { key } of this.#keyColumns(mapper)) await load(key);
    const holder = this.#holder(state);
    return holder === null ? null : load(holder.key);
  }

  /** What a row refers with. */
  #keyColumns(mapper: Mapper): readonly Attribute[] {
    if (this.keys !== null) return [mapper.attribute(this.keys.type), mapper.attribute(this.keys.id)];
    return this.members(mapper).map(({ join }) => mapper.attributeOf(join.pairs[0].local));
  }

  expression(attrs: Readonly<Record<string, unknown>>): AnyRelation {
    return new AnyRelation(
      this.key,
      this.names.map((name) => attrs[this.#keyOf(name)] as InstrumentedRelation),
    );
  }

  written(): never {
    const columns = this.#keyColumns(this.owner as Mapper).map((each) => each.key);
    throw new ArgumentError(
      `${this.label} cannot be written by a statement as an object: write its columns, ${columns.join(" and ")}.`,
    );
  }

  settable(): boolean {
    return true;
  }

  /** Ties the relationships to each other, once they are joined. */
  configure(mapper: Mapper): void {
    if (mapper !== this.owner) return;
    const members = this.members(mapper);
    this.#check(mapper, members);
    const sides = members.map((each) => each.reverseRelationships);
    for (const member of members) {
      member.checked = this.references === "flush";
      member.rivals = members.filter((each) => each !== member);
      member.attribute.listen().set.push((state, value) => this.#follow(state, member, value));
      for (const side of member.reverseRelationships)
        side.rivals = sides.flat().filter((each) => each !== side && each.variant?.name !== member.variant?.name);
    }
    if (this.keys === null) this.#allowOne(mapper, members);
    else if (this.options.index === true) {
      const columns = [this.keys.type, this.keys.id].map((key) => mapper.attribute(key)) as { column?: unknown }[];
      const name = `ix_${mapper.table.name}_${this.key}`;
      mapper.table.addIndex(new Index(name, columns.map((each) => each.column) as never));
    }
  }

  #check(mapper: Mapper, members: readonly Relationship[]): void {
    members.forEach(({ target }, i) => {
      const { primaryKey, className } = target;
      if (members.findIndex((each) => each.target === target) !== i)
        throw new MapperConfigurationError(`${this.label}: @ManyToAny() names ${className} twice.`);
      if (primaryKey.length !== 1)
        throw new MapperConfigurationError(
          `${this.label}: ${className} has a key of ${primaryKey.length} columns. @ManyToAny() refers to classes with a key of one column.`,
        );
      if (this.keys === null) return;
      const key = mapper.columnAttributes.find((each) => each.key === this.keys?.id);
      const [theirs] = primaryKey;
      if (key === undefined || key.type.family === theirs.type.family) return;
      throw new MapperConfigurationError(
        `${this.label}: the key of ${className} is of type ${String(theirs.type)}, and ${mapper.className}.${key.key} of type ${String(key.type)}. ` +
          `Say idType in @ManyToAny(), or map "${key.key}" yourself; classes with keys of different types need references: "database".`,
      );
    });
  }

  /** One object at most: who is given one lets the others go. */
  #follow(state: InstanceState, member: Relationship, value: unknown): void {
    const attribute = member.tag?.attribute(state);
    if (value === null) {
      if (attribute?.peek(state) === member.variant?.name) attribute?.set(state, null);
      return;
    }
    attribute?.set(state, member.variant?.name);
    for (const rival of member.rivals) {
      const present = rival.attribute.peek(state);
      if (present === null || (present === undefined && state.key === null)) continue;
      rival.attribute.set(state, null);
    }
  }

  #allowOne(mapper: Mapper, members: readonly Relationship[]): void {
    const set = members.map(({ join }) => `CASE WHEN ${join.pairs[0].local.name} IS NULL THEN 0 ELSE 1 END`);
    const condition = `${set.join(" + ")} ${this.options.nullable === false ? "=" : "<="} 1`;
    mapper.table.addConstraint(new CheckConstraint(condition, { name: `ck_${mapper.table.name}_${this.key}` }));
  }
}
