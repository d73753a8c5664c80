/** What a handler of `doOrmExecute` sees and may change. SQLAlchemy: `ORMExecuteState`. */

import type { Op } from "../../engine/io.js";
import type { FrozenResult, Result } from "../../engine/result.js";
import { Delete } from "../../sql/dml/delete.js";
import { Insert } from "../../sql/dml/insert.js";
import { Update } from "../../sql/dml/update.js";
import type { LoadOption } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { CompoundSelect } from "../../sql/selectable/compound.js";
import { FromStatement } from "../../sql/selectable/from-statement.js";
import { Select } from "../../sql/selectable/select.js";
import { OrmEntity } from "../loading/orm-entity.js";
import { reached } from "../loading/reached.js";
import { UserDefinedOption } from "../loading/user-option.js";
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { mapperOf } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { Params, SessionExecuteOptions } from "./execute-options.js";
import { withOptions } from "./extended.js";

/** Why a statement runs: the user's own, or a load that follows from something else. */
export type LoadKind = "execute" | "get" | "relationship" | "column";

/** What else a handler may be told. */
export interface ExecuteFacts {
  readonly kind: LoadKind;
  readonly relationship: Relationship | null;
  /** The objects whose attribute is loaded. */
  readonly loadedFor: readonly object[];
  /** The classes from what the user's own statement selects to those objects, and the relationship that is loaded for them. */
  readonly path: readonly (Mapper | Relationship)[];
}

/** Of a statement of the user's own, there is nothing more to tell. */
export const OWN_STATEMENT: ExecuteFacts = { kind: "execute", relationship: null, loadedFor: [], path: [] };

/** Other values for one run of a statement. */
export interface InvokeOptions {
  /** In place of the statement. */
  readonly statement?: Node;
  /** Over its parameters, set by set where there are many. */
  readonly params?: Params;
  /** Over its options. */
  readonly executionOptions?: SessionExecuteOptions;
  /** Over what the session's routing is told. */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
}

/** Runs statements for a handler. */
export interface Invoker {
  invoke(state: ORMExecuteState, options: InvokeOptions): Op<Result<unknown>>;
  merge(frozen: FrozenResult<unknown>, load: boolean): Op<Result<unknown>>;
}

/** A statement on its way to the database, for handlers of `doOrmExecute`. */
export class ORMExecuteState {
  /** The statement; a handler may put another in its place. */
  statement: Node;
  /** The values of its parameters, or a list of them; a handler may put others in their place. */
  parameters: Params | undefined;
  #executionOptions: SessionExecuteOptions;
  #invoker: Invoker;

  constructor(
    /** The session, as its synchronous face. */
    readonly session: object,
    statement: Node,
    parameters: Params | undefined,
    executionOptions: SessionExecuteOptions,
    /** The options of the call alone, without those of the statement and the session. */
    readonly localExecutionOptions: SessionExecuteOptions,
    readonly facts: ExecuteFacts,
    invoker: Invoker,
  ) {
    this.statement = statement;
    this.parameters = parameters;
    this.#executionOptions = executionOptions;
    this.#invoker = invoker;
  }

  /** The options of this run: of the call, the statement and the session, as the handlers before have left them. */
  get executionOptions(): SessionExecuteOptions {
    return this.#executionOptions;
  }
  /** Adds execution options, for this run and for the handlers to come. */
  updateExecutionOptions(options: SessionExecuteOptions): void {
    this.#executionOptions = { ...this.#executionOptions, ...options };
  }
  /** What the session's routing is told. */
  get bindArguments(): Readonly<Record<string, unknown>> {
    return this.#executionOptions.bindArguments ?? {};
  }

