/** What a connection writes: the messages of a statement, each as an exchange that waits for the answer. */
import type { CopyPart } from "../../engine/copy/part.js";
import type { DriverPlan, RowsWrite } from "../../engine/driver.js";
import { type Decoder, knownDecoders } from "./load.js";
import { kindsOf, type PostgresPlan, toSend } from "./plan.js";
import type { PreparedStatement, PreparedStatements } from "./statements.js";
import { writable } from "./value-text.js";
import { typesOfValues } from "./value-types.js";
import { Exchange } from "./wire/exchange.js";
import { ExchangeGroup } from "./wire/exchange-group.js";
import type { ProtocolLink } from "./wire/protocol-link.js";
import type { MessageWriter } from "./wire/writer.js";

const NO_ROWS: never[] = [];
const NO_BYTES = Buffer.alloc(0);

// After these, statements that were prepared may mean something else, or be gone.
const CHANGES_STATEMENTS = /^\s*(alter|drop|discard|deallocate|set\s+(session\s+|local\s+)?search_path)\b/i;

/** Whether statements that were prepared before `text` ran may no longer be what they were. */
export function changesStatements(text: string): boolean {
  return CHANGES_STATEMENTS.test(text);
}

export class Messages {
  /** BEGIN that has not been sent: it travels with the first statement. */
  begin: string | null = null;
  #cursors = 0;
  #abandoned: string[] = [];
  /** Statements that the messages written since the last exchange prepare. */
  #parsed: PreparedStatement[] | null = null;

  constructor(
    private readonly link: ProtocolLink,
    private readonly statements: PreparedStatements,
  ) {}

  /** The portal is closed with the next statement. */
  abandon(portal: string): void {
    this.#abandoned.push(portal);
  }

  /** What was to be closed went with its transaction. */
  forgetAbandoned(): void {
    this.#abandoned = [];
  }

  ping(): Exchange {
    return new Exchange(this.link, this.#emptyWriter().query("").take(), null, 0, 1, true);
  }

  /** Messages that fetch from a portal. */
  fetch(portal: string, count: number, decoders: readonly Decoder[], columns: readonly string[]): Exchange {
    const writer = this.#emptyWriter();
    writer.execute(portal, count).sync();
    const exchange = new Exchange(this.link, writer.take(), null, 0, 1, false);
    exchange.useDecoders(decoders, columns);
    return exchange;
  }

  /** Opens a portal, from which rows are fetched. */
  portal(
    plan: DriverPlan,
    params: readonly unknown[],
  ): { exchange: Exchange; portal: string; statement: PreparedStatement } {
    const values = writable(params);
    const portal = `c${++this.#cursors}`;
    const writer = this.#emptyWriter();
    const skip = this.#leadIn();
    const statement = this.#prepare(plan, params);
    writer.bind(portal, statement.name, values);
    if (statement.decoders === null) writer.describePortal(portal);
    writer.sync();
    const exchange = this.#exchange(plan, statement, skip);
    return { exchange, portal, statement };
  }

  /** One execution of a statement. */
  statement(plan: DriverPlan, params: readonly unknown[]): Exchange {
    if (plan.cacheId === 0 && params.length === 0 && plan.returnsRows !== true)
      return this.simple(plan.text, plan.copied);
    const values = writable(params);
    const writer = this.#emptyWriter();
    const skip = this.#leadIn();
    const statement = this.#prepare(plan, params);
    this.#execute(statement, values, true);
    writer.sync();
    return this.#exchange(plan, statement, skip);
  }

  /** One execution for each set of parameters, with one Sync. */
  batch(plan: DriverPlan, sets: readonly (readonly unknown[])[]): Exchange {
    const values = sets.map(writable);
    const writer = this.#emptyWriter();
    const skip = this.#leadIn();
    const statement = this.#prepare(plan, sets[0] ?? NO_ROWS);
    for (let i = 0; i < values.length; i++) this.#execute(statement, values[i] as readonly unknown[], i === 0);
    writer.sync();
    return this.#exchange(plan, statement, skip).countSets();
  }

  #execute(statement: PreparedStatement, values: readonly unknown[], isFirst: boolean): void {
    const { writer } = this.link;
    writer.bind("", statement.name, values);
    if (isFirst && statement.decoders === null) writer.describePortal("");
    writer.execute("", 0);
  }

