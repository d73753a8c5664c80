/** What identifies the rows of a class, and tells the classes of a hierarchy apart. */
import { ArgumentError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { warn } from "../../sql/warnings.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { NO_IDENTITY } from "../warnings.js";
import { addDiscriminator } from "./configure-properties.js";
import { checkInherited, inheritKey } from "./inherit-key.js";
import type { Mapper } from "./mapper.js";

/** The primary key: what the class names, else the table's. */
export function setIdentity(mapper: Mapper): void {
  if (mapper.inherits !== null) {
    checkInheritedKey(mapper, mapper.inherits);
    return;
  }
  const { className, table } = mapper;
  const names = mapper.options.primaryKey;
  if (names !== undefined && !Array.isArray(names))
    throw new ArgumentError(
      `${className}: primaryKey is a list of attributes, primaryKey: ["id"], not ${describeValue(names)}.`,
    );
  mapper.primaryKey = names
    ? names.map((name) => columnNamed(mapper, name, "primaryKey"))
    : table.primaryKey.columns.map((column) => {
        const attribute = mapper.byColumn.get(column);
        if (attribute !== undefined) return attribute;
        throw new MapperConfigurationError(
          `${className} leaves out ${table.name}.${column.name}, which is part of the primary key. Map it, or name the attributes that identify a row in primaryKey: [...].`,
        );
      });
  if (mapper.primaryKey.length > 0) return;
  throw new MapperConfigurationError(
    `${className}: the table "${table.name}" has no primary key. Name the attributes that identify a row in primaryKey: [...].`,
  );
}

/** The table of a joined class continues that of the class above. */
function checkInheritedKey({ className, single, tables, table, options }: Mapper, above: Mapper): void {
  if (single) return;
  const base = tables[tables.length - 2];
  checkInherited(className, table, above.className, base);
  inheritKey(table, base, options.inheritForeignKeys);
}

/** The discriminator and the version. */
export function setPolymorphism(mapper: Mapper): void {
  const { polymorphicOn, polymorphicIdentity, polymorphicAbstract, versionIdCol } = mapper.options;
  if (polymorphicOn !== undefined)
    mapper.polymorphicOn =
      typeof polymorphicOn === "string"
        ? columnNamed(mapper, polymorphicOn, "polymorphicOn", true)
        : addDiscriminator(mapper, polymorphicOn);
  if (versionIdCol !== undefined) {
    const version = columnNamed(mapper, versionIdCol, "versionIdCol");
    if (mapper.version !== null && mapper.version !== version) {
      throw new MapperConfigurationError(
        `${mapper.className} names ${version.label} as its versionIdCol, and has the version ${mapper.version.label} of a superclass, which would not be counted any more: ` +
          `name it on the superclass only.`,
      );
    }
    mapper.version = version;
  }
  // Concrete classes are told apart by the table that a row is from.
  if (polymorphicAbstract === true && mapper.polymorphicOn === null && mapper.options.concrete !== true) {
    throw new MapperConfigurationError(
      `${mapper.className} says polymorphicAbstract: true, but neither it nor a superclass says polymorphicOn: "attribute", without which there are no classes to tell apart.`,
    );
  }
  if (mapper.concreteBase !== null || mapper.concretes.length > 0) return;
  if (polymorphicIdentity === undefined) {
    if (mapper.inherits !== null && mapper.polymorphicOn !== null && polymorphicAbstract !== true)
      warn(NO_IDENTITY, mapper.className, mapper.polymorphicOn.label);
    return;
  }
  const other = mapper.polymorphicMap.get(polymorphicIdentity);
  if (other !== undefined && other !== mapper) {
    throw new MapperConfigurationError(
      `${mapper.className} has the polymorphicIdentity ${JSON.stringify(polymorphicIdentity)}, which ${other.className} has already.`,
    );
  }
  if (mapper.polymorphicOn === null) {
    throw new MapperConfigurationError(
      `${mapper.className} has a polymorphicIdentity, but neither it nor a superclass says polymorphicOn: "attribute".`,
    );
  }
  mapper.polymorphicMap.set(polymorphicIdentity, mapper);
}

/** @param computed whether an SQL expression will do */
function columnNamed(mapper: Mapper, name: string, option: string, computed = false): ColumnAttribute {
  const found =
    mapper.attributes.get(name) ??
    mapper.columnAttributes.find((attribute) => attribute.columns.some((column) => column.name === name));
  if (found instanceof ColumnAttribute && (computed || !(found instanceof ExpressionAttribute))) return found;
  const names = mapper.columnAttributes.filter((each) => computed || each.writable).map((each) => each.key);
  throw new MapperConfigurationError(
    `${mapper.className}: ${option} names ${typeof name === "string" ? `"${name}"` : describeValue(name)}, which is no mapped column. The columns are: ${names.join(", ")}.`,
  );
}
