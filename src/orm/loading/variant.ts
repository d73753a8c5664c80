/** How the objects of one class are made from rows of one plan: which column goes to which slot, and what is filled afterwards. */
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import { StaleDataError } from "../errors.js";
import type { IdentityFamily } from "../identity-map.js";
import { heard, hearsInstance } from "../instance-events.js";
import { LoadedAlike, type Tie } from "../loaded-alike.js";
import type { Mapper } from "../mapping/mapper.js";
import { peekState, stamp, stampUnopened, stateOf } from "../stamp.js";
import { type IdentityKey, InstanceState, type LoadOrigin } from "../state.js";
import { openUnset } from "../unset.js";
import type { Converter } from "./converters.js";
import type { JoinedChild } from "./entity-loader.js";
import { announceRefresh, announceWhole } from "./load-events.js";
import type { LoadRun } from "./load-run.js";

/** How a row becomes the storage of an object. */
type Storage = "row" | "slice" | "gather";

export interface VariantSpec {
  readonly id: number;
  readonly mapper: Mapper;
  /** For each slot its column in the row; -1 where it is not selected. */
  readonly indexes: readonly number[];
  readonly converters: readonly (Converter | null)[];
  /** The bits of the slots that keep the driver's value until it is read. */
  readonly lazyBits: number;
  /** Whether the row belongs to the object alone. */
  readonly ownsRow: boolean;
  /** The columns of the row. */
  readonly width: number;
  readonly origin: LoadOrigin;
  /** The origin with the values of one execution, where the options have any. */
  readonly originFor: ((run: LoadRun) => LoadOrigin) | null;
  /** Whether the statement has loader options at all. */
  readonly hasOptions: boolean;
  /** How many relationships lie between the statement's entity and this one. */
  readonly depth: number;
  /** In how many places the plan has the same hierarchy. */
  readonly places: () => number;
  readonly hasPosts: boolean;
  /** Relationships that are loaded when read: forgotten where a load overwrites the object. */
  readonly lazies: readonly RelationAttribute[];
}

export class Variant {
  readonly id: number;
  readonly mapper: Mapper;
  readonly origin: LoadOrigin;
  readonly rawBits: number;
  readonly hasPosts: boolean;
  private readonly newInstance: () => object;
  private readonly storage: Storage;
  private readonly start: number;
  private readonly width: number;
  /** Slots behind the selected ones, which are left unloaded. */
  private readonly missing: number;
  /** Columns of the row behind those of the object, which were put there for other purposes. */
  private readonly surplus: number;
  /** Slots whose values are converted as they come. */
  private readonly eager: readonly number[];
  private readonly loaded: readonly number[];
  private readonly bitOf: readonly number[];
  private readonly origins = new WeakMap<LoadRun, LoadOrigin>();
  /** Whether the plan has the same hierarchy in several places; known when all its loaders are made. */
  private several: boolean | null = null;
  /** The slot of the key of objects that are not opened as they are made; -1 where they are. */
  private readonly keySlot: number;
  private alike: LoadedAlike | null = null;
  /** Keeps the shape of the class's objects: see keep-shape.ts. */
  readonly sample: object | null = null;

  constructor(
    private readonly spec: VariantSpec,
    readonly children: readonly JoinedChild[],
  ) {
    const { mapper, indexes, converters, lazyBits } = spec;
    this.id = spec.id;
    this.mapper = mapper;
    this.origin = spec.origin;
    this.hasPosts = spec.hasPosts;
    this.newInstance = mapper.newInstance;
    this.bitOf = mapper.columnAttributes.map((attribute) => attribute.bit & lazyBits);
    this.loaded = mapper.columnAttributes.map((attribute) => attribute.slot).filter((slot) => indexes[slot] >= 0);
    this.eager = this.loaded.filter((slot) => converters[slot] !== null && this.bitOf[slot] === 0);
    this.rawBits = this.loaded.reduce((bits, slot) => bits | this.bitOf[slot], 0);
    this.start = indexes[0] ?? -1;
    this.width = this.loaded.length;
    this.missing = mapper.columnSlots - this.width;
    const inOrder = this.start >= 0 && this.loaded.every((slot, i) => slot === i && indexes[slot] === this.start + i);
    this.storage = !inOrder ? "gather" : spec.ownsRow && this.start === 0 ? "row" : "slice";
    this.surplus = spec.width - this.width;
    const key = mapper.primaryKey;
    const isPlain = key.length === 1 && converters[key[0].slot] === null;
    const opensLate =
      isPlain && !mapper.constructs && !spec.hasPosts && spec.originFor === null && children.length === 0;
    this.keySlot = opensLate ? key[0].slot : -1;
    if (!mapper.constructs) this.sample = sampleOf(mapper);
  }

