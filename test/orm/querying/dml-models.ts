import { Column, func, ManyToOne, OneToMany, PrimaryKey, type Relation, registry, t } from "../../../src/index.js";
import { make, storeFor } from "../support.js";

export const reg = registry();

@reg.Entity("accounts")
export class Account {
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @Column(t.integer, { nullable: true, default: 18 }) age!: number | null;
  @Column(t.string(50), { nullable: true }) fullName!: string | null;
  @Column(t.timestamp, { serverDefault: func.now() }) createdAt!: Date;
  @OneToMany(
    () => Entry,
    (e) => e.account,
    { orderBy: "id" },
  )
  entries!: Entry[];
}

@reg.Entity("entries")
export class Entry {
  @PrimaryKey() id!: number;
  @Column(t.integer) amount!: number;
  @Column(t.boolean, { default: true }) open!: boolean;
  @Column(t.timestamp, { nullable: true }) dueAt!: Date | null;
  @Column(t.integer, { onupdate: 7, default: 0 }) touched!: number;
  @ManyToOne(
    () => Account,
    (a) => a.entries,
  )
  account!: Relation<Account> | null;
}

@reg.Entity("documents", { versionIdCol: "version" })
export class Document {
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @Column(t.string(20)) title!: string;
}

@reg.Entity("employees", { polymorphicOn: "type", polymorphicIdentity: "employee" })
export class Employee {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) type!: string;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { default: 1 }) salary!: number;
}

@reg.Entity("managers", { polymorphicIdentity: "manager" })
export class Manager extends Employee {
  @Column(t.string(50)) office!: string;
}

@reg.Entity("pairs")
export class Pair {
  @PrimaryKey(t.integer) left!: number;
  @PrimaryKey(t.integer) right!: number;
  @Column(t.string(10)) label!: string;
}

export async function withAccounts() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const accounts = ["ann", "bob", "cid"].map((name, i) => make(Account, { name, age: (i + 1) * 10, fullName: null }));
  session.addAll(accounts);
  await session.commit();
  return { ...store, session, accounts };
}
