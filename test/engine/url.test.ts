import { describe, expect, test } from "vitest";
import { makeUrl, URL } from "../../src/engine/url.js";

describe("a database URL", () => {
  test("is read into its parts", () => {
    const url = makeUrl("postgresql+pg://scott:tiger@db.example:5433/app?sslmode=require&application_name=x");
    expect(url).toMatchObject({
      drivername: "postgresql+pg",
      backendName: "postgresql",
      driverName: "pg",
      username: "scott",
      password: "tiger",
      host: "db.example",
      port: 5433,
      database: "app",
    });
    expect(url.query).toEqual({ sslmode: "require", application_name: "x" });
  });

  test("of SQLite has three slashes before a relative path and four before an absolute one", () => {
    expect(makeUrl("sqlite://").database).toBe(null);
    expect(makeUrl("sqlite:///app.db").database).toBe("app.db");
    expect(makeUrl("sqlite:////var/app.db").database).toBe("/var/app.db");
    expect(makeUrl("sqlite:///:memory:").database).toBe(":memory:");
    expect(makeUrl("sqlite://?mode=memory").option("mode")).toBe("memory");
  });

  test.each(["p@ss", "a:b/c?d#e", "100%", "ünï ✓", "+ +", "%40", "[x]", "'\"\\"])(
    "makes the round trip with the password %j",
    (password) => {
      const url = URL.create({ drivername: "postgresql", username: "u:@", password, host: "h", database: "d" });
      const again = makeUrl(url.renderAsString({ hidePassword: false }));
      expect(again.password).toBe(password);
      expect(again.username).toBe("u:@");
      expect(again.equals(url)).toBe(true);
    },
  );

  test("hides the password wherever it is printed", () => {
    const url = makeUrl("postgresql://scott:tiger@h/d");
    expect(String(url)).toBe("postgresql://scott:***@h/d");
    expect(JSON.stringify({ url })).not.toContain("tiger");
    expect(url.renderAsString({ hidePassword: false })).toBe("postgresql://scott:tiger@h/d");
  });

  test("takes IPv6 hosts, sockets in the query, and options that are given several times", () => {
    expect(makeUrl("postgresql://[::1]:5432/d")).toMatchObject({ host: "::1", port: 5432 });
    expect(String(makeUrl("postgresql://[::1]:5432/d"))).toBe("postgresql://[::1]:5432/d");
    const url = makeUrl("postgresql:///d?host=/var/run&x=1&x=2");
    expect(url.host).toBe(null);
    expect(url.option("host")).toBe("/var/run");
    expect(url.query.x).toEqual(["1", "2"]);
    expect(() => url.option("x")).toThrow('The option "x" of the database URL was given 2 times');
  });

  test("is changed by making another one", () => {
    const url = makeUrl("postgresql://scott@h/d?a=1");
    expect(String(url.set({ database: "other", port: 1 }))).toBe("postgresql://scott@h:1/other?a=1");
    expect(String(url.updateQueryDict({ b: "2" }))).toBe("postgresql://scott@h/d?a=1&b=2");
    expect(String(url.differenceUpdateQuery(["a"]))).toBe("postgresql://scott@h/d");
  });

  test("that is none is refused with the form it should have, and without its password", () => {
    expect(() => makeUrl("app.db")).toThrow('Could not read a database URL from "app.db"; its form is dialect://');
    expect(() => makeUrl("no url://u:secret@h/d")).toThrow(/"no url:\/\/u:\*\*\*@h\/d"/);
    expect(() => makeUrl("postgresql://h:port/d")).toThrow('"port" is no port');
    expect(() => makeUrl("postgresql://h:99999/d")).toThrow('"99999" is no port');
    expect(() => makeUrl("sqlite://:memory:")).toThrow("A database in memory is sqlite:///:memory:");
    expect(() => makeUrl(undefined as never)).toThrow("not undefined (is the environment variable set?)");
    expect(() => URL.create({ drivername: "a b" })).toThrow('"a b" is no driver name');
  });
});
