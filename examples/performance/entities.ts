import { Column, column, MetaData, type OptionalProps, PrimaryKey, registry, t, table } from "athanor";

const metadata = new MetaData();

export const customers = table("performance_customers", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(60), { nullable: false }),
  city: column(t.string(60), { nullable: false }),
  points: column(t.integer, { nullable: false }),
});

const reg = registry({ metadata });

@reg.Entity({ table: customers })
export class Customer {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(60)) name!: string;
  @Column(t.string(60)) city!: string;
  @Column(t.integer) points!: number;
}

/** The values of the nth customer. */
export const customer = (n: number): { id: number; name: string; city: string; points: number } => ({
  id: n,
  name: `Customer ${n}`,
  city: n % 3 === 0 ? "Porto" : "Lyon",
  points: n % 100,
});
