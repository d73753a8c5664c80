/** An attribute of related objects as one's own: `user.keywords` for `user.links[i].keyword`. SQLAlchemy: `association_proxy`. */
import { TRUE } from "../../sql/elements/expression.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { type Association, listView, MapView, SetView } from "../collections/association-views.js";
import { KeyedKind } from "../collections/map.js";
import { type DescriptorDeclaration, declareProperty, PropertySpec } from "./declarations.js";
import { Descriptor, type DescriptorOwner } from "./descriptor.js";
import { ensureState } from "./instrument.js";
import { mapperOf, type Relationship } from "./mapper.js";
import { refuseStandardDecorator } from "./registry.js";

/** Options of association proxies. */
export interface AssociationProxyOptions {
  /**
   * Makes the related object for a value (for a `Map`: for its key and value). Default: an object of the target class with the attribute set, and
   * with the key where the collection is keyed by an attribute.
   */
  readonly creator?: (...values: never[]) => object;
  /** Of a proxy through a relation to one: setting null lets the related object go. Default false: its attribute becomes null. */
  readonly cascadeScalarDeletes?: boolean;
  /** Of a proxy through a relation to one: setting null makes the related object where there is none. Default false: there is none then either. */
  readonly createOnNoneAssignment?: boolean;
  /**
   * Gives what reads the value of a related object and what writes it, in place of its attribute. What writes is given the object and the value, in
   * a `Map` its key between them; what reads is given null where a relation to one has no object.
   *
   * @param collectionClass what the objects stand in; null for a relation to one
   */
  readonly getsetFactory?: (
    collectionClass: AssociationCollection | null,
    proxy: AssociationProxyDescriptor,
  ) => readonly [get: (target: never) => unknown, set: (target: never, ...value: never[]) => void];
}

/** What the related objects of a proxy stand in; `Set` for a collection of one's own class too. */
export type AssociationCollection = ArrayConstructor | SetConstructor | MapConstructor;

/** How the value of a related object is read, and written with its key in a map. */
interface Access {
  read(target: object | null): unknown;
  write(target: object, value: unknown, key?: unknown): void;
}

type Attrs = Readonly<Record<string, unknown>>;
/** What the statement side calls; relationships, columns and further proxies have what is asked of them. */
type Element = Readonly<Record<string, (...args: unknown[]) => unknown>>;

export class AssociationProxyDescriptor extends Descriptor {
  readonly kind = "associationProxy";
  readonly #views: WeakMap<object, unknown> = new WeakMap();

  constructor(
    owner: DescriptorOwner,
    key: string,
    /** The relationship that it goes along. */
    readonly targetCollection: string,
    /** The attribute of the related objects. */
    readonly valueAttr: string,
    private readonly options: AssociationProxyOptions,
  ) {
    super(owner, key);
  }

  override install(prototype: object): void {
    const proxy = this;
    Object.defineProperty(prototype, this.key, {
      configurable: true,
      get(this: object) {
        return this === prototype ? undefined : proxy.#get(this);
      },
      set(this: object, value: unknown) {
        proxy.#set(this, value);
      },
    });
  }

