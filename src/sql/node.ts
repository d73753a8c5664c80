/** What statements are made of: immutable nodes that know their parts, so that they can be walked, replaced and compared by shape. */
import { ABSENT, type CacheKey, collect, END, KeyContext, type KeyedNode, NEXT_ROW } from "./key-context.js";
import { nextRefId, refId } from "./pieces.js";

export type { BoundValue, CacheKey } from "./key-context.js";

/** What a field of a node is to the cache key, to traversal and to copying. */
export type PartKind =
  /** A node, or null. */
  | "node"
  /** An array of nodes. */
  | "nodes"
  /** An array of arrays of nodes: the rows of VALUES. */
  | "rows"
  /** Pairs of a node or a name, and a node: SET clauses, WHEN and THEN. */
  | "tuples"
  /** A string, number, boolean or null that is part of the shape. */
  | "name"
  /** An array of strings, numbers and booleans that are part of the shape. */
  | "names"
  /** An object whose identity is part of the shape. */
  | "ref"
  /** An object with a `cacheKey`, or null: a type, an operator. */
  | "type";

/** Fields in the order in which they enter the key. */
export type Parts = Readonly<Record<string, PartKind>>;

/**
 * Every element of a statement is an immutable `Node`.
 *
 * A class declares its fields once in `parts`; the cache key, traversal and copying are derived from it.
 */
export abstract class Node implements KeyedNode {
  static readonly parts: Parts = {};

  /** The compiler's method is `visit` + this name. A getter on the prototype, so that instances do not carry it. */
  abstract readonly visitName: string;

  /** Adds this node's shape to a cache key. Nodes with an identity of their own (columns, binds) override it. */
  appendKey(context: KeyContext): void {
    const plan = planOf(this);
    context.add(plan.open);
    plan.append(this as Record<string, unknown>, context);
  }

  /** The nodes below this one that traversal visits, in order. */
  children(): Node[] {
    const found: Node[] = [];
    const plan = planOf(this);
    const self = this as Record<string, unknown>;
    for (let i = 0; i < plan.names.length; i++) {
      const value = self[plan.names[i] as string];
      switch (plan.kinds[i]) {
        case "node":
          if (value != null) found.push(value as Node);
          break;
        case "nodes":
          for (const item of value as readonly Node[]) found.push(item);
          break;
        case "rows":
          for (const row of value as readonly (readonly Node[])[]) for (const item of row) found.push(item);
          break;
        case "tuples":
          for (const [head, tail] of value as readonly (readonly [unknown, Node])[]) {
            if (head instanceof Node) found.push(head);
            found.push(tail);
          }
          break;
      }
    }
    return found;
  }

  /** A copy of this node with the fields given. */
  protected copyWith(fields: Readonly<Record<string, unknown>>): this {
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, fields) as this;
  }

  /**
   * A copy of this node in which every child is what `replace` makes of it; this node itself when nothing changed.
   * Nodes that hold children in another way than in their parts override it.
   */
  copyReplacing(replace: (child: Node) => Node): this {
    const plan = planOf(this);
    const self = this as Record<string, unknown>;
    let changed: Record<string, unknown> | null = null;
    for (let i = 0; i < plan.names.length; i++) {
      const name = plan.names[i] as string;
      const value = self[name];
      let fresh: unknown = value;
      switch (plan.kinds[i]) {
        case "node":
          if (value != null) fresh = replace(value as Node);
          break;
        case "nodes":
          fresh = mapShared(value as readonly Node[], replace);
          break;
        case "rows":
          fresh = mapShared(value as readonly (readonly Node[])[], (row) => mapShared(row, replace));
          break;
        case "tuples":
          fresh = mapShared(value as readonly (readonly [unknown, Node])[], (pair) => {
            const head = pair[0] instanceof Node ? replace(pair[0]) : pair[0];
            const tail = replace(pair[1]);
            return head === pair[0] && tail === pair[1] ? pair : [head, tail];
          });
          break;
        default:
          continue;
      }
      if (fresh !== value) {
        changed ??= {};
        changed[name] = fresh;
      }
    }
    return changed === null ? this : this.copyWith(changed);
  }

  /** Whether another node says the same: it has this one's shape, and the same bound values. */
  compare(other: unknown): boolean {
    if (!(other instanceof Node)) return false;
    const [one, two] = [new KeyContext(), new KeyContext()];
    this.appendKey(one);
    other.appendKey(two);
    return (
      one.isLike(two) &&
      one.binds.every(
        ({ value, callable }, i) => Object.is(value, two.binds[i]?.value) && callable === two.binds[i]?.callable,
      )
    );
  }

  /** The node as SQL of the default dialect, for logs and errors. */
  toString(): string {
    return stringifier === null ? `<${this.visitName}>` : stringifier(this);
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `<${this.visitName} ${this.toString()}>`;
  }
}

