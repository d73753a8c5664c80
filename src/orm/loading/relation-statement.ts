/** The statement that loads a relationship by the keys of its parents: all members, those of certain places, or a tree of them. */
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import type { Column } from "../../sql/schema/column.js";
import { Select } from "../../sql/selectable/select.js";
import { pageOf } from "./paged-members.js";
import { treeOf } from "./recursive-members.js";
import { type KeyForm, keyParameters, keysAmong } from "./relation-keys.js";
import { type KeyedStatement, limitedTo, type RelationRows } from "./relation-rows.js";

/** Selects the keys of the parents by their columns, for a load by subquery. */
export type ParentKeys = (columns: readonly Column[]) => Select;

/** @param parentKeys what tells the keys in the form of a subquery */
export function statementFor(
  relation: RelationRows,
  dialect: Dialect,
  form: KeyForm,
  parentKeys: ParentKeys | null,
): KeyedStatement {
  const { option } = relation;
  const { capabilities } = dialect;
  const condition = (keys: readonly ColumnElement[]): ColumnElement => {
    if (form !== "subquery") return keyParameters(keys, form, capabilities);
    const parents = (parentKeys as ParentKeys)(relation.local).subquery();
    return keysAmong(keys, new Select([...parents.columns], []), capabilities);
  };
  if (option?.depth != null) return treeOf(relation, option.depth, condition, capabilities);
  if (option?.page?.counts === true) return pageOf(relation, option.page, condition, form === "one", capabilities);
  const rows = relation.all();
  return limitedTo(rows, condition(rows.keys));
}
