/** Only capitals have a flag: they become a subclass of Place with a table of their own. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0005";
export const downRevision = "0004";
export const message = "capitals are a class of places";

export async function upgrade(op: Operations): Promise<void> {
  op.createTable("capitals", {
    id: column(t.integer, { primaryKey: true, foreignKey: foreignKey("places.id", { onDelete: "CASCADE" }) }),
    flag: column(t.string(16), { nullable: false }),
  });
  op.execute("insert into capitals (id, flag) select id, flag from places where status = 'capital'");
  op.batchAlterTable("places", (batch) => {
    batch.dropColumn("flag");
  });
}

export async function downgrade(op: Operations): Promise<void> {
  op.batchAlterTable("places", (batch) => {
    batch.addColumn("flag", column(t.string(16)));
  });
  op.execute(
    "update places set flag = (select flag from capitals where capitals.id = places.id) where status = 'capital'",
  );
  op.dropTable("capitals");
}
