/** Fills the columns of a subclass for objects that a query on its base has loaded. SQLAlchemy: `selectin_polymorphic`. */
import type { Op } from "../../engine/io.js";
import { Select } from "../../sql/selectable/select.js";
import type { Mapper } from "../mapping/mapper.js";
import { type IdentityKey, type InstanceState, valuesOf } from "../state.js";
import { entityOf } from "./entity.js";
import { BATCH, keysCondition } from "./keys-condition.js";
import { LoadRun, type PostLoader } from "./load-run.js";
import type { OptionNode } from "./option-node.js";
import type { PlanSource } from "./plan.js";
import { readOf } from "./read-of.js";

export class SubclassLoader implements PostLoader {
  constructor(
    readonly mapper: Mapper,
    private readonly node: OptionNode,
    private readonly path: readonly Mapper[],
    private readonly source: PlanSource,
  ) {}

  *load(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const wanted = states.filter((state) => this.lacks(state));
    for (let start = 0; start < wanted.length; start += BATCH)
      yield* this.fetch(run, wanted.slice(start, start + BATCH));
  }

  /** Whether a column of the subclass that the options load is not there. */
  private lacks(state: InstanceState): boolean {
    return this.mapper.columnAttributes.some(
      (attribute) => state.values[attribute.slot] === undefined && this.node.loads(attribute),
    );
  }

  private *fetch(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const { mapper } = this;
    const connection = yield* run.session.connectionFor(mapper, readOf(mapper), run.bindArguments);
    const source =
      connection.dialect === this.source.dialect ? this.source : this.source.forDialect(connection.dialect);
    const entity = entityOf(mapper);
    const columns = mapper.primaryKey.map((attribute) => entity.columnFor(attribute.column));
    const keys = states.map((state) => valuesOf(state.key as IdentityKey));
    const condition = keysCondition(columns, keys, connection.dialect);
    const statement = new Select([entity], []).with({ whereCriteria: [condition] });
    const plan = source.plan(statement, this.node, this.path, []);
    yield* plan.execute(new LoadRun(run.session, connection, run.binds, undefined, false, run));
  }
}
