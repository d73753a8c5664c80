/** What a project's database lacks of its classes. */
import { createInterface } from "node:readline/promises";
import { compareMetadata } from "../migrations/autogenerate/autogenerate.js";
import type { RenameCandidate } from "../migrations/autogenerate/compare.js";
import { ModifyTableOperation } from "../migrations/operations/modify-table.js";
import type { MigrateOperation } from "../migrations/operations/operation.js";
import type { Project } from "./project.js";

/**
 * Compares a project's database with its classes. What may have been renamed is asked about where somebody sits in front
 * of a terminal; elsewhere only `renamedFrom` hints tell.
 */
export async function differences(project: Project): Promise<readonly MigrateOperation[]> {
  if (!project.out.interactive) return await unasked(project);
  // A comparison asks at once and a person answers later: candidates are gathered, then answered, then it is done again.
  const answers = new Map<string, boolean>();
  const keyOf = (candidate: RenameCandidate): string => JSON.stringify(candidate);
  for (;;) {
    const open: RenameCandidate[] = [];
    const found = await unasked(project, (candidate) => {
      const answer = answers.get(keyOf(candidate));
      if (answer === undefined) open.push(candidate);
      return answer ?? false;
    });
    const [next] = open;
    if (next === undefined) return found;
    answers.set(keyOf(next), await confirmed(next));
  }
}

/** The same, without asking anybody. */
export async function unasked(
  project: Project,
  isRename: (candidate: RenameCandidate) => boolean = () => false,
): Promise<readonly MigrateOperation[]> {
  const metadata = await project.metadata();
  const { schemas, include, renderAsBatch, versionTable, plugins, process } = project.config;
  const options = { schemas, include, renderAsBatch, versionTable, plugins, process, isRename };
  return await project.engine.connect((connection) => compareMetadata(connection, metadata, options));
}

/** Operations in words, those of a batch one by one. */
export function told(operations: readonly MigrateOperation[]): readonly string[] {
  return operations.flatMap((each) =>
    each instanceof ModifyTableOperation ? told(each.operations) : [each.describe()],
  );
}

async function confirmed({ kind, table, from, to }: RenameCandidate): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const what = kind === "table" ? `table ${from} renamed to ${to}` : `column ${table}.${from} renamed to ${to}`;
    return /^y(es)?$/i.test((await terminal.question(`Was ${what}? [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
