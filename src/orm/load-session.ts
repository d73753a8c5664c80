/** What the loading room asks of a session. */

import type { ConnectionCore } from "../engine/connection-core.js";
import type { ExecutionOptions } from "../engine/execution-options.js";
import type { Op, Soon } from "../engine/io.js";
import type { Result } from "../engine/result.js";
import type { Node } from "../sql/node.js";
import type { Select } from "../sql/selectable/select.js";
import type { Warn } from "../sql/warnings.js";
import type { IdentityMap } from "./identity-map.js";
import type { Tie } from "./loaded-alike.js";
import type { Mapper, Relationship } from "./mapping/mapper.js";
import type { IdentityToken, InstanceState, SessionPort } from "./state.js";

export interface LoadSession extends SessionPort {
  readonly identity: IdentityMap;
  /** The connection on which statements about a mapper (or about none) run, in the session's transaction. */
  connectionFor(
    mapper: Mapper | null,
    statement?: Node | null,
    bindArguments?: Readonly<Record<string, unknown>>,
  ): Op<ConnectionCore>;
  /** The same, at once where nothing has to be waited for. */
  connectionSoon(
    mapper: Mapper | null,
    statement?: Node | null,
    bindArguments?: Readonly<Record<string, unknown>>,
  ): Soon<ConnectionCore>;
  /** Ties objects to the session that are loaded and not opened. */
  readonly tie: Tie;
  /** Whether objects are announced as they are loaded, so that each needs its state at once. */
  readonly announcesLoaded: boolean;
  /** Puts a newly loaded state into the session: its `key` is set already. */
  attachLoaded(state: InstanceState): void;
  /** An object whose row turned out to be gone. */
  rowGone(state: InstanceState): void;
  readonly warn: Warn;
  /** The place that a connection leads to, where equal keys may be of several; null where there is only one. */
  placeOf(connection: ConnectionCore): IdentityToken | null;
  /** Whether anybody listens to `doOrmExecute`: only then are loads announced. */
  readonly hearsLoads: boolean;
  /** Runs a load that is not a statement of the user's own by the listeners, who may change it or answer it. */
  announceLoad(load: AnnouncedLoad): Op<Result<unknown>>;
}

/** A load that follows from something else. */
export interface AnnouncedLoad {
  readonly statement: Select;
  readonly params: Readonly<Record<string, unknown>>;
  readonly kind: "get" | "relationship" | "column";
  readonly relationship: Relationship | null;
  readonly states: readonly InstanceState[];
  /** The classes on the way to a relationship, and the relationship; else empty. */
  readonly path: readonly (Mapper | Relationship)[];
  readonly executionOptions: ExecutionOptions;
  /** Runs the statement as the listeners leave it. */
  run(
    statement: Select,
    params: AnnouncedLoad["params"],
    bindArguments: Readonly<Record<string, unknown>> | undefined,
  ): Op<Result<unknown>>;
}