  #relationship(object: object): Relationship {
    const mapper = mapperOf(ensureState(object));
    const found = mapper.relationship(this.targetCollection);
    if (found !== undefined) return found;
    throw new InvalidRequestError(
      `${this.label} is a proxy along "${this.targetCollection}", which is no relationship. ${mapper.noAttribute(this.targetCollection).message}`,
    );
  }

  #get(object: object): unknown {
    const { attribute } = this.#relationship(object);
    const target = (object as Attrs)[this.targetCollection];
    if (!(attribute instanceof ToManyAttribute)) return this.#access(null).read((target as object | null) ?? null);
    let view = this.#views.get(object);
    if (view === undefined) {
      const kind = target instanceof Map ? Map : Array.isArray(target) ? Array : Set;
      const association = this.#association(object, attribute, kind);
      view =
        kind === Map ? new MapView(association) : kind === Array ? listView(association) : new SetView(association);
      this.#views.set(object, view);
    }
    return view;
  }

  #access(collectionClass: AssociationCollection | null): Access {
    const { valueAttr } = this;
    const { getsetFactory } = this.options;
    if (getsetFactory === undefined) {
      return {
        read: (target) => (target === null ? null : (target as Attrs)[valueAttr]),
        write: (target, value) => {
          (target as Record<string, unknown>)[valueAttr] = value;
        },
      };
    }
    const [get, set] = getsetFactory(collectionClass, this);
    return {
      read: (target) => get(target as never),
      write: (target, value, key) => {
        set(target as never, ...((collectionClass === Map ? [key, value] : [value]) as never[]));
      },
    };
  }

  #association(object: object, attribute: ToManyAttribute, collectionClass: AssociationCollection): Association {
    const access = this.#access(collectionClass);
    return {
      members: () => (object as Attrs)[this.targetCollection],
      read: access.read,
      write: access.write,
      make: (value, key) => this.#make(object, access, value, key),
      add: (member) => {
        attribute.append(ensureState(object), member, attribute.appendToken);
      },
      remove: (member) => {
        attribute.pop(ensureState(object), member, attribute.removeToken);
      },
    };
  }

  #make(object: object, access: Access, value: unknown, key?: unknown): object {
    const { target, attribute } = this.#relationship(object);
    const { creator } = this.options;
    const keyed = attribute instanceof ToManyAttribute && attribute.kind instanceof KeyedKind ? attribute.kind : null;
    if (creator !== undefined) return creator(...((keyed === null ? [value] : [key, value]) as never[]));
    const made = new (target.cls as new () => Record<string, unknown>)();
    access.write(made, value, key);
    if (keyed?.keyAttribute != null && key !== undefined) made[keyed.keyAttribute] = key;
    return made;
  }

  #set(object: object, value: unknown): void {
    const { attribute } = this.#relationship(object);
    if (attribute.uselist) {
      // A class field that was only declared.
      if (value !== undefined) this.#replaceAll(object, value);
      return;
    }
    const present = (object as Attrs)[this.targetCollection] as object | null;
    const access = this.#access(null);
    const { cascadeScalarDeletes, createOnNoneAssignment } = this.options;
    if (value == null && cascadeScalarDeletes) attribute.set(ensureState(object), null);
    else if (present !== null) access.write(present, value);
    else if (value != null || (value === null && createOnNoneAssignment))
      attribute.set(ensureState(object), this.#make(object, access, value));
  }

  #replaceAll(object: object, value: unknown): void {
    const view = this.#get(object);
    if (view === value) return;
    if (view instanceof MapView && value instanceof Map) {
      for (const key of [...view.keys()]) if (!value.has(key)) view.delete(key);
      for (const [key, each] of value) view.set(key, each);
    } else if (view instanceof SetView && value instanceof Set) {
      for (const each of [...view]) if (!value.has(each)) view.delete(each);
      for (const each of value) view.add(each);
    } else if (Array.isArray(view) && Array.isArray(value)) view.splice(0, view.length, ...(value as unknown[]));
    else {
      throw new ArgumentError(
        `${this.label} goes along a collection and takes ${view instanceof MapView ? "a Map" : view instanceof SetView ? "a Set" : "an array"}.`,
      );
    }
  }

  /** Operators of the far attribute become EXISTS over the related rows. */
  expression(attrs: Attrs): unknown {
    const relation = attrs[this.targetCollection] as Element & { readonly relationship?: Relationship };
    const { relationship } = relation;
    if (relationship === undefined)
      throw new InvalidRequestError(
        `${this.label} is a proxy along "${this.targetCollection}", which is no relationship.`,
      );
    const far = this.valueAttr;
    const existing = (condition?: (x: Attrs) => unknown): unknown =>
      relationship.uselist ? relation.any(condition) : relation.has(condition);
    const within = (operator: string, args: readonly unknown[]): unknown =>
      existing((x) => (x[far] as Element)[operator](...args));
    const inner = (name: "any" | "has", condition: unknown): unknown =>
      existing((x) => {
        const element = x[far] as Element & { readonly relationship?: Relationship };
        const { relationship: next } = element;
        if (next !== undefined) return next.uselist ? element.any(condition) : element.has(condition);
        // Over a column: a condition on the rows that have it; without one, that there are any, whatever they hold.
        if (typeof element[name] === "function" && !("type" in element)) return element[name](condition);
        return condition === undefined ? TRUE : (condition as (x: Attrs) => unknown)(x);
      });
    const own: Record<string, (...args: unknown[]) => unknown> = {
      any: (condition) => inner("any", condition),
      has: (condition) => inner("has", condition),
      contains: (value) =>
        existing((x) => {
          const element = x[far] as Element & { readonly relationship?: Relationship };
          const many = element.relationship?.uselist ?? !("type" in element || "relationship" in element);
          return many ? element.contains(value) : element.eq(value);
        }),
      eq: (value) => {
        if (value !== null || relationship.uselist) return within("eq", [value]);
        const none = relation.has() as { not(): { or(other: unknown): unknown } };
        return none.not().or(within("isNull", []));
      },
    };
    return new Proxy(
      {},
      {
        get: (_, key) => {
          if (typeof key !== "string" || key === "then" || key === "relationship" || key === "type") return undefined;
          return own[key] ?? ((...args: unknown[]) => within(key, args));
        },
        has: (_, key) => key !== "type" && key !== "relationship",
      },
    );
  }

  written(): never {
    throw new ArgumentError(
      `${this.label} is an association proxy and cannot be written by a statement: write the rows of "${this.targetCollection}".`,
    );
  }

  settable(): boolean {
    return true;
  }
}

