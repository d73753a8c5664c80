// Makes the database of the two services: argv is its URL and how many books. Tells the books that are bought, and tokens of customers.
import pg from "pg";
import { allShops, openDatabase, seedWhenEmpty, upgradeSchema } from "../../../examples/service/database.js";
import { unitOfWork } from "../../../examples/service/scope.js";
import { PASSWORD } from "../../../examples/service/seed/seed.js";
import { signIn } from "../../../examples/service/use-cases/customers.js";

const [url, books] = process.argv.slice(2) as [string, string];
const engine = openDatabase(url);
await upgradeSchema(engine);
await seedWhenEmpty(Number(books));
const [shop] = await allShops();
const tokens: string[] = [];
for (let i = 1; i <= 20; i++) {
  const { token } = await unitOfWork({ shop }, () => signIn({ email: `reader${i}@example.com`, password: PASSWORD }));
  tokens.push(token);
}
await engine.dispose();
const client = new pg.Client({ connectionString: url });
await client.connect();
// Enough for every round.
await client.query("update stocks set on_hand = 1000000");
const { rows } = await client.query<{ id: number }>("select id from books where shop_id = $1 order by id limit 2000", [
  shop?.id,
]);
await client.query("vacuum analyze");
await client.end();
process.send?.({ tokens, books: rows.map(({ id }) => id) });
process.disconnect?.();
