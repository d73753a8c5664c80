export * from "./base.js";
export * from "./extensible.js";
export * from "./from-metadata.js";
export * from "./structured.js";
export * from "./t.js";
export * from "./temporal.js";
export * from "./text-check.js";
export * from "./type.js";
