/**
 * Classes whose constructor does nothing: fields are declared and given no values, and there is no constructor to call. An object of such a class is
 * made at a tenth of the cost when its fields are not defined first, only to be taken away for the accessors.
 */

/** The classes behind the functions that `@Entity` puts in their places. */
const originals = new WeakMap<object, object>();

export function noteOriginal(wrapper: object, original: object): void {
  originals.set(wrapper, original);
}

const known = new WeakMap<object, boolean>();

/** Whether constructing the class, its superclasses included, runs no code of the user's. In doubt it does. */
export function constructsNothing(cls: object): boolean {
  const original = originals.get(cls) ?? cls;
  let answer = known.get(original);
  if (answer === undefined) {
    const parent = Object.getPrototypeOf(original) as object | null;
    answer =
      declaresOnly(Function.prototype.toString.call(original)) &&
      (parent === Function.prototype || (parent !== null && constructsNothing(parent)));
    known.set(original, answer);
  }
  return answer;
}

const STRINGS_AND_COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
const HEAD = /^class\b\s*[\w$]*\s*(?:extends\s+[\w$.]+\s*)?\{/;

/** Whether the text of a class has no constructor and no field with a value. Text that is not understood has. */
function declaresOnly(source: string): boolean {
  // A regular expression or a template could hide anything from so simple a reader.
  if (source.includes("`")) return false;
  const text = source.replace(STRINGS_AND_COMMENTS, '""');
  const head = HEAD.exec(text);
  if (head === null) return false;
  let depth = 0;
  let member = "";
  for (let i = head[0].length; i < text.length; i++) {
    const char = text[i];
    if (char === "(" || char === "[" || char === "{") depth++;
    else if (char === ")" || char === "]" || char === "}") {
      depth--;
      if (depth < 0) return i === text.length - 1 && isHarmless(member);
      // The body of a method ends it.
      if (depth === 0 && char === "}") {
        if (!isHarmless(member)) return false;
        member = "";
        continue;
      }
    } else if (depth === 0) {
      if (char === ";") {
        if (!isHarmless(member)) return false;
        member = "";
        continue;
      }
      member += char;
      continue;
    }
    if (depth === 1 && (char === "(" || char === "{" || char === "[")) member += char;
  }
  return false;
}

/** A method, an accessor, something static, or fields without values. */
function isHarmless(member: string): boolean {
  const text = member.trim();
  // Without semicolons, more than one member may have come together.
  if (/^static\b/.test(text)) return !text.includes("\n");
  return !/[=#]|\bconstructor\b|\baccessor\b/.test(text);
}
