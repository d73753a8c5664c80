/** Who takes part, and the module that plays each. */
const file = (name) => new URL(`./contestants/${name}`, import.meta.url).href;
const both = ["sqlite", "postgres"];

export const CONTESTANTS = {
  driver: { kinds: both, module: (kind) => file(kind === "sqlite" ? "driver-sqlite.mjs" : "driver-postgres.mjs") },
  athanor: { kinds: both, module: () => new URL("./.build/athanor.mjs", import.meta.url).href },
};
