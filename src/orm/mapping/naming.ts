/** How names in the database follow from names in TypeScript. */

/** Replaceable as a whole or in part: `registry({ naming: { ...snakeCase, tableName: (cls) => cls } })`. */
export interface NamingStrategy {
  /** The table of a class that names none. */
  tableName(className: string): string;
  /** The column of a property. */
  columnName(property: string): string;
  /** The foreign-key column that a many-to-one makes when none is mapped. */
  foreignKeyColumn(property: string, targetColumn: string): string;
  /** The association table of a many-to-many that names none. */
  associationTable(ownerTable: string, property: string, targetTable: string): string;
  /** A column of an association table. */
  associationColumn(className: string, keyColumn: string): string;
}

/** `createdAt` -> `created_at`, `HTMLPage` -> `html_page`, `line2` -> `line2`. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** `created_at` -> `createdAt`: the attribute of a column that no property maps. */
export function toCamelCase(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The default: snake_case names, `author_id` for a relation `author`. */
export const snakeCase: NamingStrategy = {
  tableName: toSnakeCase,
  columnName: toSnakeCase,
  foreignKeyColumn: (property, targetColumn) => `${toSnakeCase(property)}_${targetColumn}`,
  associationTable: (ownerTable, property) => `${ownerTable}_${toSnakeCase(property)}`,
  associationColumn: (className, keyColumn) => `${toSnakeCase(className)}_${keyColumn}`,
};

/** Names are taken as they are written. */
export const asWritten: NamingStrategy = {
  tableName: (name) => name,
  columnName: (name) => name,
  foreignKeyColumn: (property, targetColumn) => `${property}${targetColumn[0].toUpperCase()}${targetColumn.slice(1)}`,
  associationTable: (ownerTable, property) => `${ownerTable}_${property}`,
  associationColumn: (className, keyColumn) =>
    `${className[0].toLowerCase()}${className.slice(1)}${keyColumn[0].toUpperCase()}${keyColumn.slice(1)}`,
};
