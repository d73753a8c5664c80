/** How pulled classes, attributes and files are called. */
import { attributeName, freeName } from "../../orm/automap/names.js";
import type { Table } from "../../sql/schema/table.js";

/** Names of the language, and of what the pulled code imports, that nothing on the top level of a module may take. */
const TAKEN: ReadonlySet<string> = new Set(
  (
    "Array ArrayBuffer BigInt Boolean Buffer Column DataView Date DomainType Entity Error ExcludeConstraint Function Index Infinity Iterator JSON Json " +
    "ManyToMany ManyToOne Map Math NaN Number Object OneToMany OneToOne OptionalProps PrimaryKey Promise Proxy Range Reflect RegExp " +
    "Relation Sequence Set String Symbol Table Temporal URL Uint8Array UniqueConstraint WeakMap WeakRef WeakSet " +
    "arguments as async await break case catch checkConstraint class column computed console const continue conv debugger declare default " +
    "delete do else enum eval export extends false finally for foreignKeyConstraint from func function globalThis identity if " +
    "implements import in instanceof interface let metadata new null of package postgresql primaryKeyConstraint private process protected " +
    "public return static super switch t table text this throw true try type typeof undefined var void while with yield"
  ).split(" "),
);

/** Attributes that mean something else on every object. */
const OBJECT_MEMBERS: ReadonlySet<string> = new Set(
  Object.getOwnPropertyNames(Object.prototype).concat("toJSON", "then"),
);

/** Words that end like a plural and are none. */
const SINGULAR = /(?:ss|us|is|news|series|species|analytics)$/i;

/** The singular of an English word, as far as its end tells: `categories` -> `category`. */
export function singular(word: string): string {
  if (SINGULAR.test(word)) return word;
  if (/(?:movie|cookie|zombie|pie|tie|selfie)s$/i.test(word)) return word.slice(0, -1);
  if (/[^aeiou]ies$/i.test(word)) return `${word.slice(0, -3)}${/[A-Z]$/.test(word) ? "Y" : "y"}`;
  if (/(?:ch|sh|x|z|ss|status|bus)es$/i.test(word)) return word.slice(0, -2);
  if (/people$/i.test(word)) return `${word.slice(0, -4)}rson`;
  return /[^s]s$/i.test(word) ? word.slice(0, -1) : word;
}

/** The plural of an English word. */
export function plural(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(?:ch|sh|x|z|s)$/i.test(word)) return `${word}es`;
  return `${word}s`;
}

/** `ORDER_ID`, `Order Id`, `2nd` -> `orderId`, `orderId`, `_2nd`: a name for an attribute. */
export function propertyName(name: string): string {
  const words = /[a-z]/.test(name) ? name : name.toLowerCase();
  const camel = attributeName(words.replace(/^[A-Z]+(?=[A-Z][a-z])/, (head) => head.toLowerCase()).replace(/_+$/, ""));
  const plain = camel.replace(/[^\p{L}\p{N}_$]/gu, "") || "value";
  return /^\p{N}/u.test(plain) ? `_${plain}` : OBJECT_MEMBERS.has(plain) ? `${plain}Value` : plain;
}

/** A name for a class, from that of its table. */
function className(name: string): string {
  const camel = propertyName(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** Names for everything on the top level of the pulled modules: no two alike, in any spelling that a file system takes for one. */
export class TopLevelNames {
  readonly #used = new Set<string>();

  /** The class of a table. */
  forClass(table: Table): string {
    const plain = className(singular(table.name));
    const whole = className(singular(table.fullName).replaceAll(".", "_"));
    return this.#free(plain, className(table.name), whole, `${plain}Entity`, `${whole}Entity`);
  }

  /** The constant of a table that has no class. */
  forTable(table: Table): string {
    const plain = propertyName(table.name);
    return this.#free(plain, `${plain}Table`, `${propertyName(table.fullName.replaceAll(".", "_"))}Table`);
  }

  /** The constant of a sequence or a type. @param ending what it ends with where its name is taken */
  forConstant(fullName: string, ending: string): string {
    const plain = propertyName(fullName.replaceAll(".", "_"));
    return this.#free(plain, `${plain}${ending}`);
  }

  #free(...candidates: readonly [string, ...string[]]): string {
    const wanted = candidates.filter((each) => !TAKEN.has(each) && !this.#used.has(each.toLowerCase()));
    const last = candidates[candidates.length - 1] as string;
    let name = wanted[0];
    for (let n = 2; name === undefined; n++) if (!this.#used.has(`${last}${n}`.toLowerCase())) name = `${last}${n}`;
    this.#used.add(name.toLowerCase());
    return name;
  }
}

/** Names for the attributes of one class. */
export class AttributeNames {
  readonly #used = new Set<string>();

  take(...candidates: readonly [string, ...string[]]): string {
    const name = freeName(this.#used, ...candidates);
    this.#used.add(name);
    return name;
  }
}

/** `OrderDetail` -> `order-detail`. */
export function fileName(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1-$2")
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, "$1-$2")
    .toLowerCase();
}
