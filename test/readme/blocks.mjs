/**
 * @typedef {object} Block one fenced code block of a Markdown file
 * @property {string} language the first word behind the fence
 * @property {string[]} words the words after it
 * @property {string} code
 * @property {number} line where the fence stands, from 1
 */

/**
 * Takes the fenced code blocks out of a Markdown text.
 *
 * @param {string} markdown
 * @returns {Block[]}
 */
export function codeBlocks(markdown) {
  const blocks = [];
  let open = null;
  markdown.split("\n").forEach((text, i) => {
    const fence = /^( *)(`{3,})\s*(.*)$/.exec(text);
    if (open === null) {
      if (!fence) return;
      const [language = "", ...words] = fence[3].trim().split(/\s+/);
      open = { language, words, lines: [], line: i + 1, indent: fence[1].length, fence: fence[2] };
    } else if (fence && fence[2].length >= open.fence.length && fence[3] === "") {
      blocks.push({ language: open.language, words: open.words, code: `${open.lines.join("\n")}\n`, line: open.line });
      open = null;
    } else {
      open.lines.push(text.slice(Math.min(open.indent, text.length - text.trimStart().length)));
    }
  });
  if (open !== null) throw new Error(`the code block that begins at line ${open.line} is not closed`);
  return blocks;
}

/**
 * @typedef {object} Program one file to check and run
 * @property {string} file its name
 * @property {string} code
 * @property {number} line where its first block stands
 * @property {string | null} output what it must print, null when nothing is said about that
 */

/**
 * Makes programs of the blocks, by these rules:
 *
 * - A `ts` block is a program of its own. ` ```ts continues` goes on with the program of the `ts` block before it, and
 *   ` ```ts file=models.ts` gives it a name, by which later programs can import it.
 * - A ` ```text output` block is what the program before it prints, to the letter.
 * - A block in another language must say ` norun`, so that none is passed over unnoticed (`sh`, `json` and `sql` blocks
 *   that only show something).
 *
 * @param {Block[]} blocks
 * @returns {Program[]}
 */
export function programsOf(blocks) {
  const programs = [];
  for (const { language, words, code, line } of blocks) {
    if (words.includes("norun")) continue;
    const last = programs.at(-1);
    if (language === "ts" && words.includes("continues")) {
      if (!last) throw new Error(`line ${line}: there is no program that this block could continue`);
      last.code += `\n${code}`;
    } else if (language === "ts") {
      const named = words.find((word) => word.startsWith("file="));
      programs.push({ file: named ? named.slice(5) : `line-${line}.ts`, code, line, output: null });
    } else if (language === "text" && words.includes("output")) {
      if (!last) throw new Error(`line ${line}: there is no program that could have printed this`);
      last.output = (last.output ?? "") + code;
    } else {
      throw new Error(
        `line ${line}: a "${language}" block is neither a program nor output; say "norun" behind its language`,
      );
    }
  }
  return programs;
}
