/** Types of report.mjs, for the tests. */
export interface Row {
  readonly id: string;
  readonly chapter: string;
  readonly feature: string;
  readonly sqlalchemy: string;
  readonly holds: string;
  readonly weight: number;
  readonly issue: string;
  /** How Athanor answers the row differently, and why. */
  readonly answer?: string;
}
export type State = "met" | "answered" | "later" | "missing";
export function metRows(report: {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}): Map<string, string[]>;
export function standing(
  rows: readonly Row[],
  met: ReadonlyMap<string, readonly string[]>,
): (Row & { readonly state: State; readonly tests: readonly string[] })[];
