/** Turns rows of a plan into objects of one entity: looks them up in the identity map, makes those that are not there, and fills joined relationships. */

import { InvalidRequestError } from "../../sql/errors.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { type IdentityFamily, objectOf } from "../identity-map.js";
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { knownState } from "../stamp.js";
import { hashOf, type IdentityKey, type InstanceState } from "../state.js";
import { SEVERAL_ROWS } from "../warnings.js";
import type { Converter } from "./converters.js";
import { Gathering, type LoadRun } from "./load-run.js";

/** What an entity loader asks of a variant; the class is in variant.ts. */
export interface RowVariant {
  readonly mapper: Mapper;
  readonly children: readonly JoinedChild[];
  make(run: LoadRun, row: unknown[], key: IdentityKey, family: IdentityFamily): object;
  create(run: LoadRun, row: unknown[], key: IdentityKey): InstanceState;
  isAsMade(run: LoadRun, object: object): boolean;
  meet(run: LoadRun, state: InstanceState, row: readonly unknown[]): void;
  noteMet(run: LoadRun, state: InstanceState): void;
}

export interface EntityLoaderSpec {
  readonly id: number;
  readonly mapper: Mapper;
  /** The entity's name, for messages. */
  readonly name: string;
  /** The columns of the primary key in the row. */
  readonly keyIndexes: readonly number[];
  readonly keyConverters: readonly (Converter | null)[];
  /** The discriminator's column; -1 where there is none. */
  readonly classColumn: number;
  /** The same; -1 where the rows are all of one class too. */
  readonly discriminator: number;
  readonly discriminatorConverter: Converter | null;
  /** Of a union over concrete classes: the column that names the class, whose identity map the row belongs to. */
  readonly concrete: { readonly index: number; readonly classes: ReadonlyMap<unknown, Mapper> } | null;
  /** Makes the variant of a class of the hierarchy. */
  readonly variantFor: (mapper: Mapper) => RowVariant;
}

export class EntityLoader {
  readonly mapper: Mapper;
  private readonly base: Mapper;
  private readonly self: RowVariant;
  private readonly variants: Map<Mapper, RowVariant> = new Map();
  private readonly byIdentity: Map<unknown, RowVariant> = new Map();
  private readonly keyIndex: number;
  private readonly keyConverter: Converter | null;
  /** Rows that need nothing but the look into the identity map. */
  private readonly plain: boolean;

  constructor(private readonly spec: EntityLoaderSpec) {
    this.mapper = spec.mapper;
    this.base = spec.mapper.base;
    this.self = this.variantFor(spec.mapper);
    this.keyIndex = spec.keyIndexes.length === 1 ? spec.keyIndexes[0] : -1;
    this.keyConverter = spec.keyConverters[0] ?? null;
    this.plain =
      spec.concrete === null &&
      spec.discriminator < 0 &&
      this.self.children.length === 0 &&
      this.keyIndex >= 0 &&
      this.keyConverter === null;
  }

  variantFor(mapper: Mapper): RowVariant {
    let variant = this.variants.get(mapper);
    if (variant === undefined) {
      variant = this.spec.variantFor(mapper);
      this.variants.set(mapper, variant);
    }
    return variant;
  }

