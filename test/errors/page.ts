/** The text of `docs/errors.md`, from the catalogue and the examples. */
import { readFileSync } from "node:fs";
import { catalogue } from "../../src/index.js";
import "../../src/migrations/index.js";
import "../../src/integrations/express/index.js";
import { notRun } from "./examples.js";

const source = readFileSync(new URL("examples.ts", import.meta.url), "utf8");

/** The lines of an example as they stand in the source. */
function example(code: string): string | null {
  const found = new RegExp(`^  ${code}: (?:async )?\\([^)]*\\) => \\{\\n([\\s\\S]*?)\\n  \\},$`, "m").exec(source);
  return found === null ? (notRun[code] ?? null) : (found[1] as string).replace(/^ {4}/gm, "");
}

const classes = /\/\/ begin: classes\n([\s\S]*?)\n\/\/ end$/m.exec(source)?.[1]?.replace(/^export /gm, "") ?? "";

const HEAD = `# Errors and warnings

<!-- Made from the catalogue in the source by \`npm run errors\`: change it there. -->

Each error of Athanor's has an \`errorCode\`, and each warning a \`code\`, that stay the same from version to version; here is what each of them means. The
database's own code (an SQLSTATE) is \`code\` of a \`DatabaseError\`. \`pageOf(code)\` gives the same in a program, \`catalogue()\` all of it.

Warnings go to \`process.emitWarning\` with the type \`AthanorWarning\` and their code. \`filterWarnings("ignore", { code })\` drops some, \`filterWarnings("once")\`
gives each text once, and \`using _ = filterWarnings("error")\` in a test makes errors of them, thrown where they arise;
\`node --disable-warning=ATHANOR_CARTESIAN\` works as with Node's own.

The examples stand on these classes, an \`engine\`, and a \`session\` of it in which the user with the key 1 wrote two posts.

\`\`\`ts norun
${classes}
\`\`\`
`;

/** The whole page. */
export function errorsPage(): string {
  const sections = catalogue().map(({ code, kind, cause, cure }) => {
    const lines = example(code);
    if (lines === null) throw new Error(`${code} has no example in test/errors/examples.ts`);
    return `## ${code}\n\n*${kind === "error" ? "Error" : "Warning"}.* ${cause}\n\n**What to do:** ${cure}\n\n\`\`\`ts norun\n${lines}\n\`\`\`\n`;
  });
  return `${HEAD}\n${sections.join("\n")}`;
}
