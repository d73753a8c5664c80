/** Sequences and indexes that are created and dropped by themselves. */
import { addMethods } from "../add-methods.js";
import { CreateIndex, CreateSequence, DropIndex, DropSequence } from "../ddl/elements.js";
import { type AsyncDDLBind, type DDLConnection, type DDLOp, type DDLRunner, RUN_DDL } from "../ddl-runner.js";
import { nextValue } from "../elements/sequence-value.js";
import type { ExprOf } from "../typing.js";
import { Sequence } from "./generated.js";
import { Index } from "./indexes.js";

declare module "./generated.js" {
  interface Sequence {
    /** The next value, as an expression. */
    nextValue(): ExprOf<number>;
    /** Creates the sequence, on databases that have such; one that is there already is left alone. */
    readonly create: DDLRunner;
    /** Drops the sequence; one that is not there is passed over. */
    readonly drop: DDLRunner;
  }
}

declare module "./indexes.js" {
  interface Index {
    /** Creates the index on its table, which is there already. With `checkfirst`, one of its name is left alone. */
    readonly create: DDLRunner;
    /** Drops the index. With `checkfirst`, one that is not there is passed over. */
    readonly drop: DDLRunner;
  }
}

function* createSequence(connection: DDLConnection, sequence: Sequence, check: boolean): DDLOp<void> {
  if (!connection.dialect.capabilities.sequences) return;
  if (check && (yield* connection.hasSequence(sequence.name, sequence.schema))) return;
  yield* connection.executeDDL(new CreateSequence(sequence));
}

function* dropSequence(connection: DDLConnection, sequence: Sequence, check: boolean): DDLOp<void> {
  if (!connection.dialect.capabilities.sequences) return;
  if (check && !(yield* connection.hasSequence(sequence.name, sequence.schema))) return;
  yield* connection.executeDDL(new DropSequence(sequence));
}

type Options = { readonly checkfirst?: boolean };

function install<T extends object>(
  prototype: T,
  name: "create" | "drop",
  op: (connection: DDLConnection, item: T, options: Options) => DDLOp<void>,
): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: T): DDLRunner {
      return ((bind: AsyncDDLBind, options: Options = {}) =>
        bind[RUN_DDL]((connection) => op(connection, this, options))) as DDLRunner;
    },
  });
}

install(Sequence.prototype, "create", (c, sequence, { checkfirst = true }) => createSequence(c, sequence, checkfirst));
install(Sequence.prototype, "drop", (c, sequence, { checkfirst = true }) => dropSequence(c, sequence, checkfirst));
install(Index.prototype, "create", (c, index, { checkfirst = false }) =>
  c.executeDDL(new CreateIndex(index, { ifNotExists: checkfirst })),
);
install(Index.prototype, "drop", (c, index, { checkfirst = false }) =>
  c.executeDDL(new DropIndex(index, { ifExists: checkfirst })),
);

addMethods(Sequence.prototype, {
  nextValue() {
    return nextValue(this);
  },
});