class AssociationProxySpec extends PropertySpec {
  constructor(
    private readonly targetCollection: string,
    private readonly valueAttr: string,
    private readonly options: AssociationProxyOptions,
  ) {
    super();
  }

  declare(property: string, label: string): DescriptorDeclaration {
    const { targetCollection, valueAttr, options } = this;
    if (options.cascadeScalarDeletes && options.createOnNoneAssignment) {
      throw new ArgumentError(
        `${label} has cascadeScalarDeletes and createOnNoneAssignment: setting null lets the object go, or makes one. Keep one of them.`,
      );
    }
    return {
      kind: "descriptor",
      property,
      columns: [],
      make: (owner) => new AssociationProxyDescriptor(owner, property, targetCollection, valueAttr, options),
    };
  }
}

/** The same as `@AssociationProxy` for `registry.mapImperatively(cls, table, { properties: { ... } })`. */
export function associationProxy(
  targetCollection: string,
  valueAttr: string,
  options: AssociationProxyOptions = {},
): PropertySpec {
  return new AssociationProxySpec(targetCollection, valueAttr, options);
}

/**
 * An attribute of related objects as an attribute of this class: values or further objects are read, put in and taken out, and the objects between
 * are made and dropped for it. In statements its operators are EXISTS over the rows between. The property's type says so:
 * `AssociationList<T>`, `AssociationSet<T>`, `AssociationMap<K, T>`, or the plain type through a relation to one.
 *
 * @param targetCollection the relationship to the objects between
 * @param valueAttr their attribute: a column, a relationship, or a proxy again
 * @example
 * @OneToMany(() => UserKeyword, (k) => k.user, { cascade: ["all", "delete-orphan"] }) links!: UserKeyword[];
 * @AssociationProxy("links", "keyword", { creator: (keyword: Keyword) => create(UserKeyword, { keyword }) })
 * keywords!: AssociationList<Keyword>;
 */
export function AssociationProxy(
  targetCollection: string,
  valueAttr: string,
  options: AssociationProxyOptions = {},
): (target: object, property: string | symbol) => void {
  const spec = associationProxy(targetCollection, valueAttr, options);
  return (target, property) => {
    refuseStandardDecorator(property, "@AssociationProxy");
    declareProperty(target, spec.declare(String(property), `${target.constructor.name}.${String(property)}`));
  };
}
