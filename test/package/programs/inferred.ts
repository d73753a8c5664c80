import "reflect-metadata";
import { asyncSessionmaker, Column, createAsyncEngine, Entity, metadata, PrimaryKey, select } from "athanor";

@Entity("accounts")
class Account {
  @PrimaryKey() id!: number;
  @Column() owner!: string;
  @Column() active!: boolean;
}

const engine = createAsyncEngine("sqlite://");
await metadata.createAll(engine);
const session = asyncSessionmaker(engine)();
session.add(Object.assign(new Account(), { owner: "Bob", active: true }));
await session.commit();
session.expungeAll();

const account: Account = await session.scalars(select(Account).where((a) => a.active.eq(true))).one();
console.log(account.id, account.owner, account.active);
await session.close();
await engine.dispose();
