/** SQL that a migration executes as text: what of it keeps others out of a table. */

/** What a statement does, as far as its words tell. */
export interface ReadStatement {
  readonly rule: string;
  readonly table: string | null;
  readonly lock: string | null;
  readonly why: string;
  readonly instead: readonly string[];
}

const EXCLUSIVE = "ACCESS EXCLUSIVE";
const LOCKED_OUT = "readers and writers wait";
const NAME = String.raw`(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?`;

interface Form {
  readonly words: RegExp;
  read(match: RegExpExecArray): Omit<ReadStatement, "table">;
}

const IN_BLOCK = "in op.autocommitBlock()";

/** Forms of statements that name their table first. */
const STATEMENTS: readonly Form[] = [
  {
    words: new RegExp(`^create (?:unique )?index (?!concurrently).*? on (?:only )?(${NAME})`, "i"),
    read: () => ({
      rule: "index-blocks",
      lock: "SHARE",
      why: "Writers wait until the index is built.",
      instead: [`CREATE INDEX CONCURRENTLY, ${IN_BLOCK}.`],
    }),
  },
  {
    words: new RegExp(`^(?:update (?:only )?(${NAME})|delete from (?:only )?(${NAME}))(?!.* where )`, "i"),
    read: () => ({
      rule: "all-rows-at-once",
      lock: "ROW EXCLUSIVE",
      why: "Every row is locked until the migration ends, and writers of those rows wait.",
      instead: ["op.backfill(table, set, where): it changes the rows in batches, each committed."],
    }),
  },
  {
    words: new RegExp(
      `^(vacuum (?:\\(.*\\bfull\\b.*\\)|full)|cluster|lock table|lock|truncate(?: table)?)(?: (${NAME}))?`,
      "i",
    ),
    read: ([, what = ""]) => ({
      rule: "locks-table",
      lock: EXCLUSIVE,
      why: `${what.toUpperCase()} keeps everybody out of the table until it ends.`,
      instead: ["Run it in a maintenance window, outside of migrations."],
    }),
  },
  {
    words: new RegExp(`^reindex (?!\\(.*concurrently|.*concurrently)\\w+ (${NAME})`, "i"),
    read: () => ({
      rule: "index-blocks",
      lock: "SHARE",
      why: "Writers wait until the index is built, and readers who would use it too.",
      instead: [`REINDEX ... CONCURRENTLY, ${IN_BLOCK}.`],
    }),
  },
  {
    words: new RegExp(`^refresh materialized view (?!concurrently)(${NAME})`, "i"),
    read: () => ({
      rule: "locks-table",
      lock: EXCLUSIVE,
      why: "Readers of the view wait until its query has run.",
      instead: ["REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index on the view."],
    }),
  },
  {
    words: new RegExp(`^drop index (?!concurrently)(?:if exists )?(${NAME})`, "i"),
    read: () => ({
      rule: "drop-index-blocks",
      lock: EXCLUSIVE,
      why: `It waits for all who use the table, and ${LOCKED_OUT} behind it.`,
      instead: [`DROP INDEX CONCURRENTLY, ${IN_BLOCK}.`],
    }),
  },
  {
    words: new RegExp(`^drop table (?:if exists )?(${NAME})`, "i"),
    read: () => ({
      rule: "drop-table",
      lock: EXCLUSIVE,
      why: "Programs that run may still read it, and its rows are gone.",
      instead: ["Deploy the program that does not read it.", "Drop the table in a later migration."],
    }),
  },
];

