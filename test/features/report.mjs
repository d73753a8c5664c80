/** What a test run says of the checklist: pure functions over vitest's JSON report. */

/**
 * @typedef {{ id: string, chapter: string, feature: string, sqlalchemy: string, holds: string, weight: number, issue: string, answer?: string }} Row
 * @typedef {{ testResults: { name: string, assertionResults: { fullName: string, status: string }[] }[] }} Report
 */

/** Files whose tests run once for each database. */
const PER_DATABASE = /\/test\/(?:orm|migrations)\//;

/** Rows of one database: what they ask for the others do not have. (ST-07 is the commit in two phases.) */
const OF_ONE_DATABASE = /^(?:PG|LI)-|^ST-07$/;

/**
 * The rows that a run has met: a title carries the row's id, and the test passed wherever it ran; where tests run for
 * each database, on two of them at least, unless the row is about one. A skipped or failing test does not count.
 *
 * @param {Report} report
 * @returns {Map<string, string[]>} titles by id
 */
export function metRows(report) {
  /** @type {Map<string, { passed: number, failed: number, perDatabase: boolean, title: string }>} */
  const tests = new Map();
  for (const file of report.testResults) {
    for (const { fullName, status } of file.assertionResults) {
      const key = `${file.name} ${fullName}`;
      const seen = tests.get(key) ?? {
        passed: 0,
        failed: 0,
        perDatabase: PER_DATABASE.test(file.name),
        title: fullName,
      };
      if (status === "passed") seen.passed++;
      else if (status === "failed") seen.failed++;
      tests.set(key, seen);
    }
  }
  /** @type {Map<string, string[]>} */
  const met = new Map();
  for (const { passed, failed, perDatabase, title } of tests.values()) {
    if (failed > 0 || passed === 0) continue;
    for (const [, id] of title.matchAll(/\[([A-Z]{2}-\d{2})\]/g)) {
      if (id === undefined || (perDatabase && passed < 2 && !OF_ONE_DATABASE.test(id))) continue;
      met.set(id, [...(met.get(id) ?? []), title]);
    }
  }
  return met;
}

/**
 * How each row stands.
 *
 * @param {readonly Row[]} rows
 * @param {Map<string, string[]>} met
 */
export function standing(rows, met) {
  return rows.map((row) => ({
    ...row,
    state: met.has(row.id)
      ? "met"
      : row.answer !== undefined
        ? "answered"
        : row.issue === "later"
          ? "later"
          : "missing",
    tests: met.get(row.id) ?? [],
  }));
}

/**
 * Figures by chapter, in the order of the list.
 *
 * @param {ReturnType<typeof standing>} rows
 */
export function byChapter(rows) {
  /** @type {Map<string, { met: number, answered: number, missing: number, later: number }>} */
  const chapters = new Map();
  for (const row of rows) {
    const figures = chapters.get(row.chapter) ?? { met: 0, answered: 0, missing: 0, later: 0 };
    figures[/** @type {"met"} */ (row.state)]++;
    chapters.set(row.chapter, figures);
  }
  return chapters;
}

/**
 * The table as Markdown.
 *
 * @param {ReturnType<typeof standing>} rows
 */
export function markdown(rows) {
  const cell = (/** @type {string} */ text) => text.replaceAll("|", "\\|");
  const lines = [
    "# What a user of SQLAlchemy and Alembic may look for",
    "",
    "Written by `npm run features` from the report of a test run. A row is met when a test whose title carries its id passed.",
  ];
  let chapter = "";
  for (const row of rows) {
    if (row.chapter !== chapter) {
      chapter = row.chapter;
      lines.push("", `## ${chapter}`, "", "| id | feature | what holds | |", "|---|---|---|---|");
    }
    const state = row.state === "answered" ? `differently: ${row.answer}` : row.state;
    lines.push(`| ${row.id} | ${cell(row.feature)} | ${cell(row.holds)} | ${cell(state)} |`);
  }
  return `${lines.join("\n")}\n`;
}
