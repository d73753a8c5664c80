/** What the loading room asks of a session. */
import type { ConnectionCore } from "../engine/connection-core.js";
import type { Op } from "../engine/io.js";
import type { IdentityMap } from "./identity-map.js";
import type { Mapper } from "./mapping/mapper.js";
import type { InstanceState, SessionPort } from "./state.js";

export interface LoadSession extends SessionPort {
  readonly identity: IdentityMap;
  /** The connection on which statements about a mapper (or about none) run, in the session's transaction. */
  connectionFor(mapper: Mapper | null): Op<ConnectionCore>;
  /** Puts a newly loaded state into the session: its `key` is set already. */
  attachLoaded(state: InstanceState): void;
  /** An object whose row turned out to be gone. */
  rowGone(state: InstanceState): void;
  warn(message: string): void;
}
