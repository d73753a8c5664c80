/** The classes and rows of the query guide's chapters: members with their e-mail addresses and orders. */
import {
  Column,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

export const guide = registry();

@guide.Entity("members")
export class Member {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.string(50), { nullable: true }) fullName!: string | null;
  @OneToMany(
    () => Email,
    (e) => e.member,
    { orderBy: "id" },
  )
  emails!: Email[];
  @OneToMany(() => Order, { orderBy: "id" }) orders!: Order[];
}

@guide.Entity("emails")
export class Email {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "members.id" }) memberId!: number;
  @Column(t.string(50)) address!: string;
  @ManyToOne(
    () => Member,
    (m) => m.emails,
  )
  member!: Relation<Member>;
}

@guide.Entity("orders")
export class Order {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "members.id" }) memberId!: number;
  @ManyToMany(() => Item, { secondary: "order_items" }) items!: Item[];
}

@guide.Entity("items")
export class Item {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.string(30)) description!: string;
}

const mail = (address: string) => make(Email, { address });

/** Five members, the last without an address; the first has an order of two items. */
export async function members() {
  const store = await storeFor(guide);
  await store.Session.begin((s) => {
    const rows: [string, string, string[]][] = [
      ["ann", "Ann Archer", ["ann@one.org"]],
      ["bob", "Bob Baker", ["bob@one.org", "bob@two.org"]],
      ["cid", "Cid Cooper", ["cid@two.org"]],
      ["dan", "Dan Dyer", ["dan@one.org"]],
      ["eve", "Eve Earl", []],
    ];
    for (const [name, fullName, addresses] of rows)
      s.add(make(Member, { name, fullName, emails: addresses.map(mail) }));
    const items = ["mug", "hat"].map((name) => make(Item, { name, description: `a ${name}` }));
    s.add(make(Order, { memberId: 1, items }));
  });
  return { ...store, log: recordStatements(store.engine) };
}
