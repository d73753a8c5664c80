/** The types. */
export * from "./base.js";
export { describeValue } from "./describe-value.js";
export * from "./domain.js";
export * from "./extensible.js";
export * from "./from-metadata.js";
export * from "./standard-schema.js";
export * from "./structured.js";
export * from "./t.js";
export * from "./temporal.js";
export { TemporalType } from "./temporal-values.js";
export * from "./text-check.js";
export * from "./text-search.js";
export * from "./type.js";
