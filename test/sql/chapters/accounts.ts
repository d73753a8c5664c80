import { type AsyncConnection, column, insert, MetaData, t, table, text } from "../../../src/index.js";
import type { Name } from "../both-databases.js";

/** The tables and rows that the chapters of the tutorial, and some after them, speak about. */
export const metadata = new MetaData();

export const user = table("user_account", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(30)),
  fullname: column(t.string),
});

export const address = table("address", metadata, {
  id: column(t.integer, { primaryKey: true }),
  userId: column(t.integer, { name: "user_id", foreignKey: "user_account.id", nullable: false }),
  email: column(t.string, { name: "email_address", nullable: false }),
});

/** Puts three people and three addresses in. */
export async function fill(connection: AsyncConnection, name: Name): Promise<void> {
  await connection.execute(insert(user), [
    { id: 1, name: "spongebob", fullname: "Spongebob Squarepants" },
    { id: 2, name: "sandy", fullname: "Sandy Cheeks" },
    { id: 3, name: "patrick", fullname: "Patrick Star" },
  ]);
  await connection.execute(insert(address), [
    { id: 1, userId: 1, email: "spongebob@sqlalchemy.org" },
    { id: 2, userId: 2, email: "sandy@sqlalchemy.org" },
    { id: 3, userId: 2, email: "sandy@squirrelpower.org" },
  ]);
  if (name === "postgresql") {
    for (const each of ["user_account", "address"])
      await connection.execute(text(`SELECT setval(pg_get_serial_sequence('${each}', 'id'), 3)`));
  }
}
