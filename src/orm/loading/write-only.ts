/** What a write-only relationship hands out. SQLAlchemy: `WriteOnlyCollection`. */

import { type Delete, del } from "../../sql/dml/delete.js";
import { type EntityValues, type Insert, insert } from "../../sql/dml/insert.js";
import { type Update, update } from "../../sql/dml/update.js";
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import type { Attrs, MANY, Members } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import { Join } from "../../sql/selectable/join.js";
import { ScalarSelect } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { installWriteOnly, type WriteOnlyAttribute } from "../attributes/write-only-attribute.js";
import { mapperOf, type Relationship } from "../mapping/mapper.js";
import type { InstanceState } from "../state.js";
import { wholly } from "../undo.js";
import { aliasOf, entityOf } from "./entity.js";
import { InstrumentedRelation, keyBind } from "./instrumented-relation.js";
import type { OrmEntity } from "./orm-entity.js";

/**
 * A collection that is never loaded, for parents with too many members: `lazy: "write_only"`. Members are added and removed one by one and written
 * by the next flush; reading and mass changes are statements, already bound to the parent.
 *
 * @example
 * @OneToMany(() => Post, (p) => p.author, { lazy: "write_only", passiveDeletes: true }) posts!: WriteOnlyCollection<Post>;
 *
 * user.posts.add(create(Post, { title: "x" }));
 * const newest = await session.scalars(user.posts.select().orderBy((p) => p.id.desc()).limit(10)).all();
 * await session.execute(user.posts.update().where((p) => p.title.eq("x")).values({ title: "y" }));
 */
export class WriteOnlyCollection<E extends object> implements Members<E> {
  declare readonly [MANY]?: E;
  readonly #attribute: WriteOnlyAttribute;
  readonly #state: InstanceState;

  /** @internal */
  constructor(attribute: WriteOnlyAttribute, state: InstanceState) {
    this.#attribute = attribute;
    this.#state = state;
  }

  /** Adds a member: cascades and the other side follow at once, the row with the next flush. */
  add(item: E): void {
    this.#attribute.whole(() => this.#attribute.append(this.#state, item));
  }
  /** Adds all of them, or none where one is refused. */
  addAll(items: Iterable<E>): void {
    wholly(() => {
      for (const item of items) this.#attribute.append(this.#state, item);
    });
  }
  /** Takes a member out; it must be one, since that is not looked up. */
  remove(item: E): void {
    this.#attribute.check(item, this.#state);
    this.#attribute.whole(() => this.#attribute.pop(this.#state, item));
  }

  /** The members, in the order of the relationship; to be filtered, ordered and limited further, and streamed. */
  select(): Select<[E], [Attrs<E>]> {
    return this.#members() as Select<[E], [Attrs<E>]>;
  }

  /**
   * An INSERT of members with the parent's key in each row. Of one-to-many relationships.
   *
   * @throws InvalidRequestError for a many-to-many: insert the objects, then `addAll` them
   */
  insert(): Insert<never, E, Partial<EntityValues<E>>> {
    const { join, label, target } = this.#relationship;
    if (join.secondary !== null) {
      throw new InvalidRequestError(
        `${label} is a many-to-many: an INSERT of members cannot tie them. Insert the objects (insert(${target.className}).returning(${target.className})), then addAll() them.`,
      );
    }
    const values = join.pairs.map(({ local, remote }) => [target.attributeOf(remote).key, keyBind(this.#state, local)]);
    return (insert(target.cls) as Insert<never, E, Partial<EntityValues<E>>>).values(Object.fromEntries(values));
  }

  /** An UPDATE of the members' rows. */
  update(): Update<never, EntityValues<E>, [Attrs<E>]> {
    const made = update(this.#relationship.target.cls) as { where(criterion: unknown): unknown };
    return made.where(this.#criterion()) as Update<never, EntityValues<E>, [Attrs<E>]>;
  }

  /** A DELETE of the members' rows. */
  delete(): Delete<never, [Attrs<E>]> {
    const made = del(this.#relationship.target.cls) as { where(criterion: unknown): unknown };
    return made.where(this.#criterion()) as Delete<never, [Attrs<E>]>;
  }

  /** A collection that is not in memory is not copied into JSON. */
  toJSON(): undefined {
    return undefined;
  }

  get #relationship(): Relationship {
    return mapperOf(this.#state).relationship(this.#attribute.key) as Relationship;
  }

  #members(): Select {
    const relationship = this.#relationship;
    const { join, target } = relationship;
    const entity = entityOf(target);
    const order = new InstrumentedRelation(entity, relationship).orderFor(entity);
    const select = new Select([entity], []);
    const equal = (column: ColumnElement, local: Column): ColumnElement => column.eq(keyBind(this.#state, local));
    if (!join.simple) return this.#byParent(select, relationship, entity);
    if (join.secondary === null || join.secondaryJoin === null) {
      const where = join.pairs.map(({ local, remote }) => equal(entity.columnFor(remote), local));
      return select.with({ whereCriteria: where, orderByClauses: order });
    }
    const on = relationship.condition(
      join.secondaryJoin,
      (column) => column,
      (column) => entity.columnFor(column),
    );
    const from = new Join(join.secondary, entity.from, on, "inner");
    const where = join.pairs.map(({ local, remote }) => equal(remote, local));
    return select.with({ fromObjects: [from], whereCriteria: where, orderByClauses: order });
  }

  /** The condition may say anything: the parent is joined under another name. */
  #byParent(select: Select, relationship: Relationship, entity: OrmEntity): Select {
    const parent = aliasOf(relationship.parent, null);
    const along = new InstrumentedRelation(parent, relationship, entity);
    let from = parent.from;
    for (const step of along.stepsTo(entity)) from = new Join(from, step.right, step.on, "inner");
    const where = relationship.parent.primaryKey.map(({ column }) =>
      parent.columnFor(column).eq(keyBind(this.#state, column)),
    );
    return select.with({ fromObjects: [from], whereCriteria: where, orderByClauses: along.orderFor(entity) });
  }

  /** The condition on the members' own table. */
  #criterion(): ColumnElement {
    const { join, target } = this.#relationship;
    const entity = entityOf(target);
    if (join.simple && join.secondary === null) {
      return allOf(join.pairs.map(({ local, remote }) => entity.columnFor(remote).eq(keyBind(this.#state, local))));
    }
    const [key, ...others] = target.primaryKey.map(({ column }) => entity.columnFor(column));
    if (others.length > 0) {
      throw new InvalidRequestError(
        `${this.#relationship.label}: update() and delete() of its members need a primary key of one column in ${target.className}. Write the statement with a condition of your own.`,
      );
    }
    const keys = this.#members().with({ rawColumns: [key], orderByClauses: [] });
    return key.in(new ScalarSelect(keys));
  }
}

/** Makes write-only relationships hand these out. */
export function installWriteOnlyCollections(): void {
  installWriteOnly((attribute, state) => new WriteOnlyCollection(attribute, state));
}
