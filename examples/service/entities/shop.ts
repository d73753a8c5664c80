import { Column, Entity, type OptionalProps, PrimaryKey, t } from "athanor";

/** A tenant. Nothing of one shop is seen in another: see `policies/tenancy.ts`. */
@Entity("shops")
export class Shop {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  /** Its part of every address. */
  @Column(t.string(20), { unique: true }) slug!: string;
  @Column(t.string(60)) name!: string;
  @Column(t.string(120)) motto!: string;
  /** ISO 4217. All its prices are in it. */
  @Column(t.string(3)) currency!: string;
}

/** What belongs to one shop. */
export abstract class ShopOwned {
  @Column(t.integer, { foreignKey: () => Shop }) shopId!: number;
}

/** What is only marked when it is deleted, and can come back: see `policies/soft-delete.ts`. */
export abstract class SoftDeletable extends ShopOwned {
  @Column(t.timestamp, { nullable: true }) deletedAt!: Date | null;
}
