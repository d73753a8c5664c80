/** A session's routing to a primary and its replicas. */

import { ArgumentError } from "../../sql/errors.js";
import { FromStatement } from "../../sql/selectable/from-statement.js";
import { Query } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import type { BindRequest, Router } from "./binds.js";

/** Where reads and writes go. */
export interface ReadWriteSplit<B> {
  /** Takes flushes, statements that may write, locking reads, and every read after the session has written. */
  readonly primary: B;
  /** Take all other reads. */
  readonly replicas: readonly B[];
  /** Picks a replica for a session's read. Default: in turn. */
  readonly choose?: (replicas: readonly B[], request: BindRequest) => B;
}

/**
 * A `getBind` that sends a session's reads to replicas and everything else to the primary. Once the session has written it reads from the primary
 * until it is closed or reset, so that it sees its own writes however far the replicas are behind. `bindArguments: { primary: true }` asks for the
 * primary by hand.
 *
 * @example const Session = asyncSessionmaker(primary, { getBind: readWriteSplit({ primary, replicas: [replica] }) });
 */
export function readWriteSplit<B>(split: ReadWriteSplit<B>): Router<B> & { readonly engines: readonly B[] } {
  const { primary, replicas, choose } = split;
  if (replicas.length === 0) throw new ArgumentError("readWriteSplit() needs at least one replica.");
  let turn = 0;
  const route = (request: BindRequest): B => {
    if (!isPlainRead(request)) return primary;
    return choose === undefined ? replicas[turn++ % replicas.length] : choose(replicas, request);
  };
  return Object.assign(route, { engines: [primary, ...replicas] });
}

function isPlainRead({ statement, flushing, hasWritten, bindArguments }: BindRequest): boolean {
  if (flushing || hasWritten || bindArguments.primary === true) return false;
  if (statement instanceof FromStatement) return statement.statement instanceof Query;
  if (statement instanceof Select) return statement.forUpdateArg === null;
  return statement instanceof Query;
}