/**
 * The shape of a statement as a number, and the bound values it would run with, in one order.
 *
 * Two statements with one key compile to the same SQL. A value never enters the key. `key` is null when some node
 * says that it cannot be cached.
 */
export function cacheKeyOf(node: Node): CacheKey {
  const memo = (node as { memoizedKey?: CacheKey | null }).memoizedKey;
  if (memo != null) return memo;
  const key = collect(node);
  if (memo === null) (node as unknown as { memoizedKey: CacheKey | null }).memoizedKey = key;
  return key;
}

/**
 * Every node of a tree, depth first, parents before children, each once.
 *
 * @param beyond gives a node that another leads to without having it as a child
 */
export function iterate(root: Node, beyond?: (node: Node) => Node | null): Iterable<Node> {
  const seen = new Set<Node>();
  const stack: Node[] = [root];
  while (stack.length > 0) {
    const node = stack.pop() as Node;
    if (seen.has(node)) continue;
    seen.add(node);
    const further = beyond?.(node);
    if (further != null) stack.push(further);
    const children = node.children();
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
  }
  return seen;
}

/**
 * A tree in which each node for which `replace` answers is that answer; an answer is not descended into.
 * Subtrees without a change are shared with the old tree, and bound parameters keep their identity.
 */
export function replaceNodes<N extends Node>(root: N, replace: (node: Node) => Node | undefined): N {
  const done = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const fresh = replace(node) ?? node.copyReplacing(visit);
    done.set(node, fresh);
    return fresh;
  };
  return visit(root) as N;
}

let stringifier: ((node: Node) => string) | null = null;

/** Tells nodes how to print themselves; the compiler's room calls it. */
export function setStringifier(print: (node: Node) => string): void {
  stringifier = print;
}

interface Plan {
  readonly owner: unknown;
  readonly open: number;
  readonly names: readonly string[];
  readonly kinds: readonly PartKind[];
  readonly append: (node: Record<string, unknown>, context: KeyContext) => void;
}

const plans = new Map<unknown, Plan>();
const PLAN: unique symbol = Symbol("athanor.plan");

function planOf(node: Node): Plan {
  const plan = (node as { [PLAN]?: Plan })[PLAN];
  // a subclass finds its parent's plan on the prototype chain, and must not use it
  if (plan !== undefined && plan.owner === node.constructor) return plan;
  return makePlan(node);
}

function makePlan(node: Node): Plan {
  const owner = node.constructor as typeof Node;
  const names = Object.keys(owner.parts);
  const kinds = names.map((name) => owner.parts[name] as PartKind);
  const plan: Plan = { owner, open: nextRefId(), names, kinds, append: makeAppend(names, kinds) };
  plans.set(owner, plan);
  Object.defineProperty(owner.prototype, PLAN, { value: plan });
  return plan;
}

