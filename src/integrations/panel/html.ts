/** HTML from template literals, in which every value is escaped that is not HTML itself. */

export class Html {
  constructor(readonly text: string) {}
}

export type HtmlValue = Html | string | number | null | false | undefined | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function written(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (value === null || value === false || value === undefined) return "";
  if (typeof value === "object") return value.map(written).join("");
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/** @example html`<p title="${title}">${names.map((name) => html`<b>${name}</b>`)}</p>` */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] as string;
  for (let i = 0; i < values.length; i++) text += written(values[i]) + (parts[i + 1] as string);
  return new Html(text);
}
