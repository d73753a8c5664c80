/** The status of a place was any text; now it is one of three. */
import { t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0003";
export const downRevision = "0002";
export const message = "the status of a place is an enum";

const VALUES = ["capital", "regional_capital", "city"] as const;

export async function upgrade(op: Operations): Promise<void> {
  const native = op.dialect.name === "postgresql";
  op.execute("update places set status = replace(status, ' ', '_') where status like '% %'");
  if (native) op.createEnum("place_status", VALUES);
  op.batchAlterTable("places", (batch) => {
    batch.alterColumn("status", {
      type: t.enum(VALUES, { name: "place_status" }),
      ...(native ? { using: "status::place_status" } : {}),
    });
  });
}

export async function downgrade(op: Operations): Promise<void> {
  const native = op.dialect.name === "postgresql";
  op.batchAlterTable("places", (batch) => {
    batch.alterColumn("status", { type: t.string(20), ...(native ? { using: "status::text" } : {}) });
  });
  if (native) op.dropEnum("place_status");
  op.execute("update places set status = replace(status, '_', ' ') where status like '%!_%' escape '!'");
}