  /** Several writes with one Sync. */
  group(writes: readonly RowsWrite[]): ExchangeGroup {
    const ready = writes.map(toSend);
    const writer = this.#emptyWriter();
    const skip = this.#leadIn();
    const parts = ready.map(({ plan, sets, isWhole }) => {
      const statement = this.#prepare(plan, sets[0] ?? NO_ROWS);
      sets.forEach((values, i) => {
        this.#execute(statement, values, i === 0);
      });
      const part = this.#answered(statement, new Exchange(this.link, NO_BYTES, kindsOf(plan), 0, 0, false));
      return isWhole ? part : part.countSets();
    });
    writer.sync();
    return this.#parsing(
      new ExchangeGroup(
        this.link,
        writer.take(),
        skip,
        parts,
        ready.map(({ sets }) => sets.length),
      ),
    );
  }

  /** Asks the server for the types of a statement's parameters. */
  askTypes(plan: DriverPlan): Exchange {
    const writer = this.#emptyWriter();
    const skip = this.#leadIn();
    const statement = this.statements.once();
    this.#parse(statement, plan.text, NO_ROWS);
    writer.describeStatement("").sync();
    return this.#parsing(new Exchange(this.link, writer.take(), null, skip, 1, false));
  }

  /**
   * A text without parameters, of any number of statements.
   *
   * @param copied what a COPY ... FROM STDIN takes: the server, which has refused it, passes it over
   */
  simple(text: string, copied: CopyPart | null = null): Exchange {
    const writer = this.#emptyWriter();
    let skip = 0;
    if (this.begin !== null) {
      writer.query(this.begin);
      this.begin = null;
      skip = 1;
    }
    writer.query(text);
    if (changesStatements(text)) this.statements.clear();
    if (copied !== null) writer.copyData(copied.data);
    const exchange = new Exchange(this.link, writer.take(), null, skip, 1 + skip, true);
    exchange.copied = copied;
    return exchange;
  }

  /** COMMIT and ROLLBACK, prepared where statements are. */
  end(word: "COMMIT" | "ROLLBACK"): Exchange {
    const writer = this.#emptyWriter();
    const statement = this.#prepareText(word);
    writer.bind("", statement.name, NO_ROWS).execute("", 0).sync();
    return this.#parsing(new Exchange(this.link, writer.take(), null, 0, 1, false));
  }

  /** Where the messages of a statement are written. What is left of one whose writing failed has no end, and a BEGIN may be in it: that connection is given up. */
  #emptyWriter(): MessageWriter {
    const { writer } = this.link;
    if (writer.length > 0) this.link.destroy();
    return writer;
  }

  /** What goes before a statement: the BEGIN that waits, and statements to drop. Gives the number of results that are not the statement's own. */
  #leadIn(): number {
    const { writer } = this.link;
    this.statements.writeClosing(writer);
    if (this.#abandoned.length > 0) {
      for (const portal of this.#abandoned) writer.closePortal(portal);
      this.#abandoned = [];
    }
    if (this.begin === null) return 0;
    const text = this.begin;
    this.begin = null;
    writer.bind("", this.#prepareText(text).name, NO_ROWS).execute("", 0);
    return 1;
  }

  #prepare(plan: DriverPlan, params: readonly unknown[]): PreparedStatement {
    const known = plan as Partial<PostgresPlan> & DriverPlan;
    let types: readonly number[] = NO_ROWS;
    let key: number | string = plan.cacheId;
    if (known.textual === true) {
      types = typesOfValues(params);
      if (types.length > 0) key = `${key}/${types.join()}`;
    }
    const statement = plan.cacheId === 0 ? this.statements.once() : this.statements.take(key);
    if (statement.prepared || this.#parsed?.includes(statement) === true) return statement;
    if (statement.decoders === null) {
      statement.decoders = knownDecoders(known.kinds ?? null);
      if (statement.decoders !== null) statement.columns = known.columns ?? null;
    }
    return this.#parse(statement, plan.text, types);
  }

  #prepareText(text: string): PreparedStatement {
    const statement = this.statements.take(text);
    return statement.prepared ? statement : this.#parse(statement, text, NO_ROWS);
  }

  #parse(statement: PreparedStatement, text: string, types: readonly number[]): PreparedStatement {
    this.link.writer.parse(statement.name, text, types);
    this.#parsed ??= [];
    this.#parsed.push(statement);
    return statement;
  }

  /** The exchange of the messages written so far, among them those that prepare statements. */
  #parsing<X extends Exchange>(exchange: X): X {
    if (this.#parsed !== null) {
      exchange.parses = this.#parsed;
      this.#parsed = null;
    }
    return exchange;
  }

  #exchange(plan: DriverPlan, statement: PreparedStatement, skip: number): Exchange {
    const exchange = new Exchange(this.link, this.link.writer.take(), kindsOf(plan), skip, 1, false);
    return this.#answered(statement, this.#parsing(exchange));
  }

  /** Tells an exchange how to read the rows of its statement. */
  #answered(statement: PreparedStatement, exchange: Exchange): Exchange {
    exchange.statement = statement;
    if (statement.decoders !== null) exchange.useDecoders(statement.decoders, statement.columns);
    return exchange;
  }
}
