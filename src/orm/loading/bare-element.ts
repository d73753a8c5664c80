/** What a selected element is beneath its labels and the attribute that it stands for: two are the same column where these are. */
export function bareElement(element: unknown): unknown {
  let each = element as { readonly visitName?: string; readonly element?: unknown };
  while (each.visitName === "AnnotatedColumn" || each.visitName === "Label") each = each.element as typeof each;
  return each;
}