/** What ALTER TABLE does, behind the table's name. */
const ALTERATIONS: readonly Form[] = [
  {
    words: /\badd (?:constraint \S+ )?(foreign key|check)\b(?!.*\bnot valid\b)/i,
    read: ([, kind = ""]) => ({
      rule: "constraint-scans",
      lock: kind.toLowerCase() === "check" ? EXCLUSIVE : "SHARE ROW EXCLUSIVE",
      why: `Every row is checked; ${kind.toLowerCase() === "check" ? LOCKED_OUT : "writers of both tables wait"} meanwhile.`,
      instead: ["Add it NOT VALID.", `VALIDATE CONSTRAINT ${IN_BLOCK}: reads the rows and keeps nobody out.`],
    }),
  },
  {
    words: /\badd (?:constraint \S+ )?(unique|primary key|exclude)\b(?!.*\busing index\b)/i,
    read: () => ({
      rule: "constraint-builds",
      lock: EXCLUSIVE,
      why: `Its index is built; ${LOCKED_OUT} meanwhile.`,
      instead: [`CREATE UNIQUE INDEX CONCURRENTLY, ${IN_BLOCK}.`, "ADD CONSTRAINT ... USING INDEX."],
    }),
  },
  {
    words: /\balter (?:column )?\S+ (?:set data )?type\b/i,
    read: () => ({
      rule: "type-rewrites",
      lock: EXCLUSIVE,
      why: `The whole table and its indexes may be written anew; ${LOCKED_OUT}.`,
      instead: ["op.alterColumn(table, column, { type }, { existing: { type } }): lint knows which types do."],
    }),
  },
  {
    words: /\balter (?:column )?(\S+) set not null\b/i,
    read: () => ({
      rule: "not-null-scans",
      lock: EXCLUSIVE,
      why: `Every row is read to see that none is NULL; ${LOCKED_OUT}.`,
      instead: ["Add CHECK (... IS NOT NULL) NOT VALID, validate it, then SET NOT NULL and drop the CHECK."],
    }),
  },
  {
    words: /\badd (?:column )?(?:if not exists )?(?!constraint\b)\S+ (?!.*\bdefault\b).*\bnot null\b/i,
    read: () => ({
      rule: "add-not-null",
      lock: EXCLUSIVE,
      why: "It fails on a table with rows, and programs that run insert rows without it.",
      instead: ["Add it with a DEFAULT, or without NOT NULL, and set that when all rows have a value."],
    }),
  },
  {
    words: /\bdrop (?:column )?(?!constraint\b|default\b|not null\b|expression\b|identity\b)(?:if exists )?\S+/i,
    read: () => ({
      rule: "drop-column",
      lock: EXCLUSIVE,
      why: "Programs that run still select and insert it, and fail.",
      instead: ["Deploy the program whose classes do not map it.", "Drop the column in a later migration."],
    }),
  },
  {
    words: /\brename (?!constraint\b)/i,
    read: () => ({
      rule: "rename",
      lock: EXCLUSIVE,
      why: "Programs that run read it by its old name, and fail until they are replaced.",
      instead: ["Keep the name, and map the class or the attribute to it."],
    }),
  },
  {
    words: /\bset (?:un)?logged\b|\bset tablespace\b|\bset access method\b/i,
    read: () => ({
      rule: "type-rewrites",
      lock: EXCLUSIVE,
      why: `The whole table is written anew; ${LOCKED_OUT}.`,
      instead: ["Run it in a maintenance window, outside of migrations."],
    }),
  },
];

const ALTER_TABLE = new RegExp(`^alter table (?:if exists )?(?:only )?(${NAME}) (.*)$`, "i");

/** The statements of a text, without comments, each on one line. */
export function statementsOf(sql: string): readonly string[] {
  const tokens =
    sql.match(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|[^;'"$/-]+|./g) ?? [];
  const statements = [""];
  for (const token of tokens) {
    if (token === ";") statements.push("");
    else if (!token.startsWith("--") && !token.startsWith("/*")) statements[statements.length - 1] += token;
  }
  return statements.map((each) => each.trim().replaceAll(/\s+/g, " ")).filter((each) => each !== "");
}

/** What a statement does that harms. */
export function readStatement(statement: string): readonly ReadStatement[] {
  const alter = ALTER_TABLE.exec(statement);
  if (alter !== null) {
    const [, table = "", rest = ""] = alter;
    return ALTERATIONS.flatMap(({ words, read }) => {
      const match = words.exec(rest);
      return match === null ? [] : [{ ...read(match), table: plain(table) }];
    });
  }
  for (const { words, read } of STATEMENTS) {
    const match = words.exec(statement);
    if (match === null) continue;
    const table = match
      .slice(1)
      .reverse()
      .find((each) => each !== undefined && new RegExp(`^${NAME}$`).test(each));
    return [{ ...read(match), table: table === undefined ? null : plain(table) }];
  }
  return [];
}

/** Whether a statement changes rows. */
export function changesRows(statement: string): boolean {
  return /^(?:with\b.*\b)?(?:update|delete from|insert into .* select|merge into)\b/i.test(statement);
}

function plain(name: string): string {
  return name.replaceAll('"', "");
}
