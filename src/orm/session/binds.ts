/** Which engine or connection serves which class, table and statement. */
import { iterate, type Node } from "../../sql/node.js";
import { Table } from "../../sql/schema/table.js";
import { UnboundExecutionError } from "../errors.js";
import type { AnyClass } from "../mapping/declarations.js";
import { mapperOfPrototype } from "../mapping/instrument.js";
import type { Mapper } from "../mapping/mapper.js";
import type { Bind } from "./transaction.js";

/** What a session's own routing is asked. */
export interface BindRequest {
  /** The class at hand, or null where a statement is about none. */
  readonly mapper: Mapper | null;
  /** The statement that is to be run; null for a flush and for `session.connection()`. */
  readonly statement: Node | null;
  /** The session writes its objects. */
  readonly flushing: boolean;
  /** The session has written since it was made, closed or reset: by a flush, or by a statement that may write. */
  readonly hasWritten: boolean;
  /** What `execute(..., { bindArguments })` said. */
  readonly bindArguments: Readonly<Record<string, unknown>>;
  /** The session's `info`. */
  readonly info: Readonly<Record<string, unknown>>;
}

/** A session's own routing; null or undefined leaves it to `binds` and `bind`. */
export type Router<B> = (request: BindRequest) => B | null | undefined;

export interface BindTable {
  readonly bind: Bind | null;
  /** Classes with a bind of their own; a class also serves its subclasses. */
  readonly byClass: Map<AnyClass, Bind>;
  readonly byTable: Map<Table, Bind>;
  readonly router: Router<Bind> | null;
  /** Binds that only the router knows: taken before a synchronous stretch like the others. */
  readonly routed: readonly Bind[];
}

/** The bind for statements about a mapper, or about none. @throws UnboundExecutionError */
export function resolveBind(
  { bind, byClass, byTable }: BindTable,
  mapper: Mapper | null,
  statement: Node | null = null,
): Bind {
  if (byClass.size > 0 && mapper !== null) {
    for (let proto: object | null = mapper.cls.prototype; proto !== null; proto = Object.getPrototypeOf(proto)) {
      for (const [cls, found] of byClass) if (cls.prototype === proto) return found;
    }
  }
  if (byTable.size > 0 || (byClass.size > 0 && mapper === null)) {
    const found = byTables(withClasses(byTable, byClass), mapper, statement);
    if (found !== undefined) return found;
  }
  if (bind !== null) return bind;
  throw new UnboundExecutionError(
    `${mapper === null ? "This statement" : `Class ${mapper.className}`} has no bind in this session: give it an engine, asyncSessionmaker(engine), or binds for its classes.`,
  );
}

/** The tables of the classes beside those that were given: a statement may name no more of a class than its table. */
function withClasses(byTable: Map<Table, Bind>, byClass: Map<AnyClass, Bind>): Map<Table, Bind> {
  const all = new Map(byTable);
  for (const [cls, bind] of byClass) {
    const base = mapperOfPrototype(cls.prototype as object);
    if (base === undefined) continue;
    for (const mapper of base.selfAndDescendants())
      for (const table of mapper.tables) if (!all.has(table)) all.set(table, bind);
  }
  return all;
}

function byTables(byTable: Map<Table, Bind>, mapper: Mapper | null, statement: Node | null): Bind | undefined {
  for (const table of mapper?.tables ?? []) {
    const found = byTable.get(table);
    if (found !== undefined) return found;
  }
  if (statement === null) return undefined;
  for (const node of iterate(statement)) {
    const table = node instanceof Table ? node : (node as { readonly table?: unknown }).table;
    const found = byTable.get(table as Table);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every engine or connection that the table names. */
export function allBinds({ bind, byClass, byTable, routed }: BindTable): Set<Bind> {
  const found = new Set<Bind>([...byClass.values(), ...byTable.values(), ...routed]);
  if (bind !== null) found.add(bind);
  return found;
}
