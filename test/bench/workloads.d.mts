/** Types of `workloads.mjs`, for contestants written in TypeScript. */
export interface AuthorRow {
  readonly name: string;
  readonly email: string;
  readonly age: number;
  readonly active: boolean;
  readonly score: number;
  readonly createdAt: Date;
}
export const AUTHORS: number;
export const GRAPHS: number;
export const POSTS_PER_AUTHOR: number;
export const COMMENTS_PER_POST: number;
export const CLASSES: number;
export const CHANGED: number;
export const GETS: readonly number[];
export const QUERIES: readonly { readonly author: number; readonly views: number }[];
export const TRANSACTIONS: readonly {
  readonly author: number;
  readonly title: string;
  readonly body: string;
  readonly views: number;
  readonly age: number;
}[];
export function changedScore(i: number): number;
export function authorRow(i: number): AuthorRow;
export function postRow(author: number, i: number): { title: string; body: string; views: number };
export function commentRow(post: number, i: number): { body: string; likes: number };
/** Checksums by the shape of what was loaded. */
export const sums: Readonly<Record<"authors" | "graph" | "tagged" | "posts" | "keys", (loaded: any) => number>>;
