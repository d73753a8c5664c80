/** Several revisions as one: what their functions do, taken over as text. */
import { readFileSync } from "node:fs";
import { MigrationError } from "./errors.js";
import type { RevisionBody } from "./new-revision.js";
import type { Revision } from "./revision.js";
import type { RevisionGraph } from "./revision-graph.js";

/** The parts of a revision's file. */
interface Parts {
  readonly imports: readonly (readonly [module: string, names: readonly string[]])[];
  readonly upgrade: readonly string[];
  readonly downgrade: readonly string[] | null;
}

/**
 * The revisions of a range, oldest first.
 *
 * @throws MigrationError unless they follow one another and nothing outside of the range follows them
 */
export function squashed(graph: RevisionGraph, range: string): readonly Revision[] {
  if (!range.includes(":")) throw new MigrationError(`squash takes a range, <from:to>, not "${range}".`);
  const members = [...graph.range(range)].sort((a, b) => graph.order.indexOf(a) - graph.order.indexOf(b));
  if (members.length < 2)
    throw new MigrationError(`A squash joins two revisions or more, and ${range} has ${members.length}.`);
  const ids = new Set(members.map((each) => each.id));
  for (const [i, each] of members.entries()) {
    const before = members[i - 1];
    if (before !== undefined && (each.down.length !== 1 || each.down[0] !== before.id)) {
      throw new MigrationError(
        `Revision ${each.id} does not come straight after ${before.id}: only a line of revisions can be squashed, without branches and merges.`,
      );
    }
    const outside = graph.order.find(
      (other) => !ids.has(other.id) && [...other.down, ...other.dependsOn].includes(each.id),
    );
    if (outside !== undefined) {
      throw new MigrationError(
        `Revision ${outside.id} stands on ${each.id}, which would be gone: its file would have to change after databases were migrated with it. Squash up to a head.`,
      );
    }
  }
  return members;
}

/** What the functions of revisions do, one after the other; the downgrade in reverse. */
export function squashedBody(members: readonly Revision[]): RevisionBody {
  const parts = members.map(partsOf);
  const imports = new Map<string, Set<string>>();
  for (const [module, names] of parts.flatMap((each) => each.imports)) {
    const known = imports.get(module) ?? new Set();
    imports.set(module, known);
    for (const name of names) known.add(name);
  }
  const irreversible = members.filter((_each, i) => parts[i]?.downgrade === null).map((each) => each.id);
  const block = (revision: Revision, lines: readonly string[]): string[] => [
    `// ${revision.id}${revision.message === "" ? "" : `: ${revision.message.replaceAll(/\s+/g, " ")}`}`,
    "{",
    ...lines,
    "}",
  ];
  return {
    imports,
    upgrade: members.flatMap((each, i) => block(each, (parts[i] as Parts).upgrade)),
    downgrade:
      irreversible.length > 0
        ? [`throw new Error(${JSON.stringify(`${irreversible.join(", ")} cannot be undone.`)});`]
        : members
            .map((each, i) => block(each, parts[i]?.downgrade ?? []))
            .reverse()
            .flat(),
  };
}

const IMPORT = /^import (type )?\{([^}]*)\} from "([^"]+)";\n/gm;
const FUNCTION = /^export (?:async )?function (upgrade|downgrade)\((\w*)[^)]*\)[^{\n]*\{\n([\s\S]*?)^\}\n?/gm;
const HEAD = /^export const (?:revision|downRevision|branchLabels|dependsOn|replaces|message)\b[^;]*;\n/gm;
const COMMENT = /^\/\*\*[\s\S]*?\*\/\n|^\/\/.*\n/gm;

/** @throws MigrationError for a file that holds more than the functions and what they import */
function partsOf({ id, path, labels, dependsOn }: Revision): Parts {
  const refuse = (why: string): never => {
    throw new MigrationError(`Revision ${id}${path === null ? "" : ` (${path})`} cannot be squashed: ${why}`);
  };
  if (path === null) return refuse("it has no file.");
  if (labels.length > 0 || dependsOn.length > 0) return refuse("it has a branch label, or depends on another branch.");
  let rest = `${readFileSync(path, "utf8").replaceAll("\r\n", "\n").trimEnd()}\n`;
  const imports: [string, string[]][] = [];
  rest = rest.replace(IMPORT, (_all, type: string | undefined, names: string, module: string) => {
    const list = names.split(",").map((each) => each.trim());
    const used = list.filter(
      (each) => each !== "" && !(module === "athanor/migrations" && each.endsWith("Operations")),
    );
    if (used.length > 0) imports.push([module, used.map((each) => (type === undefined ? each : `type ${each}`))]);
    return "";
  });
  const bodies: Record<string, readonly string[]> = {};
  rest = rest.replace(FUNCTION, (_all, name: string, op: string, body: string) => {
    const lines = body
      .replace(/\n$/, "")
      .split("\n")
      .filter((line) => line.trim() !== "void op;");
    bodies[name] = op === "op" || op === "" ? lines : [`  const ${op} = op;`, ...lines];
    return "";
  });
  rest = rest.replace(HEAD, "").replace(COMMENT, "").trim();
  if (rest !== "") {
    return refuse(
      `beside its functions, its file holds "${rest.split("\n")[0]}". Put that into the functions, or into a module of its own.`,
    );
  }
  return {
    imports,
    upgrade: bodies["upgrade"] ?? refuse("its upgrade is not written as a function."),
    downgrade: bodies["downgrade"] ?? null,
  };
}