  /** A new object for a row, in the identity map under its key. @param family the identity map of its hierarchy */
  make(run: LoadRun, row: unknown[], key: IdentityKey, family: IdentityFamily): object {
    const staysShut = this.keySlot >= 0 && !run.opensAtOnce && !this.isSeveral && !hearsInstance("load", this.mapper);
    if (!staysShut || (typeof key !== "number" && typeof key !== "string")) return this.create(run, row, key).object;
    const object = this.newInstance();
    stampUnopened(object, this.alikeIn(run.session.tie), this.take(row));
    family.set(key, object);
    run.session.identity.keep(object);
    return object;
  }

  private alikeIn(tie: Tie): LoadedAlike {
    let { alike } = this;
    if (alike === null || alike.tie !== tie) {
      alike = new LoadedAlike(this.mapper, this.origin, this.rawBits, this.keySlot, tie);
      this.alike = alike;
    }
    return alike;
  }

  /** Whether an object is just as this variant would make it, so that meeting it changes nothing. */
  isAsMade(run: LoadRun, object: object): boolean {
    if (run.populateExisting || run.checksVersions || this.origin.options !== null || run.depths !== null) return false;
    const found = peekState(object);
    return found instanceof LoadedAlike && found.origin === this.origin;
  }

  /** A new object with its state for a row. */
  create(run: LoadRun, row: unknown[], key: IdentityKey): InstanceState {
    const values = this.take(row);
    const object = this.newInstance();
    let state = this.mapper.constructs ? stateOf(object) : undefined;
    if (state === undefined) {
      state = new InstanceState(this.mapper, object, values);
      stamp(object, state);
    } else {
      state.commitAll();
      state.values = values;
      state.refs = null;
    }
    state.raw = this.rawBits;
    state.key = key;
    state.origin = this.spec.originFor === null ? this.origin : this.originFor(run);
    if (run.identityToken !== null) state.ext().identityToken = run.identityToken;
    run.session.attachLoaded(state);
    this.noteDepth(run, state);
    if (this.hasPosts) run.fresh(this.id).push(state);
    if (heard.load) announceWhole("load", state);
    return state;
  }

  private originFor(run: LoadRun): LoadOrigin {
    let origin = this.origins.get(run);
    if (origin === undefined) {
      origin = (this.spec.originFor as (run: LoadRun) => LoadOrigin)(run);
      this.origins.set(run, origin);
    }
    return origin;
  }

  /** The values of a row by slot. The row itself becomes the storage where it has just these columns. */
  private take(row: unknown[]): unknown[] {
    const { storage, eager } = this;
    let values: unknown[];
    if (storage === "row") {
      values = row;
      for (let i = 0; i < this.surplus; i++) values.pop();
      for (let i = 0; i < this.missing; i++) values.push(undefined);
    } else if (storage === "slice") {
      values = row.slice(this.start, this.start + this.width);
      for (let i = 0; i < this.missing; i++) values.push(undefined);
    } else {
      const { indexes } = this.spec;
      values = new Array(indexes.length);
      for (let slot = 0; slot < indexes.length; slot++)
        values[slot] = indexes[slot] < 0 ? undefined : row[indexes[slot]];
    }
    for (let i = 0; i < eager.length; i++) {
      const slot = eager[i];
      const value = values[slot];
      if (value !== null) values[slot] = (this.spec.converters[slot] as Converter)(value as never);
    }
    return values;
  }

  private read(row: readonly unknown[], slot: number): unknown {
    const value = row[this.spec.indexes[slot]];
    const convert = this.spec.converters[slot];
    return value === null || convert === null || this.bitOf[slot] !== 0 ? value : convert(value as never);
  }

  /** An object that was there before: what it lacks is filled, what it has stays, unless the run overwrites. */
  meet(run: LoadRun, state: InstanceState, row: readonly unknown[]): void {
    if (run.populateExisting) {
      if (run.firstOverwrite(state)) this.overwrite(run, state, row);
    } else {
      if (run.checksVersions) this.checkVersion(state, row);
      this.fill(state, row);
    }
    if (this.origin.options !== null || run.depths !== null) this.heed(run, state);
    if (this.hasPosts) this.noteMet(run, state);
  }

