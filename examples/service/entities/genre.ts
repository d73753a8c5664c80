import { Column, Entity, type OptionalProps, PrimaryKey, t, UniqueConstraint } from "athanor";
import { ShopOwned } from "./shop.js";

@Entity("genres", { tableArgs: () => [new UniqueConstraint(["shop_id", "slug"])] })
export class Genre extends ShopOwned {
  declare [OptionalProps]?: "id" | "shopId";
  @PrimaryKey() id!: number;
  @Column(t.string(30)) slug!: string;
  @Column(t.string(60)) name!: string;
}
