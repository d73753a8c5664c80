/** Both teams' branches are one again (`athanor merge heads`). */
import type { Operations } from "athanor/migrations";

export const revision = "0007";
export const downRevision = ["0005", "0006"];
export const message = "merge the branch of the languages";

export async function upgrade(op: Operations): Promise<void> {
  void op;
}

export async function downgrade(op: Operations): Promise<void> {
  void op;
}
