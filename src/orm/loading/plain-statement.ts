/** What mapped classes ask of a statement that is not loaded from: on a connection, between tables, or printed. */
import { Delete } from "../../sql/dml/delete.js";
import { DMLStatement } from "../../sql/dml/dml.js";
import { saysRows } from "../../sql/dml/restricted.js";
import { Update } from "../../sql/dml/update.js";
import type { LoadOption } from "../../sql/entity.js";
import { setPlainSQL } from "../../sql/mapped.js";
import type { Node } from "../../sql/node.js";
import { CompoundSelect } from "../../sql/selectable/compound.js";
import { SetMember } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { criteriaAmong } from "./option-tree.js";
import { OrmEntity } from "./orm-entity.js";
import { prepareNode, prepareWrite } from "./statement-entities.js";

function plainStatement(statement: Node): Node {
  const criteria = criteriaAmong(optionsIn(statement));
  const isWrite = (statement instanceof Update || statement instanceof Delete) && statement.entity instanceof OrmEntity;
  // One that does not say which rows it means is refused, whatever its class says.
  return isWrite && saysRows(statement)
    ? prepareWrite(statement as Update, criteria)
    : prepareNode(statement, criteria);
}

/** The options of a statement; those of the queries of a union hold for the whole. */
function optionsIn(node: Node): readonly LoadOption[] {
  if (node instanceof Select || node instanceof DMLStatement) return node.loadOptions;
  return node instanceof CompoundSelect || node instanceof SetMember
    ? [...new Set(node.children().flatMap(optionsIn))]
    : [];
}

/** Lets connections and printing know of mapped classes. */
export function installPlainSQL(): void {
  setPlainSQL(plainStatement);
}
