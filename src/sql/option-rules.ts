/** What the options of something may be: a name that there is not, or a value of another kind, is refused with what there is. */
import { ArgumentError } from "./errors.js";
import { describeValue } from "./types/describe-value.js";

/** What a value has to be, for the message, and whether it is. */
export type Rule = readonly [what: string, holds: (value: unknown) => boolean];

/** A rule for every option, or it does not compile. */
export type Rules<Options> = { readonly [K in keyof Required<Options>]: Rule };

export const ANY: Rule = ["anything", () => true];
export const FLAG: Rule = ["true or false", (value) => typeof value === "boolean"];
export const TEXT: Rule = ["text", (value) => typeof value === "string"];
export const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];
export const OBJECT: Rule = ["an object", isObject];
export const COUNT: Rule = ["a whole number from 0 up", (value) => isWhole(value, 0)];
export const NAMES: Rule = ["a list of names", (value) => Array.isArray(value) && value.every(TEXT[1])];

/** One of these words, or what another rule allows. */
export function words(...allowed: readonly (string | null)[]): Rule {
  return [listed(allowed.map((each) => JSON.stringify(each))), (value) => allowed.includes(value as string | null)];
}

/** What any of several rules allows. */
export function either(...rules: readonly Rule[]): Rule {
  return [listed(rules.map(([what]) => what)), (value) => rules.some(([, holds]) => holds(value))];
}

function listed(all: readonly string[]): string {
  return all.length < 2 ? all.join() : `${all.slice(0, -1).join(", ")} or ${all.at(-1)}`;
}

export function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isWhole(value: unknown, least: number): boolean {
  return isNumber(value, least) && Number.isInteger(value);
}

export function isNumber(value: unknown, least: number): boolean {
  return typeof value === "number" && value >= least;
}

/**
 * @param knower who takes the options, as a message begins: "An engine", "User: @Entity"
 * @param place what stands before the name of an option whose value is wrong: "The engine's option "
 * @throws ArgumentError naming an option that there is not, or whose value is none of its kind
 */
export function checkOptions<Options>(given: object, rules: Rules<Options>, knower: string, place: string): void {
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof Options] : undefined;
    if (rule === undefined) throw unknownOption(name, Object.keys(rules), knower);
    if (value === undefined || rule[1](value)) continue;
    throw new ArgumentError(`${place}${name} is ${rule[0]}, not ${describeValue(value)}.`);
  }
}

/** The one of these names that another differs from in case, underscores or hyphens alone. */
export function meantBy(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string): string => text.replace(/[_-]/g, "").toLowerCase();
  return names.find((each) => plain(each) === plain(name));
}

function unknownOption(name: string, names: readonly string[], knower: string): ArgumentError {
  const meant = meantBy(name, names);
  const rest = meant === undefined ? `It knows ${names.join(", ")}.` : `It is written ${meant}.`;
  return new ArgumentError(`${knower} knows no option "${name}". ${rest}`);
}
