/**
 * The layering of the house: a room imports only from the rooms before it, type-only imports included, and there is
 * no import circle. `src/index.ts` stands on top of all.
 */
const ROOMS = ["sql", "engine", "dialects", "orm", "migrations", "cli", "testing", "integrations"];

/** @param {string[]} rooms */
const inRooms = (rooms) => `^src/(${rooms.join("|")})/`;

const layering = ROOMS.slice(0, -1).map((room, i) => ({
  name: `layering-${room}`,
  comment: `src/${room} must not import from the rooms after it (${ROOMS.slice(i + 1).join(", ")}).`,
  severity: "error",
  from: { path: inRooms([room]) },
  to: { path: inRooms(ROOMS.slice(i + 1)) },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...layering,
    {
      name: "layering-orm-names-no-dialect",
      comment: "The ORM asks a dialect for its capabilities and never knows one by name.",
      severity: "error",
      from: { path: inRooms(["orm"]) },
      to: { path: inRooms(["dialects"]) },
    },
    {
      name: "layering-one-dialect-from-another",
      comment: "A dialect's folder stands alone, so that it could be a package of its own.",
      severity: "error",
      from: { path: "^src/dialects/([^/]+)/" },
      to: { path: "^src/dialects/([^/]+)/", pathNot: "^src/dialects/$1/" },
    },
    {
      name: "layering-index-on-top",
      comment: "src/index.ts is the public face: nothing in the house may import it.",
      severity: "error",
      from: { path: "^src/(sql|engine|dialects|orm|migrations)/" },
      to: { path: "^src/index\\.ts$" },
    },
    {
      name: "rooms-only",
      comment: "Besides src/index.ts everything lives in a room, so that a new folder cannot escape the layering.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/", pathNot: `${inRooms(ROOMS)}|^src/index\\.ts$` },
    },
    {
      name: "no-circular",
      comment: "No import circle, type-only imports included.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-to-unresolvable",
      comment: "An import that resolves to nothing would hide an edge of the layering.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "not-to-dev-dependency",
      comment: "src runs with the dependencies and the optional peers only.",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only", "npm-peer"] },
    },
    {
      name: "not-from-src-to-test",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|examples)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // TypeScript 7 has no JavaScript API, so the files are parsed by swc, which keeps type-only imports.
    parser: "swc",
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json", ".d.ts"],
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
    },
  },
};
