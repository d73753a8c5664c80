/** What the database fills in by itself: sequences, identities, computed columns. */
import { ArgumentError } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import { Node } from "../node.js";
import { nextRefId } from "../pieces.js";
import type { SQLType } from "../types/type.js";
import type { Valued } from "../typing.js";

/** An SQL expression where a definition takes one. */
export type SQLExpression = Node | Valued;

/** `GENERATED ALWAYS AS (sqltext)`: the database computes the column from others. */
export interface Computed {
  /** SQL text, or an expression over the table's columns. */
  readonly sqltext: string | SQLExpression;
  /** Stored in the row (true), computed when read (false), or the database's own way (absent). */
  readonly persisted?: boolean;
}

/**
 * A column that the database computes.
 *
 * @example column(t.integer, { computed: computed("width * height", { persisted: true }) })
 */
export function computed(sqltext: string | SQLExpression, options: { readonly persisted?: boolean } = {}): Computed {
  return { sqltext, ...options };
}

/** Options of a sequence and of an identity column. */
export interface SequenceOptions {
  readonly start?: number | bigint;
  readonly increment?: number | bigint;
  readonly minValue?: number | bigint;
  readonly maxValue?: number | bigint;
  readonly noMinValue?: boolean;
  readonly noMaxValue?: boolean;
  readonly cycle?: boolean;
  readonly cache?: number;
}

/** `GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY`. */
export interface Identity extends SequenceOptions {
  /** The database refuses a value given by an INSERT. */
  readonly always?: boolean;
}

/**
 * An identity column.
 *
 * @example column(t.integer, { primaryKey: true, identity: identity({ start: 100 }) })
 */
export function identity(options: Identity = {}): Identity {
  return options;
}

/** What a column default asks of a sequence. */
export interface SequenceLike {
  readonly isSequence: true;
  readonly name: string;
  readonly schema: string | null;
}

/** Options of {@link Sequence}. */
export interface SequenceSettings extends SequenceOptions {
  readonly schema?: string | null;
  readonly type?: SQLType;
  /** Created and dropped with this metadata. */
  readonly metadata?: { addSequence(sequence: Sequence): void };
}

/** A named sequence of numbers. */
export class Sequence extends Node implements SequenceLike {
  override get visitName(): string {
    return "Sequence";
  }
  readonly isSequence = true;
  readonly id = nextRefId();
  readonly schema: string | null;
  readonly type: SQLType | null;

  constructor(
    readonly name: string,
    readonly options: SequenceSettings = {},
  ) {
    super();
    if (name === "") throw new ArgumentError("a sequence needs a name.");
    this.schema = options.schema ?? null;
    this.type = options.type ?? null;
    options.metadata?.addSequence(this);
  }

  /** `schema.name`, or the name. */
  get fullName(): string {
    return this.schema === null ? this.name : `${this.schema}.${this.name}`;
  }

  override appendKey(context: KeyContext): void {
    context.add(this.id);
  }
}