  private checkVersion(state: InstanceState, row: readonly unknown[]): void {
    const { version } = state.mapper as Mapper;
    const present = version?.peek(state);
    if (version === null || present === undefined || !this.loaded.includes(version.slot)) return;
    const convert = this.spec.converters[version.slot];
    const value = row[this.spec.indexes[version.slot]];
    const found = convert === null ? value : convert(value as never);
    if (version.same(present, found)) return;
    throw new StaleDataError(
      `${state.describe()} has the version ${String(present)}, and its row the version ${String(found)}: another transaction has changed it since it was loaded. ` +
        `Roll back and begin again, or lock it with populateExisting: true, which reads it anew.`,
    );
  }

  /** Has the relationships of an object filled after the rows were read. */
  noteMet(run: LoadRun, state: InstanceState): void {
    run.noteMet(this.id, state);
  }

  private fill(state: InstanceState, row: readonly unknown[]): void {
    const { values } = state;
    const { loaded } = this;
    if (state.origin !== null && state.origin.unset !== null) openUnset(state, state.origin.unset);
    let i = 0;
    while (i < loaded.length && values[loaded[i]] !== undefined) i++;
    if (i < loaded.length) {
      // The options in force stay those of the statement that made or overwrote the object.
      const { converters } = this.origin;
      if (state.origin?.converters !== converters) {
        state.origin = { converters, options: state.origin?.options ?? null, unset: null };
      }
      const filled: ColumnAttribute[] | null = heard.refresh ? [] : null;
      for (; i < loaded.length; i++) {
        const slot = loaded[i];
        if (values[slot] !== undefined) continue;
        values[slot] = this.read(row, slot);
        state.raw |= this.bitOf[slot];
        filled?.push((state.mapper as Mapper).columnAttributes[slot]);
      }
      if (filled !== null) announceRefresh(state, filled, false);
    }
    if (state.expired && isComplete(state)) endExpiry(state);
  }

  private originIn(run: LoadRun): LoadOrigin {
    return this.spec.originFor === null ? this.origin : this.originFor(run);
  }

  private get isSeveral(): boolean {
    this.several ??= this.spec.places() > 1;
    return this.several;
  }

  private noteDepth(run: LoadRun, state: InstanceState): void {
    if (!this.isSeveral) return;
    run.depths ??= new Map();
    run.depths.set(state, this.spec.depth);
  }

  /**
   * The options of the statement that made an object stay in force for when it is refreshed; where that statement has it in several places, those of
   * the shallowest. What another statement says of relationships that are not loaded holds until then.
   */
  private heed(run: LoadRun, state: InstanceState): void {
    const depth = run.depths?.get(state);
    if (depth === undefined) {
      const { options } = this.originIn(run);
      if (options !== null && options !== state.origin?.options && !run.populateExisting)
        state.ext().saidSince = options;
    } else if (this.spec.depth < depth) {
      run.depths?.set(state, this.spec.depth);
      state.origin = this.originIn(run);
    }
  }

  private overwrite(run: LoadRun, state: InstanceState, row: readonly unknown[]): void {
    const { indexes } = this.spec;
    const { values } = state;
    for (let slot = 0; slot < indexes.length; slot++)
      values[slot] = indexes[slot] < 0 ? undefined : this.read(row, slot);
    state.raw = this.rawBits;
    // Overwriting without any options leaves those of the statement before.
    if (this.spec.hasOptions) {
      state.origin = this.originIn(run);
      this.noteDepth(run, state);
    } else state.origin = { converters: this.origin.converters, options: state.origin?.options ?? null, unset: null };
    if (state.extra !== null) state.extra.saidSince = null;
    state.commitAll();
    for (const attribute of this.spec.lazies) attribute.expire(state);
    if (heard.refresh) announceWhole("refresh", state);
  }
}

/** Whether all columns that belong to the ordinary SELECT are there. */
export function isComplete(state: InstanceState): boolean {
  const { columnAttributes } = state.mapper as Mapper;
  for (let i = 0; i < columnAttributes.length; i++) {
    if (state.values[i] === undefined && !columnAttributes[i].deferred) return false;
  }
  return true;
}

/** An object that was expired has all of its columns again. */
export function endExpiry(state: InstanceState): void {
  state.expired = false;
  if (state.extra !== null) state.extra.expiredBy = null;
}

function sampleOf(mapper: Mapper): object {
  const sample = mapper.newInstance();
  stamp(sample, new InstanceState(mapper, sample, []));
  return sample;
}
