/** The type of a column that gives none: from what the compiler emitted for its property, by the registry's own map or the general one. */
import { typeFromMetadata } from "../../sql/types/from-metadata.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import { MapperConfigurationError } from "../errors.js";
import type { AnyClass, InferredFrom } from "./declarations.js";

/** A column whose type is asked for. */
export interface TypeQuestion {
  readonly cls: AnyClass;
  readonly property: string;
  /** The property's class: `Date`, `Number`, one of your own; `Object` for unions and interfaces; undefined where the compiler emitted nothing. */
  readonly design: unknown;
  /** What it would be without a registry's word; null where nothing can be inferred. */
  readonly type: SQLType | null;
}

/** A registry's own words on types. */
export interface TypeWords {
  /** By the property's class: `new Map([[Date, t.timestamptz]])`. */
  readonly typeMap?: ReadonlyMap<unknown, SQLType>;
  /** Decides case by case; null leaves it to `typeMap`. */
  readonly resolveType?: (question: TypeQuestion) => SQLType | null;
}

/** @throws MapperConfigurationError with the reason and the way out, unless `optional` */
export function inferType(
  from: InferredFrom,
  cls: AnyClass,
  property: string,
  words: TypeWords,
  optional: boolean,
): SQLType | null {
  const { design, decorator } = from;
  const mapped = words.typeMap?.get(design);
  const type = mapped ?? typeFromMetadata(design);
  const found = words.resolveType?.({ cls, property, design, type }) ?? type;
  if (found !== null) return plainType(found);
  if (optional) return null;
  const why =
    design === undefined
      ? 'the compiler emitted no type for it ("emitDecoratorMetadata" is off, or the loader, such as tsx or esbuild, does not support it)'
      : design === Object
        ? "its type is a union, an interface or a type alias, of which nothing is left at run time"
        : `there is no column type for ${(design as { name?: string }).name ?? String(design)}`;
  throw new MapperConfigurationError(
    `${cls.name}.${property}: the type of the column cannot be inferred: ${why}. Give it in the decorator, for example ${decorator}(t.string(50)) or ${decorator}(t.integer).`,
  );
}
