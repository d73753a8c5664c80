/** What persistence asks of the session, and what it is given to save. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op, Soon } from "../../engine/io.js";
import type { Node } from "../../sql/node.js";
import type { Warn } from "../../sql/warnings.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import type { IdentityKey, IdentityToken, InstanceState } from "../state.js";

/** What persistence asks of the session. */
export interface PersistSession {
  connectionFor(
    mapper: Mapper,
    statement?: null,
    bindArguments?: Readonly<Record<string, unknown>>,
  ): Op<ConnectionCore>;
  /** The same, at once where it is there. */
  connectionSoon(
    mapper: Mapper,
    statement: null,
    bindArguments: Readonly<Record<string, unknown>> | undefined,
  ): Soon<ConnectionCore>;
  /** Objects in groups that are written to one place each. */
  placed(states: readonly InstanceState[]): readonly (readonly InstanceState[])[];
  /** The state in the identity map under a key that an object is about to take. */
  lookup(base: Mapper, key: IdentityKey, token?: IdentityToken | null): InstanceState | undefined;
  /** Loads what is expired; false, with the object out of the session, when its row is gone. */
  ensurePresent(state: InstanceState): Op<boolean>;
  /** Loads the version of an expired object before it is checked. */
  loadForFlush(state: InstanceState, attribute: Mapper["columnAttributes"][number]): Op<void>;
  readonly warn: Warn;
  /** Whether anybody listens to a mapper event. */
  hears(name: MapperEventName, mapper: Mapper): boolean;
  /** Tells the listeners. @returns the statements that they answer with */
  mapperEvent(
    name: MapperEventName,
    mapper: Mapper,
    states: readonly InstanceState[],
    connection: ConnectionCore,
  ): readonly Node[];
}

/** The events around the writing of each object. */
export const MAPPER_EVENTS = [
  "beforeInsert",
  "afterInsert",
  "beforeUpdate",
  "afterUpdate",
  "beforeDelete",
  "afterDelete",
] as const;

export type MapperEventName = (typeof MAPPER_EVENTS)[number];

/** An object to save, and what is known of its row. */
export interface SaveRecord {
  readonly state: InstanceState;
  readonly mapper: Mapper;
  /** A deleted object whose row this new one takes over: the DELETE and INSERT become an UPDATE. */
  readonly rowSwitch: InstanceState | null;
  /** The version that the row must have. */
  readonly version: unknown;
  /** The parts of its key that the database has changed by then. */
  readonly cascaded: ReadonlySet<ColumnAttribute> | null;
}
