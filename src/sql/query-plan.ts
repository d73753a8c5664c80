/** How a database means to run a statement, or has run it: EXPLAIN as data. */

/** What a step was seen to do, where the statement was run. Times are of one loop. */
export interface ActualFigures {
  /** Rows that it gave, of one loop. */
  readonly rows: number;
  readonly loops: number;
  /** Milliseconds to the first row. */
  readonly startupTime: number | null;
  /** Milliseconds to the last row. */
  readonly totalTime: number | null;
}

/** A step of a plan, with the steps that it takes its rows from. */
export interface PlanNode {
  /** What it does, in the database's words: `Index Scan`, `SEARCH`. */
  readonly type: string;
  /** The table that it reads. */
  readonly relation: string | null;
  readonly alias: string | null;
  readonly index: string | null;
  /** In the database's own unit; null where it does not say. */
  readonly cost: { readonly startup: number; readonly total: number } | null;
  /** How many rows the database expects. */
  readonly rows: number | null;
  /** Null unless the statement was run. */
  readonly actual: ActualFigures | null;
  /** All else that the database says of the step, under its own names. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly children: readonly PlanNode[];
}

/** Options of `explain()`. */
export interface ExplainOptions {
  /**
   * Run the statement and say what each step did. What it writes is undone, by a savepoint. SQLite knows only the rows and the time
   * of the whole.
   */
  readonly analyze?: boolean;
  /** Values of the statement's parameters, by name. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** PostgreSQL: which columns each step gives. */
  readonly verbose?: boolean;
  /** PostgreSQL: pages read and written; with `analyze` unless false is said. */
  readonly buffers?: boolean;
  /** PostgreSQL: settings that are not the default. */
  readonly settings?: boolean;
  /** PostgreSQL: what was written to the log, with `analyze`. */
  readonly wal?: boolean;
}

/** The plan of a statement. It prints as a tree. */
export class QueryPlan {
  constructor(
    readonly root: PlanNode,
    /** What the database gave: a JSON document of PostgreSQL, the rows of SQLite. */
    readonly raw: unknown,
    /** Milliseconds; null where the database does not say. */
    readonly planningTime: number | null = null,
    /** Milliseconds; null unless the statement was run. */
    readonly executionTime: number | null = null,
  ) {}

  /** The same with what the whole was seen to do. */
  ran(actual: ActualFigures): QueryPlan {
    return new QueryPlan({ ...this.root, actual }, this.raw, this.planningTime, actual.totalTime);
  }

  /** All steps, from the last one to the first. */
  *nodes(): Generator<PlanNode> {
    const open = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      yield node;
      for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i] as PlanNode);
    }
  }

  /** The indexes that are used, each once. */
  get indexes(): readonly string[] {
    return [...new Set([...this.nodes()].flatMap(({ index }) => index ?? []))];
  }

  /** The tables that are read from end to end, each once. */
  get fullScans(): readonly string[] {
    const full = [...this.nodes()].filter(({ type, index }) => /^(Seq Scan|SCAN)$/.test(type) && index === null);
    return [...new Set(full.flatMap(({ relation }) => relation ?? []))];
  }

  /** The plan as a tree, a line or more for each step. */
  toString(): string {
    const lines: string[] = [];
    write(this.root, "", "", lines);
    if (this.planningTime !== null) lines.push(`Planning time: ${this.planningTime} ms`);
    if (this.executionTime !== null) lines.push(`Execution time: ${this.executionTime} ms`);
    return lines.join("\n");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** @param first what stands before the step's own line; @param rest before the lines that follow */
function write(node: PlanNode, first: string, rest: string, lines: string[]): void {
  lines.push(first + titleOf(node));
  const { children } = node;
  const bar = children.length > 0 ? "│  " : "   ";
  for (const [name, value] of Object.entries(node.properties)) {
    if (isTold(name, value)) lines.push(`${rest}${bar}${name}: ${textOf(value)}`);
  }
  children.forEach((child, i) => {
    const last = i === children.length - 1;
    write(child, `${rest}${last ? "└─ " : "├─ "}`, `${rest}${last ? "   " : "│  "}`, lines);
  });
}

function titleOf({ type, relation, alias, index, cost, rows, actual }: PlanNode): string {
  let text = type;
  if (index !== null) text += ` using ${index}`;
  if (relation !== null) text += ` on ${relation}`;
  if (alias !== null && alias !== relation) text += ` ${alias}`;
  if (cost !== null) text += `  (cost ${cost.startup}..${cost.total}, ${rows} rows)`;
  if (actual !== null) {
    const time = actual.totalTime === null ? "" : `, ${actual.totalTime} ms`;
    text += `  (actual ${actual.rows} rows${time}${actual.loops === 1 ? "" : `, ${actual.loops} loops`})`;
  }
  return text;
}

const UNTOLD =
  / (Blocks|Aware|Capable|Width|Time)$|^(Disabled|Inner Unique|Parent Relationship)$|^(Original )?Hash (Buckets|Batches)$/;

// Figures and flags that most steps have, and that say nothing at a glance.
function isTold(name: string, value: unknown): boolean {
  return !UNTOLD.test(name) && value !== false && value !== 0 && value !== "Forward";
}

function textOf(value: unknown): string {
  return Array.isArray(value)
    ? value.map(textOf).join(", ")
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
}
