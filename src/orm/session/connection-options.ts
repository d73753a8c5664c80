/** `session.connection(...)`: which connection, and with which options its transaction begins. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { ExecutionOptions } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import type { AnyClass } from "../mapping/declarations.js";
import type { SessionCore } from "./session-core.js";

/** Options of `session.connection()`. */
export interface ConnectionOptions {
  /** The class whose connection is asked for, where classes have engines of their own. */
  readonly mapper?: AnyClass;
  /** For the session's own routing. */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
  /** For the transaction to come: `{ isolationLevel: "SERIALIZABLE" }`. Refused once the connection is in use. */
  readonly executionOptions?: ExecutionOptions;
}

export function* connectionWith(session: SessionCore, options: ConnectionOptions): Op<ConnectionCore> {
  const mapper = options.mapper === undefined ? null : session.mapperFor(options.mapper);
  return yield* session.connectionFor(mapper, null, options.bindArguments, options.executionOptions);
}
