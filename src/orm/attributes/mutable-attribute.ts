/**
 * A column attribute whose value is changed in place: a JSON object, an array. What is read is a Proxy of the stored value, and of each object within it
 * when that is read; a change at any depth marks the owner as modified. SQLAlchemy: `MutableDict`, `MutableList`, with `MutableBase.changed()` at all depths.
 */
import type { InstanceState } from "../state.js";
import { ColumnAttribute } from "./column-attribute.js";

/** One stored value of one object. */
interface Root {
  readonly state: InstanceState;
  readonly attribute: MutableAttribute;
  readonly value: object;
}

/** What stands behind a proxy. */
const behind = new WeakMap<object, { readonly raw: object; readonly root: Root }>();
/** The proxies of a value's objects, for as long as the value is stored. */
const exposed = new WeakMap<object, { readonly root: Root; readonly proxies: WeakMap<object, object> }>();

/** Plain objects and arrays; a date or a buffer is a value of its own. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

export class MutableAttribute extends ColumnAttribute {
  override get(state: InstanceState): unknown {
    const value = super.get(state);
    return isContainer(value) ? this.#expose(state, value) : value;
  }

  override set(state: InstanceState, value: unknown): void {
    super.set(state, detach(value, state, this));
  }

  #expose(state: InstanceState, value: object): object {
    let known = exposed.get(value);
    if (known === undefined || known.root.state !== state || known.root.attribute !== this) {
      known = { root: { state, attribute: this, value }, proxies: new WeakMap() };
      exposed.set(value, known);
    }
    return proxyOf(value, known.root, known.proxies);
  }

  /** Called before a change: keeps what the value was. */
  changing({ state, value }: Root): void {
    if (state.values[this.slot] !== value) return;
    if ((state.key === null || state.committed?.has(this)) && !state.session?.flushing) {
      state.markModified();
      return;
    }
    state.recordChange(this, structuredClone(value));
  }
}

/** A value that is read from one object and given to another is a copy there. */
function detach(value: unknown, state: InstanceState, attribute: MutableAttribute): unknown {
  if (typeof value !== "object" || value === null) return value;
  const found = behind.get(value);
  if (found === undefined) return value;
  const { raw, root } = found;
  return root.state === state && root.attribute === attribute && root.value === raw ? raw : structuredClone(raw);
}

function unwrap(value: unknown): unknown {
  return typeof value === "object" && value !== null ? (behind.get(value)?.raw ?? value) : value;
}

function proxyOf(raw: object, root: Root, proxies: WeakMap<object, object>): object {
  let proxy = proxies.get(raw);
  if (proxy === undefined) {
    proxy = new Proxy(raw, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver);
        return isContainer(value) ? proxyOf(value, root, proxies) : value;
      },
      set(target, key, value) {
        const plain = unwrap(value);
        if (Reflect.get(target, key) === plain && Reflect.has(target, key)) return true;
        root.attribute.changing(root);
        return Reflect.set(target, key, plain);
      },
      deleteProperty(target, key) {
        if (Reflect.has(target, key)) root.attribute.changing(root);
        return Reflect.deleteProperty(target, key);
      },
      defineProperty(target, key, descriptor) {
        root.attribute.changing(root);
        return Reflect.defineProperty(
          target,
          key,
          "value" in descriptor ? { ...descriptor, value: unwrap(descriptor.value) } : descriptor,
        );
      },
    });
    proxies.set(raw, proxy);
    behind.set(proxy, { raw, root });
  }
  return proxy;
}
