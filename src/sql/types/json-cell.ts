/** How the values of a column travel inside a JSON document, where there is nothing but text, numbers and truth. */
export interface JsonCell {
  /** The column as JSON is to have it. */
  write(sql: string): string;
  /** The value of what was parsed; null where that is the value. Never called with null. */
  readonly read: ((cell: unknown) => unknown) | null;
}
