/** Rows of one class in several databases. SQLAlchemy: the horizontal sharding extension. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import { CursorResult, type Result } from "../../engine/result.js";
import type { LoadOption } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { addTo } from "../../sql/groups.js";
import type { Node } from "../../sql/node.js";
import { UserDefinedOption } from "../loading/user-option.js";
import type { AnyClass } from "../mapping/declarations.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import { type IdentityToken, type InstanceState, tokenOf } from "../state.js";
import type { SessionExecuteOptions } from "./execute-options.js";
import type { Bind } from "./transaction.js";

/** How a session spreads its objects over several databases. */
export interface Sharding<B> {
  /** The databases by their ids. */
  readonly shards: Readonly<Record<string, B>> | ReadonlyMap<IdentityToken, B>;
  /** Where a new object goes. */
  readonly shardChooser: (object: object, cls: AnyClass) => IdentityToken;
  /** Where the object of a key may be: asked for one after the other, the first that has it wins. */
  readonly identityChooser: (cls: AnyClass, key: readonly unknown[]) => readonly IdentityToken[];
  /** Where a statement runs; the rows of all are one result, in the order of the shards. */
  readonly executeChooser: (statement: Node, cls: AnyClass | null) => readonly IdentityToken[];
}

/** The same inside a session. */
export class Shards {
  readonly #places: Map<object, IdentityToken> = new Map();

  constructor(
    readonly binds: ReadonlyMap<IdentityToken, Bind>,
    readonly choosers: Omit<Sharding<Bind>, "shards">,
  ) {
    if (binds.size === 0) throw new ArgumentError("A sharded session needs at least one shard.");
    for (const [id, bind] of binds) this.#places.set(bind, id);
  }

  /** @throws InvalidRequestError where no shard, or an unknown one, is named */
  bindFor(shardId: unknown): Bind {
    const found = this.binds.get(shardId as IdentityToken);
    if (found !== undefined) return found;
    const known = [...this.binds.keys()].join(", ");
    throw new InvalidRequestError(
      shardId === undefined
        ? `This session is sharded, and nothing says on which shard to run this: give setShardId(...) as an option, or { bindArguments: { shardId } } (${known}).`
        : `There is no shard ${JSON.stringify(shardId)}; the shards are ${known}.`,
    );
  }

  /** The shard that a connection leads to. */
  placeOf(connection: ConnectionCore): IdentityToken | null {
    return this.#places.get(connection) ?? this.#places.get(connection.engine) ?? null;
  }

  /** Objects by their shards; new ones are given theirs. */
  group(states: readonly InstanceState[]): InstanceState[][] {
    const groups = new Map<IdentityToken, InstanceState[]>();
    for (const state of states) {
      const token = this.#tokenFor(state);
      addTo(groups, token, state);
    }
    return [...groups.values()];
  }

  #tokenFor(state: InstanceState): IdentityToken {
    const known = tokenOf(state);
    if (known !== null) return known;
    const token = this.choosers.shardChooser(state.object, mapperOf(state).cls);
    this.bindFor(token);
    state.ext().identityToken = token;
    return token;
  }

  /** The shards of a statement: those that it names, else those that the chooser names. */
  shardsFor(statement: Node, mapper: Mapper | null): readonly IdentityToken[] {
    const { loadOptions } = statement as { readonly loadOptions?: readonly LoadOption[] };
    const pinned = loadOptions?.find((option): option is ShardIdOption => option instanceof ShardIdOption);
    return pinned === undefined ? this.choosers.executeChooser(statement, mapper?.cls ?? null) : [pinned.payload];
  }
}

/** Runs a statement on its shards and puts the results together. */
export function* overShards(
  shards: readonly IdentityToken[],
  options: SessionExecuteOptions,
  run: (options: SessionExecuteOptions) => Op<Result<unknown>>,
): Op<Result<unknown>> {
  const results: Result<unknown>[] = [];
  for (const shardId of shards)
    results.push(yield* run({ ...options, bindArguments: { ...options.bindArguments, shardId } }));
  const [first, ...others] = results;
  if (first === undefined) throw new InvalidRequestError("The executeChooser of this session named no shard.");
  if (others.length === 0) return first;
  if (first.returnsRows) return first.merge(...others);
  const rowcount = results.reduce((sum, each) => sum + (each as CursorResult<unknown>).rowcount, 0);
  return new CursorResult(null, [], { rowcount, lastrowid: null, perSet: null, lastrowids: null, insertedKeys: null });
}

class ShardIdOption extends UserDefinedOption<IdentityToken> {}

/**
 * Runs a statement on one shard.
 *
 * @example session.scalars(select(User).options(setShardId("asia")))
 */
export function setShardId(id: IdentityToken): LoadOption {
  return new ShardIdOption(id);
}
