import "reflect-metadata";
import { expect, test } from "vitest";

function Seen(): PropertyDecorator {
  return () => undefined;
}

class Sample {
  @Seen() count!: number;
  @Seen() name!: string;
  @Seen() at!: Date;
  @Seen() maybe!: string | null;
}

function designType(property: string): unknown {
  return Reflect.getMetadata("design:type", Sample.prototype, property);
}

test("the test transform applies legacy decorators and emits design:type", () => {
  expect(designType("count")).toBe(Number);
  expect(designType("name")).toBe(String);
  expect(designType("at")).toBe(Date);
});

test("a union with null emits Object, so that such a column needs its type in the decorator", () => {
  expect(designType("maybe")).toBe(Object);
});