  /** Whether the statement is a query, or a `fromStatement()`. */
  get isSelect(): boolean {
    return (
      this.statement instanceof Select ||
      this.statement instanceof CompoundSelect ||
      this.statement instanceof FromStatement
    );
  }
  /** Whether an INSERT is sent. */
  get isInsert(): boolean {
    return this.#inner instanceof Insert;
  }
  /** Whether an UPDATE is sent. */
  get isUpdate(): boolean {
    return this.#inner instanceof Update;
  }
  /** Whether a DELETE is sent. */
  get isDelete(): boolean {
    return this.#inner instanceof Delete;
  }
  /** What is sent: of `fromStatement()`, what it was given. */
  get #inner(): Node {
    return this.statement instanceof FromStatement ? this.statement.statement : this.statement;
  }
  /** Whether objects are read from the rows of another statement: `fromStatement()`. */
  get isFromStatement(): boolean {
    return this.statement instanceof FromStatement;
  }
  /** Whether a list of parameter sets was given. */
  get isExecutemany(): boolean {
    return Array.isArray(this.parameters);
  }
  /** Whether the statement is about a mapped class. */
  get isOrmStatement(): boolean {
    return this.bindMapper !== null;
  }
  /** Whether a relationship is being loaded: lazily, or by a strategy that takes statements of its own. */
  get isRelationshipLoad(): boolean {
    return this.facts.kind === "relationship";
  }
  /** Whether expired or deferred columns are being loaded, or an object is refreshed. */
  get isColumnLoad(): boolean {
    return this.facts.kind === "column";
  }
  /** The relationship that is being loaded. */
  get relationship(): Relationship | null {
    return this.facts.relationship;
  }
  /**
   * Where a relationship is being loaded, the way to it from what the user's own statement selected: the classes of the objects on it, and the relationship
   * at its end. Empty for all else.
   */
  get loaderStrategyPath(): readonly (Mapper | Relationship)[] {
    return this.facts.path;
  }
  /** The object whose attribute is being loaded, where it is one. */
  get lazyLoadedFrom(): object | null {
    return this.facts.loadedFor.length === 1 ? this.facts.loadedFor[0] : null;
  }

  /** The mapper of the class that the statement is about, or null. */
  get bindMapper(): Mapper | null {
    return this.allMappers[0] ?? null;
  }
  /** The mappers of all classes in the statement, the first selected one first. */
  get allMappers(): readonly Mapper[] {
    const found = new Set<Mapper>();
    for (const node of reached(this.statement)) {
      if (node instanceof OrmEntity) found.add(node.mapper);
      const { entity } = node as { readonly entity?: unknown };
      if (entity instanceof OrmEntity) found.add(entity.mapper);
    }
    // A load of columns asks their tables alone.
    if (this.isColumnLoad)
      for (const object of this.facts.loadedFor) {
        const state = stateOf(object);
        if (state !== undefined) found.add(mapperOf(state));
      }
    return [...found];
  }

  /** The options of an application's own that the statement carries. */
  get userDefinedOptions(): readonly UserDefinedOption[] {
    const { loadOptions } = this.statement as { readonly loadOptions?: readonly LoadOption[] };
    return (loadOptions ?? []).filter((option): option is UserDefinedOption => option instanceof UserDefinedOption);
  }

  /** Adds options to the statement: `withLoaderCriteria`, loader options, one's own. */
  addOptions(...options: readonly LoadOption[]): void {
    if (this.statement instanceof Select) {
      this.statement = withOptions(this.statement as Select, options);
      return;
    }
    const statement = this.statement as { options?(...options: readonly LoadOption[]): Node };
    if (typeof statement.options !== "function") {
      throw new InvalidRequestError(`The statement takes no loader options: ${this.statement.visitName}.`);
    }
    this.statement = statement.options(...options);
  }

  /**
   * Runs the statement, with what is given in place of its own or over it, through the handlers that come after this one. For handlers that are
   * generator functions.
   *
   * The rows of a load of columns, and of a get, are the object. Those of a relationship's load are an object that was loaded and the key by which the
   * library finds its owners; where there is one owner, rows of objects alone are an answer as well.
   *
   * @example event.listen(Session, "doOrmExecute", function* (state) { const result = yield* state.invokeStatement(); ...; return result; });
   */
  *invokeStatement(options: InvokeOptions = {}): Op<Result<unknown>> {
    return yield* this.#invoker.invoke(this, options);
  }

  /**
   * A result over the rows of a frozen one, with its objects merged into this session. For handlers that are generator functions.
   *
   * @param options.load false takes the frozen objects' state as it is, without SQL (the default); true looks each up
   */
  *mergeFrozenResult(frozen: FrozenResult<unknown>, options: { readonly load?: boolean } = {}): Op<Result<unknown>> {
    return yield* this.#invoker.merge(frozen, options.load === true);
  }
}
