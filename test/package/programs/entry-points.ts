// The entry point that needs no other package.
import { defineFactory, expectStatements } from "athanor/testing";

console.log(typeof defineFactory, await expectStatements(0, () => "none"));
