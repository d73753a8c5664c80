/** The difference in what has a name of its own beside tables: schemas, enums, sequences. */
import type { ReflectedEnum, ReflectedSequence } from "../../sql/schema/reflected.js";
import type { QualifiedName } from "../operations/alter.js";
import {
  addEnumValue,
  alterSequence,
  createEnum,
  createSchema,
  createSequence,
  dropEnum,
  dropSequence,
  replaceEnum,
  type SequenceChoices,
} from "../operations/named-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import type { ComparedObject } from "./compared.js";
import { canonical } from "./contents.js";
import { changedOptions, sequenceType, tellingOptions } from "./sequences.js";
import type { Snapshot } from "./snapshot.js";

/** Whether something is compared at all. */
export type IsIncluded = (
  kind: ComparedObject["kind"],
  of: { readonly name: string; readonly schema: string | null },
  reflected: boolean,
  table?: string | null,
) => boolean;

/** Schemas that the classes are in, and that are not there. One that nobody needs any more stays: it may hold more than tables. */
export function compareSchemas(now: Snapshot, wanted: Snapshot, isIncluded: IsIncluded): readonly MigrateOperation[] {
  const needed = [wanted.tables, wanted.enums, wanted.domains, wanted.sequences, wanted.views].flatMap((each) =>
    [...each.values()].flatMap(({ schema }) => schema ?? []),
  );
  return [...new Set(needed)]
    .filter((name) => !now.schemas.has(name) && isIncluded("schema", { name, schema: null }, false))
    .map((name) => createSchema(name));
}

/** What is to be done about enums, by when it can be done. */
export interface EnumDifference {
  readonly come: readonly MigrateOperation[];
  /** Types that are made anew, when the constraints that differ have gone. */
  readonly replaced: readonly MigrateOperation[];
  /** The names of those types, as columns may have them. */
  readonly replacedNames: ReadonlySet<string>;
  readonly gone: readonly MigrateOperation[];
}

export function compareEnums(now: Snapshot, wanted: Snapshot, isIncluded: IsIncluded): EnumDifference {
  const come: MigrateOperation[] = [];
  const replaced: MigrateOperation[] = [];
  const replacedNames = new Set<string>();
  for (const [key, type] of wanted.enums) {
    if (!isIncluded("enum", type, false)) continue;
    const before = now.enums.get(key)?.labels;
    const { labels } = type;
    if (before === undefined) come.push(createEnum({ ...type, labels }));
    else if (canonical(labels.filter((each) => before.includes(each))) === canonical(before)) {
      come.push(...addedValues(type, before, wanted));
    } else {
      replaced.push(replaceEnum(type, before, labels));
      for (const name of namesOf(type)) replacedNames.add(name).add(`${name}[]`);
    }
  }
  const used = usedTypes(now);
  const gone = [...now.enums]
    .filter(([key, type]) => !wanted.enums.has(key) && used(type))
    .filter(([, type]) => isIncluded("enum", type, true))
    .map(([, type]) => dropEnum(type));
  return { come, replaced, replacedNames, gone };
}

/** The name of what is in the lists, of a type that has such. */
export function itemName(typeName: string): string {
  return typeName.replace(/(?:\[\])+$/, "");
}

/**
 * Tells whether a column, or a domain of one, has a type. One that none has had is of something that is not compared: of a function, or of a
 * composite type.
 */
export function usedTypes(now: Snapshot): (type: QualifiedName) => boolean {
  return reached(
    columnTypes(now).map((each) => itemName(each)),
    now,
  );
}

/** Tells whether a type, or a domain over it, is in lists, in one of these. */
export function listedTypes(...all: readonly Snapshot[]): (type: QualifiedName) => boolean {
  const found = all.map((each) => {
    const names = [...columnTypes(each), ...[...each.domains.values()].map(({ typeName }) => typeName)];
    const lists = names.filter((name) => name.endsWith("[]"));
    return reached(
      lists.map((name) => itemName(name)),
      each,
    );
  });
  return (type) => found.some((each) => each(type));
}

function columnTypes({ tables }: Snapshot): readonly string[] {
  return [...tables.values()].flatMap(({ columns }) => columns.map(({ typeName }) => typeName));
}

/** Tells whether a type has one of these names, or is below a domain that has. */
function reached(from: readonly string[], { domains }: Snapshot): (type: QualifiedName) => boolean {
  const names = new Set(from);
  const has = (type: QualifiedName): boolean => namesOf(type).some((name) => names.has(name));
  for (let size = 0; size !== names.size; ) {
    size = names.size;
    for (const domain of domains.values()) if (has(domain)) names.add(itemName(domain.typeName));
  }
  return has;
}

/** The values that an enum has more than before, one by one. */
function addedValues(type: ReflectedEnum, before: readonly string[], wanted: Snapshot): readonly MigrateOperation[] {
  const { labels } = type;
  const definitions = canonical([[...wanted.tables.values()], [...wanted.views.values()]]);
  return labels.flatMap((label, i) => {
    if (before.includes(label)) return [];
    const place = i === 0 ? { before: before[0] as string } : { after: labels[i - 1] as string };
    const without = labels.filter((each, at) => at < i || before.includes(each));
    const undo = () => replaceEnum(type, [...without, label], without);
    // PostgreSQL lets nobody use a value in the transaction that adds it, not even a default or a CHECK.
    const outside = namesOf(type).some((name) => definitions.includes(`'${label}'::${name}`));
    return [addEnumValue(type, label, before.length === 0 ? {} : place, { undo, outside })];
  });
}

/** How definitions may write the name of a type. */
export function namesOf({ name, schema = null }: QualifiedName): readonly string[] {
  const forms = [name, `"${name}"`, JSON.stringify(`"${name}"`).slice(1, -1)];
  return schema === null ? forms : forms.flatMap((each) => [`${schema}.${each}`, `"${schema}".${each}`]);
}

export function compareSequences(
  now: ReadonlyMap<string, ReflectedSequence>,
  wanted: ReadonlyMap<string, ReflectedSequence>,
  isIncluded: IsIncluded,
): { readonly come: readonly MigrateOperation[]; readonly gone: readonly MigrateOperation[] } {
  const come: MigrateOperation[] = [];
  const gone: MigrateOperation[] = [];
  for (const [key, after] of wanted) {
    if (!isIncluded("sequence", after, false)) continue;
    const before = now.get(key);
    if (before === undefined) come.push(createSequence(telling(after)));
    else if (canonical(before) !== canonical(after)) {
      const { name, schema } = after;
      const change = (from: ReflectedSequence, to: ReflectedSequence): object => {
        const { typeName, ...options } = changedOptions(from, to, from.typeName, to.typeName) as {
          readonly typeName?: string;
        };
        return typeName === undefined ? options : { type: sequenceType(typeName), ...options };
      };
      come.push(alterSequence({ name, schema }, change(before, after), change(after, before)));
    }
  }
  for (const [key, each] of now) {
    if (!wanted.has(key) && isIncluded("sequence", each, true)) gone.push(dropSequence(telling(each)));
  }
  return { come, gone };
}

function telling({ name, schema, typeName, ...options }: ReflectedSequence): QualifiedName & SequenceChoices {
  const type = typeName === "bigint" ? {} : { type: sequenceType(typeName) };
  return { name, schema, ...type, ...tellingOptions(options, typeName) };
}
