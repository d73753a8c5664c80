/** The verb that a statement is counted under. */
export function verbOf(statement: string): string {
  const first = firstWord(statement);
  if (first !== "WITH") return first;
  // Behind the common table expressions, which all stand in parentheses, comes the statement that they belong to.
  let depth = 0;
  for (const [token] of statement.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|\w+/g)) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    else if (depth === 0 && /^(select|insert|update|delete)$/i.test(token)) return token.toUpperCase();
  }
  return first;
}

function firstWord(statement: string): string {
  const bare = statement.replace(/^(?:\s|\/\*[\s\S]*?\*\/|--[^\n]*\n|\()+/, "");
  return (/^\w+/.exec(bare)?.[0] ?? "").toUpperCase();
}
