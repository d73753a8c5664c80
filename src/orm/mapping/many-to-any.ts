/**
 * A relation to one object of one of several classes: a comment on a post or on a photo. It is made of a relationship to each class, of which at most
 * one holds an object; the property gives and takes that one. (SQLAlchemy has it as a recipe: `generic_associations`.)
 */
import { ArgumentError } from "../../sql/errors.js";
import { t } from "../../sql/index.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import { AnyDescriptor, type ReferenceCheck } from "./any-descriptor.js";
import { type SharedKeys, sharedJoin } from "./any-sides.js";
import {
  type AnyClass,
  type ColumnDeclaration,
  type DescriptorDeclaration,
  declareProperty,
  PropertySpec,
  type RelationDeclaration,
  type RelationDeclarationOptions,
} from "./declarations.js";
import { refuseStandardDecorator } from "./registry.js";

/** Options of `@ManyToAny`. */
export interface ManyToAnyOptions
  extends Pick<RelationDeclarationOptions, "cascade" | "lazy" | "activeHistory" | "singleParent" | "index" | "info"> {
  /**
   * How it is stored, and who checks it. With `"flush"` (the default) and `"none"` there are two columns: the name of the class and the key of the object,
   * `subject_type` and `subject_id` of a property `subject`, which the class may map itself as `subjectType` and `subjectId`. With `"database"` there is a
   * foreign key to each class, and a CHECK that no more than one of them is set.
   */
  readonly references?: ReferenceCheck;
  /** Whether there may be no object. Default true. */
  readonly nullable?: boolean;
  /** The type of the key column, which is that of the classes' primary keys. Default `t.integer`. Not with `"database"`. */
  readonly idType?: SQLType;
  /** Of the foreign keys, with `"database"`. */
  readonly onDelete?: RelationDeclarationOptions["onDelete"];
  readonly onUpdate?: RelationDeclarationOptions["onUpdate"];
}

/** The classes by the names that rows have for them. */
export type AnyTargets = Readonly<Record<string, () => AnyClass>>;

class ManyToAnySpec extends PropertySpec {
  constructor(
    private readonly targets: AnyTargets,
    private readonly options: ManyToAnyOptions,
  ) {
    super();
  }

  declare(property: string, label: string): DescriptorDeclaration {
    const { targets, options } = this;
    const names = Object.keys(targets);
    if (names.length === 0) throw new ArgumentError(`${label}: @ManyToAny() takes at least one class, by its name.`);
    const references = options.references ?? "flush";
    if (references === "database" && options.idType !== undefined)
      throw new ArgumentError(
        `${label}: idType goes with a key column, and with references: "database" there is none.`,
      );
    if (references !== "database" && (options.onDelete ?? options.onUpdate) !== undefined)
      throw new ArgumentError(
        `${label}: onDelete and onUpdate are of foreign keys, which there are only with references: "database".`,
      );
    const shared = references === "database" ? null : { type: `${property}Type`, id: `${property}Id` };
    return {
      kind: "descriptor",
      property,
      columns: shared === null ? [] : this.columns(shared),
      relations: names.map((name) => this.member(property, name, shared)),
      make: (owner) => new AnyDescriptor(owner, property, names, shared, references, options),
    };
  }

  private columns(shared: SharedKeys): ColumnDeclaration[] {
    const nullable = this.options.nullable ?? true;
    const column = (property: string, type: SQLType): ColumnDeclaration => ({
      kind: "column",
      property,
      type,
      options: { nullable },
    });
    return [column(shared.type, t.string(50)), column(shared.id, plainType(this.options.idType ?? t.integer))];
  }

  /** The relationship to one of the classes. */
  private member(property: string, name: string, shared: SharedKeys | null): RelationDeclaration {
    const { cascade, lazy, activeHistory, singleParent, info, onDelete, onUpdate, index } = this.options;
    return {
      kind: "relation",
      property: `${property}.${name}`,
      keyName: property + name[0].toUpperCase() + name.slice(1),
      variant: { of: property, name, keys: shared },
      relation: "manyToOne",
      target: this.targets[name],
      options: {
        cascade,
        lazy,
        activeHistory,
        singleParent,
        info,
        ...(shared === null
          ? { onDelete, onUpdate, index }
          : { foreignKeys: [shared.id], primaryJoin: sharedJoin(shared, name, true) }),
      },
    };
  }
}

/** The same as `@ManyToAny` for `registry.mapImperatively(cls, table, { properties: { ... } })`. */
export function manyToAny(targets: AnyTargets, options: ManyToAnyOptions = {}): PropertySpec {
  return new ManyToAnySpec(targets, options);
}

/**
 * A relation to one object of one of several classes. On the other side, each class may have a collection that names it.
 *
 * In statements it is a relationship like others, to the attributes that the classes have in common; `c.subject.of(Post)` is the relationship to one of
 * them. Loader options load what each object refers to, with one statement for each class.
 *
 * @param targets the classes by the names that rows have for them
 * @param options where it is stored and who checks it; cascades; how it is loaded
 * @example
 * @ManyToAny({ post: () => Post, photo: () => Photo }) subject!: Relation<Post | Photo> | null;
 * // in Post:
 * @OneToMany(() => Comment, (c) => c.subject) comments!: Comment[];
 */
export function ManyToAny(
  targets: AnyTargets,
  options: ManyToAnyOptions = {},
): (target: object, property: string | symbol) => void {
  const spec = manyToAny(targets, options);
  return (target, property) => {
    refuseStandardDecorator(property, "@ManyToAny");
    declareProperty(target, spec.declare(String(property), `${target.constructor.name}.${String(property)}`));
  };
}
