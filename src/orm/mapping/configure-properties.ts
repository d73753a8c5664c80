/** Gives a class what is neither a column nor a relationship: SQL expressions, names that stand for others, methods that are called. */

import type { EntityElement } from "../../sql/entity.js";
import { entityOf } from "../../sql/selectable/resolve.js";
import { nullType } from "../../sql/types/base.js";
import type { Initiator } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { asElement } from "../loading/comparator.js";
import { listenInstance } from "../mapper-events.js";
import type { InstanceState } from "../state.js";
import { apart } from "../undo.js";
import type { ClassDeclaration } from "./class-declaration.js";
import type { ExpressionDeclaration, ValidatorDeclaration } from "./declarations.js";
import { defineAccessor } from "./instrument.js";
import { type Mapper, mapperOf } from "./mapper.js";

/** An attribute with a slot of its own, whose value an expression gives. */
export function addExpression(mapper: Mapper, declaration: ExpressionDeclaration, visible = true): ExpressionAttribute {
  const { property, type, expression, options } = declaration;
  if (options.perQuery && type === null && expression === null) {
    throw new MapperConfigurationError(
      `${mapper.className}.${property}: the type of the query expression cannot be inferred. Give it in the decorator, for example @QueryExpression(t.integer).`,
    );
  }
  const make = (): NonNullable<ReturnType<typeof asElement>> => {
    const made = asElement((expression as (attrs: object) => unknown)((entityOf(mapper.cls) as EntityElement).attrs));
    if (made !== null) return made;
    throw new MapperConfigurationError(
      `${mapper.className}.${property}: the function of a column property gives an SQL expression.`,
    );
  };
  const attribute = new ExpressionAttribute(
    mapper,
    property,
    mapper.columnAttributes.length,
    expression === null ? null : make,
    type ?? nullType,
    type !== null,
    {
      deferred: options.deferred ?? (options.perQuery && expression === null ? true : undefined),
      deferredGroup: options.group,
      deferredRaiseload: options.deferredRaiseload,
      expireOnFlush: options.expireOnFlush ?? true,
      perQuery: options.perQuery,
      repr: visible,
    },
  );
  mapper.columnAttributes.push(attribute);
  mapper.attributes.set(property, attribute);
  if (!visible) return attribute;
  if (attribute.expireOnFlush && expression !== null) mapper.expiredByFlush.push(attribute);
  defineAccessor(mapper.cls.prototype as object, attribute);
  return attribute;
}

/** The discriminator that is no column. */
export function addDiscriminator(mapper: Mapper, expression: (attrs: never) => unknown): ExpressionAttribute {
  const options = { perQuery: false, expireOnFlush: false };
  const declaration: ExpressionDeclaration = {
    kind: "expression",
    property: "_polymorphicOn",
    type: null,
    expression,
    options,
  };
  return addExpression(mapper, declaration, false);
}

export function addDescriptors({ mapper, descriptors }: ClassDeclaration): void {
  for (const each of descriptors) {
    const descriptor = each.make(mapper);
    descriptor.install(mapper.cls.prototype as object);
    mapper.descriptors.set(each.property, descriptor);
  }
}

/** Validators and reconstructors; all attributes of the class are there. */
export function addHooks({ mapper, validators, reconstructors }: ClassDeclaration): void {
  for (const each of validators) for (const name of each.names) addValidator(mapper, each, name);
  for (const { property } of reconstructors) {
    if (mapper.inherits !== null && inherits(mapper.inherits, property)) continue;
    reconstructorsOf.set(mapper, [...(reconstructorsOf.get(mapper) ?? []), property]);
    listenInstance(mapper, "load", (object) => (object as Record<string, () => void>)[property]());
  }
}

const reconstructorsOf = new WeakMap<Mapper, readonly string[]>();

/** Whether a superclass calls the method already. */
function inherits(mapper: Mapper, property: string): boolean {
  for (let at: Mapper | null = mapper; at !== null; at = at.inherits)
    if (reconstructorsOf.get(at)?.includes(property)) return true;
  return false;
}

type Method = (...args: unknown[]) => unknown;

/** Methods that validate an attribute already, by attribute and mapper: a subclass's own takes the place of its parent's. */
const validated = new WeakMap<object, { readonly mapper: Mapper; readonly property: string }[]>();

function addValidator(mapper: Mapper, declaration: ValidatorDeclaration, name: string): void {
  const { property, includeRemoves, includeBackrefs } = declaration;
  const attribute = mapper.attributes.get(name);
  if (attribute === undefined)
    throw new MapperConfigurationError(
      `${mapper.className}.${property}: @Validates() names "${name}". ${mapper.noAttribute(name).message}`,
    );
  const present = validated.get(attribute) ?? [];
  // The method is found on the object: an override needs no listener of its own.
  if (present.some((each) => each.property === property && mapper.isA(each.mapper))) return;
  validated.set(attribute, [...present, { mapper, property }]);
  const concerns = (state: InstanceState, initiator: Initiator | null): boolean =>
    (includeBackrefs || initiator === null || initiator.label === attribute.label) && mapperOf(state).isA(mapper);
  const call = (state: InstanceState, value: unknown, isRemove?: boolean): unknown => {
    const method = (state.object as Record<string, Method>)[property];
    const args = isRemove === undefined ? [name, value] : [name, value, isRemove];
    return apart(() => method.apply(state.object, args));
  };
  const listeners = attribute.listen();
  const single = includeRemoves ? false : undefined;
  if (attribute instanceof ColumnAttribute || (attribute instanceof RelationAttribute && !attribute.uselist)) {
    listeners.set.push((state, value, previous, initiator) => {
      if (!concerns(state, initiator)) return value;
      if (includeRemoves && value === null && previous !== null && previous !== undefined) {
        call(state, previous, true);
        return value;
      }
      return call(state, value, single);
    });
    return;
  }
  // Members that are assigned together are all looked at before any of them comes in.
  listeners.bulkReplace.push((state, values, initiator) => {
    if (!concerns(state, initiator)) return;
    const present = (attribute as ToManyAttribute).loadedMembers(state);
    values.forEach((value, i) => {
      if (!present.includes(value)) values[i] = call(state, value, single) as object;
    });
  });
  listeners.append.push((state, value, initiator) =>
    concerns(state, initiator) && !(initiator.operation === "bulk replace" && initiator.label === attribute.label)
      ? call(state, value, single)
      : value,
  );
  if (includeRemoves)
    listeners.remove.push((state, value, initiator) => {
      if (concerns(state, initiator)) call(state, value, true);
    });
}
