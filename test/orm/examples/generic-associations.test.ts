/** One kind of object that belongs to several kinds of parents. SQLAlchemy: `examples/generic_associations`; by a foreign key of its own see relationships/many-to-any.test.ts, by a table for each association recipes.test.ts. */
import { describe, expect, test } from "vitest";
import {
  Column,
  DeclaredAttr,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

describe("an association row with a discriminator between parent and member", () => {
  const reg = registry();

  @reg.Entity("place_lists", { polymorphicOn: "kind", polymorphicIdentity: "any" })
  class PlaceList {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) kind!: string;
    @OneToMany(
      () => Place,
      (p) => p.list,
      { cascade: ["all", "delete-orphan"], orderBy: "id" },
    )
    places!: Place[];
  }
  @reg.Entity({ polymorphicIdentity: "customer" })
  class CustomerPlaces extends PlaceList {
    @OneToOne(
      () => Customer,
      (c) => c.list,
    )
    parent!: Relation<Customer> | null;
  }
  @reg.Entity({ polymorphicIdentity: "supplier" })
  class SupplierPlaces extends PlaceList {}

  @reg.Entity("places")
  class Place {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) street!: string;
    @ManyToOne(
      () => PlaceList,
      (l) => l.places,
    )
    list!: Relation<PlaceList> | null;
  }

  @reg.Entity("customers")
  class Customer {
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => CustomerPlaces,
      (l) => l.parent,
      { cascade: ["all", "delete-orphan"], singleParent: true },
    )
    list!: Relation<CustomerPlaces> | null;
  }
  @reg.Entity("suppliers")
  class Supplier {
    @PrimaryKey() id!: number;
    @ManyToOne(() => SupplierPlaces, { cascade: ["all", "delete-orphan"], singleParent: true })
    list!: Relation<SupplierPlaces> | null;
  }

  test("[EX-02] each parent has a list of its own kind, and a member finds its parent through it", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) => {
      s.add(make(Customer, { list: make(CustomerPlaces, { places: [make(Place, { street: "One" })] }) }));
      s.add(make(Supplier, { list: make(SupplierPlaces, { places: [make(Place, { street: "Two" })] }) }));
    });
    await using session = Session();
    await session.runSync((plain) => {
      const all = plain.scalars(select(Place).orderBy((p) => p.id)).all();
      const [one] = all.filter((place) => place.street === "One");
      expect(one.list).toBeInstanceOf(CustomerPlaces);
      expect((one.list as CustomerPlaces).parent).toBeInstanceOf(Customer);
      expect(all.find((place) => place.street === "Two")?.list).toBeInstanceOf(SupplierPlaces);
      const customer = plain.scalars(select(Customer)).one();
      plain.delete(customer);
      plain.flush();
      expect(plain.scalars(select(Place)).all()).toHaveLength(1);
    });
  });
});

describe("a table of members for each kind of parent", () => {
  const reg = registry();

  abstract class Remark {
    @PrimaryKey() id!: number;
    @Column(t.string(20)) text!: string;
  }

  /** A parent with a class of remarks of its own. */
  abstract class HasRemarks {
    @DeclaredAttr((cls) =>
      OneToMany(() => remarksOf(cls), { cascade: ["all", "delete-orphan"], orderBy: "id" } as never),
    )
    remarks!: Remark[];
  }

  @reg.Entity("films")
  class Film extends HasRemarks {
    @PrimaryKey() id!: number;
  }
  @reg.Entity("plays")
  class Play extends HasRemarks {
    @PrimaryKey() id!: number;
  }
  @reg.Entity("film_remarks")
  class FilmRemark extends Remark {
    @Column(t.integer, { foreignKey: "films.id" }) parentId!: number;
  }
  @reg.Entity("play_remarks")
  class PlayRemark extends Remark {
    @Column(t.integer, { foreignKey: "plays.id" }) parentId!: number;
  }

  const remarksOf = (cls: { readonly name: string }): (new () => FilmRemark | PlayRemark) =>
    cls.name === "Film" ? FilmRemark : PlayRemark;

  test("[EX-02] a mixin declares the relationship, each class has it with its own table", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) => {
      s.add(make(Film, { remarks: [make(FilmRemark, { text: "long" })] }));
      s.add(make(Play, { remarks: [make(PlayRemark, { text: "short" }), make(PlayRemark, { text: "loud" })] }));
    });
    await using session = Session();
    await session.runSync((plain) => {
      expect(
        plain
          .scalars(select(Film))
          .one()
          .remarks.map((each) => each.text),
      ).toEqual(["long"]);
      expect(
        plain
          .scalars(select(Play))
          .one()
          .remarks.map((each) => each.text),
      ).toEqual(["short", "loud"]);
    });
  });
});