  /** The objects of all rows, in the array of the rows. */
  loadAll(run: LoadRun, rows: unknown[]): unknown[] {
    if (!this.plain) {
      for (let i = 0; i < rows.length; i++) rows[i] = this.load(run, rows[i] as unknown[]);
      return rows;
    }
    const { self, keyIndex } = this;
    const family = run.family(this.spec.id, this.base);
    family.expect(rows.length, (i) => (rows[i] as unknown[])[keyIndex]);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as unknown[];
      const key = row[keyIndex];
      if (typeof key !== "number" && typeof key !== "string") {
        rows[i] = this.load(run, row);
        continue;
      }
      const object = objectOf(family.get(key), key);
      if (object === undefined) rows[i] = self.make(run, row, key, family);
      else {
        if (!self.isAsMade(run, object)) this.meet(run, object, row);
        rows[i] = object;
      }
    }
    return rows;
  }

  /** The object of one row; null where an outer join found none. */
  load(run: LoadRun, row: unknown[]): object | null {
    const key = this.keyOf(row);
    if (key === null) return null;
    const hash = hashOf(key);
    const { concrete } = this.spec;
    const own = concrete === null ? null : this.variantFor(concrete.classes.get(row[concrete.index]) ?? this.mapper);
    const family =
      own === null
        ? run.family(this.spec.id, this.base)
        : run.session.identity.family(own.mapper.base, run.identityToken);
    const object = objectOf(family.get(hash), hash);
    if (object === undefined) {
      const variant = own ?? (this.spec.discriminator < 0 ? this.self : this.variantOf(row));
      const { children } = variant;
      if (children.length === 0) return variant.make(run, row, key, family);
      // A row that becomes the storage of its object is still needed for what is joined to it.
      const state = variant.create(run, row, key);
      for (let i = 0; i < children.length; i++) children[i].load(run, state, row);
      return state.object;
    }
    if (this.self.children.length === 0 && this.self.isAsMade(run, object)) return object;
    const state = this.meet(run, object, row);
    const { children } = this.variantOfState(state);
    for (let i = 0; i < children.length; i++) children[i].load(run, state, row);
    return object;
  }

  private variantOfState(state: InstanceState): RowVariant {
    return state.mapper === this.mapper ? this.self : this.variantFor(state.mapper as Mapper);
  }

  private meet(run: LoadRun, object: object, row: readonly unknown[]): InstanceState {
    const state = knownState(object);
    if (this.spec.classColumn >= 0) this.variantOf(row); // refuses the row of another class
    this.variantOfState(state).meet(run, state, row);
    return state;
  }

  private keyOf(row: readonly unknown[]): IdentityKey | null {
    if (this.keyIndex >= 0) {
      let value = row[this.keyIndex];
      if (value === null) return null;
      if (this.keyConverter !== null) value = this.keyConverter(value as never);
      return typeof value === "number" || typeof value === "string" ? value : this.mapper.identityKey([value]);
    }
    const { keyIndexes, keyConverters } = this.spec;
    const values: unknown[] = new Array(keyIndexes.length);
    let isThere = false;
    for (let i = 0; i < keyIndexes.length; i++) {
      const value = row[keyIndexes[i]];
      const convert = keyConverters[i];
      values[i] = value === null || convert === null ? value : convert(value as never);
      isThere ||= value !== null;
    }
    return isThere ? this.mapper.identityKey(values) : null;
  }

  private variantOf(row: readonly unknown[]): RowVariant {
    const { classColumn, discriminatorConverter } = this.spec;
    const raw = row[classColumn];
    if (raw === null || raw === undefined) return this.self;
    const known = this.byIdentity.get(raw);
    if (known !== undefined) return known;
    const value = discriminatorConverter === null ? raw : discriminatorConverter(raw as never);
    const mapper = this.mapper.polymorphicMap.get(value);
    const column = this.mapper.polymorphicOn?.label ?? "discriminator";
    if (mapper === undefined) {
      const identities = [...this.mapper.polymorphicMap.keys()].map((each) => JSON.stringify(each)).join(", ");
      throw new InvalidRequestError(
        `A row of ${this.spec.name} has ${JSON.stringify(value)} in ${column}, and no class has that polymorphicIdentity (there are: ${identities}). ` +
          `Map a subclass with it and import its module, or correct the row.`,
      );
    }
    if (!mapper.isA(this.mapper)) {
      throw new InvalidRequestError(
        `A row of ${this.spec.name} has ${JSON.stringify(value)} in ${column}, which is the polymorphicIdentity of ${mapper.className}: that is no subclass of ${this.mapper.className}.`,
      );
    }
    const variant = this.variantFor(mapper);
    this.byIdentity.set(raw, variant);
    return variant;
  }
}

/** A relationship whose objects come in the rows of its parents. */
export class JoinedChild {
  constructor(
    readonly id: number,
    private readonly relationship: Relationship,
    private readonly loader: EntityLoader,
    /** Whether members may be missing. */
    private readonly partial: boolean,
  ) {}

  load(run: LoadRun, state: InstanceState, row: unknown[]): void {
    const object = this.loader.load(run, row);
    if (this.relationship.uselist) {
      const gathering = this.gathering(run, state);
      if (object !== null) gathering.add(object);
    } else this.settle(run, state, object);
  }

  private gathering(run: LoadRun, state: InstanceState): Gathering {
    const join = run.join(this.id);
    if (join.current !== null && join.current.state === state) return join.current;
    let found = join.gathered.get(state);
    if (found === undefined) {
      const stays = !run.populateExisting && this.relationship.attribute.isLoaded(state);
      found = new Gathering(state, stays ? null : []);
      join.gathered.set(state, found);
    }
    join.current = found;
    return found;
  }

  private settle(run: LoadRun, state: InstanceState, object: object | null): void {
    const attribute = this.relationship.attribute;
    const present = attribute.peek(state);
    const { settled } = run.join(this.id);
    if (present !== undefined && (!run.populateExisting || settled.has(state))) {
      if (settled.has(state) && object !== null && present !== object) {
        run.session.warn(SEVERAL_ROWS, "joined", this.relationship.label, state.describe());
      }
      return;
    }
    settled.add(state);
    attribute.setCommitted(state, object);
  }

  /** After the last row: the collections become those of their parents. */
  finish(run: LoadRun): void {
    const join = run.joined(this.id);
    if (join === undefined) return;
    const attribute = this.relationship.attribute as ToManyAttribute;
    for (const { state, members } of join.gathered.values()) {
      if (members === null) continue;
      if (this.partial) attribute.setPart(state, members);
      else attribute.setCommitted(state, members);
    }
  }
}
