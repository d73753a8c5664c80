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

@Entity("continents")
export class Continent {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @OneToMany(
    () => Region,
    (region) => region.continent,
    { cascade: ["all", "delete-orphan"], orderBy: "name" },
  )
  regions!: Region[];
}

@Entity("regions")
export class Region {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Continent,
    (continent) => continent.regions,
    { nullable: false },
  )
  continent!: Relation<Continent>;
  @OneToMany(
    () => Country,
    (country) => country.region,
    { orderBy: "name" },
  )
  countries!: Country[];
}

@Entity("countries")
export class Country {
  @PrimaryKey(t.string(3)) code!: string;
  @Column(t.string(100)) name!: string;
  @Column(t.string(200)) officialName!: string;
  @Column(t.string(100), { nullable: true }) capital!: string | null;
  /** In square kilometres. */
  @Column(t.double, { nullable: true }) area!: number | null;
  @Column() landlocked!: boolean;
  @Column() independent!: boolean;
  @Column(t.string(16)) flag!: string;

  @ManyToOne(
    () => Region,
    (region) => region.countries,
  )
  region!: Relation<Region> | null;
  /** Each border is stored once, from the country with the first code; `neighbours()` has both directions. */
  @ManyToMany(
    () => Country,
    (country) => country.borderedBy,
    {
      secondary: "borders",
      joinColumns: ["country_code"],
      inverseJoinColumns: ["neighbour_code"],
    },
  )
  borders!: Country[];
  @ManyToMany(
    () => Country,
    (country) => country.borders,
  )
  borderedBy!: Country[];
  @ManyToMany(
    () => Language,
    (language) => language.countries,
    { secondary: "country_languages", orderBy: "name" },
  )
  languages!: Language[];
  @OneToMany(
    () => Tender,
    (tender) => tender.country,
    { cascade: ["all", "delete-orphan"] },
  )
  tenders!: Tender[];
  @OneToMany(
    () => City,
    (city) => city.country,
    { cascade: ["all", "delete-orphan"], orderBy: "-population" },
  )
  cities!: City[];

  neighbours(): Country[] {
    return [...this.borders, ...this.borderedBy];
  }
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

@Entity("currencies")
export class Currency {
  @PrimaryKey(t.string(3)) code!: string;
  @Column(t.string(60)) name!: string;
  @OneToMany(
    () => Tender,
    (tender) => tender.currency,
  )
  tenders!: Tender[];
}

/** A currency as one country uses it: the association of the two, with the symbol used there. */
@Entity("tenders")
export class Tender {
  @ManyToOne(
    () => Country,
    (country) => country.tenders,
    { primaryKey: true },
  )
  country!: Relation<Country>;
  @ManyToOne(
    () => Currency,
    (currency) => currency.tenders,
    { primaryKey: true },
  )
  currency!: Relation<Currency>;
  @Column(t.string(10)) symbol!: string;
}

@Entity("cities")
export class City {
  /** Its number in GeoNames. */
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.string(200), { index: true }) name!: string;
  @Column() isCapital!: boolean;
  @Column(t.integer) population!: number;
  /** In degrees, north positive. */
  @Column(t.double) latitude!: number;
  /** In degrees, east positive. */
  @Column(t.double) longitude!: number;
  @ManyToOne(
    () => Country,
    (country) => country.cities,
    { nullable: false, index: true },
  )
  country!: Relation<Country>;
}
