/** Hierarchies for the tests of loading: joined tables with a single-table branch, and one shared table. */
import { Column, ManyToOne, OneToMany, PrimaryKey, type Relation, registry, t } from "../../../src/index.js";

export const staff = registry();
const { Entity: Mapped } = staff;

@Mapped("companies")
export class Company {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(
    () => Employee,
    (e) => e.company,
    { orderBy: "id" },
  )
  employees!: Employee[];
  @OneToMany(
    () => Vehicle,
    (v) => v.company,
    { orderBy: "id" },
  )
  vehicles!: Vehicle[];
}

@Mapped({ tableName: "employees", polymorphicOn: "kind", polymorphicIdentity: "employee" })
export class Employee {
  @PrimaryKey() id!: number;
  @Column() kind!: string;
  @Column() name!: string;
  @ManyToOne(
    () => Company,
    (c) => c.employees,
  )
  company!: Relation<Company> | null;
  @ManyToOne(
    () => Manager,
    (m) => m.reports,
    { foreignKeys: ["bossId"] },
  )
  boss!: Relation<Manager> | null;
  @Column(t.integer, { nullable: true, foreignKey: "managers.id" })
  bossId!: number | null;
}

@Mapped({ tableName: "managers", polymorphicIdentity: "manager" })
export class Manager extends Employee {
  @Column() level!: number;
  @OneToMany(
    () => Employee,
    (e) => e.boss,
    { orderBy: "id" },
  )
  reports!: Employee[];
}

@Mapped({ tableName: "engineers", polymorphicIdentity: "engineer" })
export class Engineer extends Employee {
  @Column() language!: string;
}

@Mapped({ tableName: "vehicles", polymorphicOn: "type", polymorphicIdentity: "vehicle" })
export class Vehicle {
  @PrimaryKey() id!: number;
  @Column() type!: string;
  @Column() plate!: string;
  @ManyToOne(
    () => Company,
    (c) => c.vehicles,
  )
  company!: Relation<Company> | null;
  @Column(t.integer, { nullable: true, foreignKey: "companies.id" })
  companyId!: number | null;
}

@Mapped({ polymorphicIdentity: "car" })
export class Car extends Vehicle {
  @Column({ nullable: true }) doors!: number;
}

@Mapped({ polymorphicIdentity: "taxi" })
export class Taxi extends Car {
  @Column({ nullable: true }) sign!: string;
}

@Mapped({ polymorphicIdentity: "truck" })
export class Truck extends Vehicle {
  @Column({ nullable: true }) load!: number;
}
