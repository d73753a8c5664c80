/** UPDATE and DELETE, as the bulk operations see them. */
import type { Delete } from "../../sql/dml/delete.js";
import type { DMLStatement } from "../../sql/dml/dml.js";
import type { Update } from "../../sql/dml/update.js";
import type { ColumnElement } from "../../sql/element.js";

/** UPDATE or DELETE with what both have. */
export type Bulk = (Update | Delete) & DMLStatement & { readonly whereCriteria: readonly ColumnElement[] };
