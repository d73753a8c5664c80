/** Query tags: facts about who sent a statement, as a comment at its end, in the format of sqlcommenter. */
import { ArgumentError } from "../sql/errors.js";
import type { DriverPlan } from "./driver.js";
import { nextPlanId } from "./plan.js";

/** Tags by name. Those that are null or undefined are left out. */
export type QueryTagValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Tags, or a function that is asked for them at each statement: what an AsyncLocalStorage knows of the request, a trace's id. */
export type QueryTags = QueryTagValues | (() => QueryTagValues);

/** The tags of the wider place with those of the narrower over them. */
export function mergeTags(base: QueryTags | undefined, over: QueryTags | undefined): QueryTags | undefined {
  if (over === undefined || over === base) return base;
  if (base === undefined) return over;
  if (typeof base !== "function" && typeof over !== "function") return { ...base, ...over };
  return () => ({ ...valuesOf(base), ...valuesOf(over) });
}

function valuesOf(tags: QueryTags): QueryTagValues {
  const values: unknown = typeof tags === "function" ? tags() : tags;
  if (typeof values === "object" && values !== null && !Array.isArray(values) && !(values instanceof Promise)) {
    return values as QueryTagValues;
  }
  throw new ArgumentError(
    `executionOptions: tags is an object of names and values such as { route: "/users" }, or a function that gives one at once; not ${
      Array.isArray(values)
        ? "an array"
        : values instanceof Promise
          ? "a promise"
          : values === null
            ? "null"
            : `a ${typeof values}`
    }.`,
  );
}

/**
 * Tags as a comment, sorted by name. Names and values are percent-encoded, so that none can end the comment.
 *
 * @see https://google.github.io/sqlcommenter/spec/
 * @returns the empty string where there are none
 */
function commentOf(tags: QueryTags): string {
  const pairs: string[] = [];
  const values = valuesOf(tags);
  for (const name of Object.keys(values).sort()) {
    const value = values[name];
    if (value == null) continue;
    if (typeof value === "object" || typeof value === "function" || typeof value === "symbol") {
      throw new ArgumentError(`executionOptions: the tag ${JSON.stringify(name)} is a string, a number or a boolean.`);
    }
    pairs.push(`${encoded(name)}='${encoded(String(value))}'`);
  }
  return pairs.length === 0 ? "" : ` /*${pairs.join(",")}*/`;
}

// encodeURIComponent takes no half characters, and leaves these: a quote would end the value, an asterisk may end the comment.
function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")).replace(/['*]/g, (mark) =>
    mark === "'" ? "%27" : "%2A",
  );
}

/** How many tagged forms of one statement are kept apart, each as a prepared statement of its own. */
const KEPT = 16;

const taggedPlans = new WeakMap<DriverPlan, Map<string, DriverPlan>>();

/**
 * A statement with its comment. Its first execution with a comment prepares nothing that would stay, since the comment may never
 * come again (a trace's id); from the second one on it is prepared as the bare statement is.
 */
export function taggedPlan(plan: DriverPlan, tags: QueryTags): DriverPlan {
  const comment = commentOf(tags);
  if (comment === "") return plan;
  const once = (): DriverPlan => ({ ...plan, text: plan.text + comment, comment, cacheId: 0 });
  if (plan.cacheId === 0) return once();
  let known = taggedPlans.get(plan);
  if (known === undefined) {
    known = new Map();
    taggedPlans.set(plan, known);
  }
  const seen = known.get(comment);
  if (seen === undefined) {
    if (known.size >= KEPT) known.delete(known.keys().next().value as string);
    const first = once();
    known.set(comment, first);
    return first;
  }
  if (seen.cacheId !== 0) return seen;
  const kept = { ...seen, cacheId: nextPlanId() };
  known.set(comment, kept);
  return kept;
}