// The function is made from source text, once for each node class, so that each field access has its own inline
// cache: a loop over names costs three times as much. Where code generation is not allowed, the loop does.
function makeAppend(names: readonly string[], kinds: readonly PartKind[]): Plan["append"] {
  const steps = names.map((name, i) => {
    const field = `n[${JSON.stringify(name)}]`;
    switch (kinds[i]) {
      case "node":
        return `v = ${field}; if (v === null || v === undefined) c.add(${ABSENT}); else v.appendKey(c);`;
      case "nodes":
        return `v = ${field}; if (v.length > 0) h.nodes(v, c); c.add(${END});`;
      case "rows":
        return `v = ${field}; if (v.length > 0) h.rows(v, c); c.add(${END});`;
      case "tuples":
        return `v = ${field}; if (v.length > 0) h.tuples(v, c); c.add(${END});`;
      case "name":
        return `c.addName(${field});`;
      case "names":
        return `v = ${field}; if (v.length > 0) h.names(v, c); c.add(${END});`;
      case "ref":
        return `v = ${field}; c.add(v === null || v === undefined ? ${ABSENT} : h.refId(v));`;
      default:
        return `h.type(${field}, c);`;
    }
  });
  const source = `let v; ${steps.join("\n")}`;
  try {
    // a bound function costs a call; a closure made by the source itself does not
    const make = new Function("h", `return (n, c) => { ${source} }`) as (h: object) => Plan["append"];
    return make(helpers);
  } catch {
    return appendByLoop(names, kinds);
  }
}

const helpers = {
  refId,
  nodes(values: readonly Node[], context: KeyContext): void {
    for (let i = 0; i < values.length; i++) values[i].appendKey(context);
  },
  rows(values: readonly (readonly Node[])[], context: KeyContext): void {
    for (let i = 0; i < values.length; i++) {
      context.add(NEXT_ROW);
      helpers.nodes(values[i] as readonly Node[], context);
    }
  },
  tuples(values: readonly (readonly [unknown, Node])[], context: KeyContext): void {
    for (let i = 0; i < values.length; i++) {
      const pair = values[i] as readonly [string | Node | null, Node];
      if (typeof pair[0] === "string" || pair[0] === null) context.addName(pair[0]);
      else pair[0].appendKey(context);
      pair[1].appendKey(context);
    }
  },
  names(values: readonly (string | number | boolean | null)[], context: KeyContext): void {
    for (let i = 0; i < values.length; i++) context.addName(values[i] ?? null);
  },
  type(value: { readonly cacheKey: string | number } | null | undefined, context: KeyContext): void {
    if (value === null || value === undefined) context.add(ABSENT);
    else if (typeof value.cacheKey === "number") context.add(value.cacheKey);
    else context.addName(value.cacheKey);
  },
};

function appendByLoop(names: readonly string[], kinds: readonly PartKind[]): Plan["append"] {
  return (node, context) => {
    for (let i = 0; i < names.length; i++) {
      const value = node[names[i] as string];
      const kind = kinds[i];
      if (kind === "node") {
        if (value === null || value === undefined) context.add(ABSENT);
        else (value as Node).appendKey(context);
      } else if (kind === "ref") {
        context.add(value === null || value === undefined ? ABSENT : refId(value));
      } else if (kind === "type") helpers.type(value as { readonly cacheKey: number }, context);
      else if (kind === "name") context.addName(value as string);
      else {
        if (kind === "nodes") helpers.nodes(value as readonly Node[], context);
        else if (kind === "rows") helpers.rows(value as readonly (readonly Node[])[], context);
        else if (kind === "tuples") helpers.tuples(value as readonly (readonly [unknown, Node])[], context);
        else helpers.names(value as readonly string[], context);
        context.add(END);
      }
    }
  };
}

function mapShared<T>(items: readonly T[], map: (item: T) => unknown): readonly T[] {
  let fresh: T[] | null = null;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as T;
    const mapped = map(item) as T;
    if (mapped !== item && fresh === null) fresh = items.slice(0, i);
    if (fresh !== null) fresh.push(mapped);
  }
  return fresh ?? items;
}
