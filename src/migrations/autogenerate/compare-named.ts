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
  const needed = [wanted.tables, wanted.enums, wanted.sequences, wanted.views].flatMap((each) =>
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
  // One that no column has had is of something that is not compared: of a function, or of a composite type.
  const types = [...now.tables.values()].flatMap(({ columns }) =>
    columns.map((each) => each.typeName.replace(/(?:\[\])+$/, "")),
  );
  const gone = [...now.enums]
    .filter(([key, type]) => !wanted.enums.has(key) && namesOf(type).some((name) => types.includes(name)))
    .filter(([, type]) => isIncluded("enum", type, true))
    .map(([, type]) => dropEnum(type));
  return { come, replaced, replacedNames, gone };
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
function namesOf({ name, schema }: { readonly name: string; readonly schema: string | null }): readonly string[] {
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
