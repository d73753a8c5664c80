import {
  Column,
  Entity,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  t,
} from "athanor";

/** A continent, or a part of one. */
@Entity("regions")
export class Region {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Region,
    (region) => region.parts,
    { index: true, remoteSide: ["id"] },
  )
  parent!: Relation<Region> | null;
  @OneToMany(
    () => Region,
    (region) => region.parent,
  )
  parts!: Region[];
  @OneToMany(
    () => Country,
    (country) => country.region,
  )
  countries!: Country[];
}

@Entity("countries")
export class Country {
  @PrimaryKey(t.string(3)) code!: string;
  @Column(t.string(100)) name!: string;
  /** In square kilometres. */
  @Column(t.double, { nullable: true }) area!: number | null;
  /** Of its places together. */
  @Column(t.integer, { serverDefault: "0" }) population!: number;
  @ManyToOne(
    () => Region,
    (region) => region.countries,
    { nullable: false, index: true },
  )
  region!: Relation<Region>;
  @OneToMany(
    () => Place,
    (place) => place.country,
  )
  places!: Place[];
  @ManyToMany(
    () => Language,
    (language) => language.countries,
    { secondary: "country_languages" },
  )
  languages!: Language[];
}

@Entity("languages")
export class Language {
  @PrimaryKey(t.string(3)) code!: string;
  @Column(t.string(60)) name!: string;
  @ManyToMany(
    () => Country,
    (country) => country.languages,
  )
  countries!: Country[];
}

@Entity("places", { polymorphicOn: "status", polymorphicIdentity: "city" })
export class Place {
  /** Its number in GeoNames. */
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.string(200)) name!: string;
  @Column(t.enum(["capital", "regional_capital", "city"], { name: "place_status" }))
  status!: "capital" | "regional_capital" | "city";
  @Column(t.integer) population!: number;
  /** In degrees, north positive. */
  @Column(t.double) latitude!: number;
  /** In degrees, east positive. */
  @Column(t.double) longitude!: number;
  @Column(t.string(200), { index: true }) searchName!: string;
  @ManyToOne(
    () => Country,
    (country) => country.places,
    { nullable: false, index: true },
  )
  country!: Relation<Country>;
}

@Entity({ polymorphicIdentity: "regional_capital" })
export class RegionalCapital extends Place {}

@Entity("capitals", { polymorphicIdentity: "capital" })
export class Capital extends Place {
  /** Of its country, as two letters of Unicode. */
  @Column(t.string(16)) flag!: string;
}
