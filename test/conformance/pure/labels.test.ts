import { expect, test } from "vitest";
import { ScenarioError } from "../errors.js";
import { Labels } from "../labels.js";

class Item {
  id: number | null = null;
  identity: unknown[] | null = null;
}

function item(fields: Partial<Item>): Item {
  return Object.assign(new Item(), fields);
}

const labels = () =>
  new Labels(
    () => ["id"],
    (object) => (object as Item).identity,
  );

test("an object is labelled by the first name that was bound to it", () => {
  const all = labels();
  const object = item({ id: 1 });
  all.bind("first", object);
  all.bind("second", object);
  expect(all.label(object)).toBe("first");
  expect(all.get("second")).toBe(object);
});

test("an object without a name is labelled by class and identity key, else by its primary-key attributes", () => {
  expect(labels().label(item({ id: 9, identity: [1, "a"] }))).toBe("Item(1,a)");
  expect(labels().label(item({ id: 9 }))).toBe("Item(9)");
  expect(labels().label(item({}))).toBe("Item(null)");
  expect(labels().label(null)).toBeNull();
});

test("a primary-key attribute that would have to be loaded shows as null", () => {
  const expired = new Labels(
    () => ["id"],
    () => null,
  );
  const object = Object.defineProperty(new Item(), "id", {
    get: () => {
      throw new Error("I/O");
    },
  });
  expect(expired.label(object)).toBe("Item(null)");
});

test("a name bound to nothing is null, and a name that was never bound is an error of the scenario", () => {
  const all = labels();
  all.bind("none", null);
  expect(all.get("none")).toBeNull();
  expect(all.get(null)).toBeNull();
  expect(() => all.get("never")).toThrow(ScenarioError);
});

test("labels are sorted as strings", () => {
  const objects = [2, 10, 1].map((id) => item({ id, identity: [id] }));
  expect(labels().sorted(objects)).toEqual(["Item(1)", "Item(10)", "Item(2)"]);
});
