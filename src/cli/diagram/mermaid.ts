/** A schema as a Mermaid entity-relationship diagram. */
import type { Diagram } from "./model.js";

/** The text of the diagram. */
export function mermaid({ tables, links }: Diagram): string {
  const lines = ["erDiagram"];
  for (const { name, columns } of tables) {
    lines.push(`  ${entity(name)} {`);
    for (const column of columns) {
      const marks = [
        ...(column.key ? ["PK"] : []),
        ...(column.foreign ? ["FK"] : []),
        ...(column.unique ? ["UK"] : []),
      ];
      const plain = word(column.name);
      // Mermaid takes words only: a name that is none is told beside
      const note = plain === column.name ? "" : ` ${quoted(column.name)}`;
      lines.push(`    ${word(column.type)} ${plain}${marks.length === 0 ? "" : ` ${marks.join(", ")}`}${note}`);
    }
    lines.push("  }");
  }
  for (const { from, to, columns, optional, many } of links) {
    lines.push(
      `  ${entity(to)} ${optional ? "|o" : "||"}--${many ? "o{" : "o|"} ${entity(from)} : ${quoted(columns.join(", "))}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function entity(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', "'").replaceAll("\n", " ")}"`;
}

/** A name as a word: letters, digits, `_`, `-`, brackets. */
function word(text: string): string {
  const plain = text
    .replaceAll(", ", "-")
    .replaceAll(/[^\p{L}\p{N}_()[\]-]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[\p{L}_]/u.test(plain) ? plain : `_${plain}`;
}
