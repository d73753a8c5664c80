import type { KeyContext } from "../key-context.js";
import { Node } from "../node.js";

/** A statement that defines something. DDL is compiled each time: it is not worth a place in the cache. */
export abstract class DDLElement extends Node {
  /** Tells it from other nodes, to the types as well. */
  get isDDL(): true {
    return true;
  }
  override appendKey(context: KeyContext): void {
    context.cacheable = false;
  }
  override children(): Node[] {
    return [];
  }
  override copyReplacing(): this {
    return this;
  }
}
