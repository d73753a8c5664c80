/** Expressions as PostgreSQL writes them. */

/** `((a > 0) AND (b > 0))` without the pair around the whole. */
export function withoutOuterParentheses(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "'") {
      i = text.indexOf("'", i + 1);
      if (i < 0) return text;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0 && i < text.length - 1) return text;
  }
  return text.slice(1, -1);
}
