import { describe, expect, test } from "vitest";
import { RevisionGraph, type RevisionModule } from "../../../src/migrations/index.js";
import { revisionOf } from "../../../src/migrations/revision.js";

type Given = Partial<RevisionModule> & { readonly revision: string };

const graph = (...given: readonly Given[]): RevisionGraph =>
  new RevisionGraph(given.map((each) => revisionOf({ downRevision: null, upgrade() {}, ...each })));

const line = () =>
  graph({ revision: "a1" }, { revision: "b2", downRevision: "a1" }, { revision: "c3", downRevision: "b2" });

/** a1 - b2 (label left) - d4, a1 - c3 (label right) - e5 */
const fork = () =>
  graph(
    { revision: "a1" },
    { revision: "b2", downRevision: "a1", branchLabels: ["left"] },
    { revision: "c3", downRevision: "a1", branchLabels: ["right"] },
    { revision: "d4", downRevision: "b2" },
    { revision: "e5", downRevision: "c3" },
  );

const has = (...ids: string[]) => new Set(ids);
const up = (g: RevisionGraph, to: string, applied = has()) =>
  g.upgradePath(applied, g.resolve(to, applied)).map((each) => each.id);
const down = (g: RevisionGraph, to: string, applied: Set<string>) =>
  g.downgradePath(applied, g.resolve(to, applied)).map((each) => each.id);

describe("the history", () => {
  test("knows its heads, bases and branch points", () => {
    const g = fork();
    expect([g.heads, g.bases, g.branchPoints]).toEqual([["e5", "d4"], ["a1"], ["a1"]]);
  });

  test("refuses two files of one identifier, a missing ancestor, a ring and a label used twice, each by name", () => {
    expect(() => graph({ revision: "a" }, { revision: "a" })).toThrow(/^Two files call themselves revision a: /);
    expect(() => graph({ revision: "b", downRevision: "a" })).toThrow(
      /^Revision b names downRevision "a", and there is no such revision\. Bring its file back, or mend downRevision\.$/,
    );
    expect(() => graph({ revision: "a", downRevision: "b" }, { revision: "b", downRevision: "a" })).toThrow(
      /^Revisions are their own ancestors: a, b\./,
    );
    expect(() => graph({ revision: "a", branchLabels: ["x"] }, { revision: "b", branchLabels: ["x"] })).toThrow(
      /^The branch label "x" of revision b is taken by a\.$/,
    );
  });

  test("[AT-03] an upgrade goes to head, to an identifier or its beginning, and by steps", () => {
    const g = line();
    expect(up(g, "head")).toEqual(["a1", "b2", "c3"]);
    expect(up(g, "b")).toEqual(["a1", "b2"]);
    expect(up(g, "+2")).toEqual(["a1", "b2"]);
    expect(up(g, "+1", has("a1"))).toEqual(["b2"]);
    expect(up(g, "a1+1")).toEqual(["a1", "b2"]);
    expect(up(g, "head-1")).toEqual(["a1", "b2"]);
  });

  test("[AT-03] a downgrade goes to base, to an identifier, and by steps", () => {
    const g = line();
    const all = has("a1", "b2", "c3");
    expect(down(g, "base", all)).toEqual(["c3", "b2", "a1"]);
    expect(down(g, "a1", all)).toEqual(["c3", "b2"]);
    expect(down(g, "-1", all)).toEqual(["c3"]);
    expect(down(g, "-3", all)).toEqual(["c3", "b2", "a1"]);
  });

  test("[AT-03] an ambiguous beginning lists the candidates, and an unknown name says where the history ends", () => {
    const g = graph({ revision: "ab1" }, { revision: "ab2", downRevision: "ab1", branchLabels: ["late"] });
    expect(() => g.resolve("ab")).toThrow('"ab" is the beginning of several revisions: ab1, ab2. Write more of it.');
    expect(() => g.resolve("zz")).toThrow('There is no revision "zz". The history ends at ab2; branch labels: late.');
    expect(() => g.resolve("+3")).toThrow('"+3" goes 3 steps, and the history ends after 2.');
  });

  test("[AR-01] head is refused where there are two, with what to write instead", () => {
    expect(() => fork().resolve("head")).toThrow(
      'The history has 2 heads: e5, d4. "head" means one of them: write "heads" for all, "<branch label or revision>@head" for one, or join them with `athanor merge heads`.',
    );
  });

  test("[AR-02] a branch is addressed by its label, upwards and downwards", () => {
    const g = fork();
    expect(up(g, "heads")).toEqual(["a1", "c3", "e5", "b2", "d4"]);
    expect(up(g, "left@head")).toEqual(["a1", "b2", "d4"]);
    expect(up(g, "left@+1", has("a1", "b2"))).toEqual(["d4"]);
    const all = has("a1", "b2", "c3", "d4", "e5");
    expect(down(g, "left@base", all)).toEqual(["d4", "b2"]);
    expect(down(g, "right@-1", all)).toEqual(["e5"]);
    expect(() => g.resolve("-1", all)).toThrow(
      '"-1" starts from several revisions (e5, d4). Say from which: "<revision>-1" or "<branch>@-1".',
    );
    expect(() => g.resolve("+1", has("a1"))).toThrow('"+1" is ambiguous: after a1 come b2, c3. Name the one to go to.');
  });

  test("[AR-02] steps on a branch leave the others as they are, and begin where the branch leaves what is applied", () => {
    const g = fork();
    expect(down(g, "left@-1", has("a1", "b2", "c3", "e5"))).toEqual(["b2"]);
    expect(down(g, "right@a1", has("a1", "b2", "c3", "e5"))).toEqual(["e5", "c3"]);
    expect(up(g, "left@+1", has("a1"))).toEqual(["b2"]);
    expect(up(g, "left@+2", has("a1", "c3"))).toEqual(["b2", "d4"]);
    expect(up(g, "left@+1")).toEqual(["a1"]);
  });

  test("[AR-02] a revision may depend on a branch by its label", () => {
    const g = graph({ revision: "a1", branchLabels: ["base"] }, { revision: "b1", dependsOn: "base" });
    expect(up(g, "b1")).toEqual(["a1", "b1"]);
    expect(() => graph({ revision: "b1", dependsOn: "nowhere" })).toThrow(/^Revision b1 names dependsOn "nowhere"/);
  });

  test("[AR-02] what a revision depends on comes before it, on whichever branch it is", () => {
    const g = graph(
      { revision: "a1" },
      { revision: "a2", downRevision: "a1", dependsOn: "b1" },
      { revision: "b1" },
      { revision: "b2", downRevision: "b1" },
    );
    expect(up(g, "a2")).toEqual(["b1", "a1", "a2"]);
    expect(down(g, "b1@base", has("a1", "a2", "b1", "b2"))).toEqual(["a2", "b2", "b1"]);
  });

  test("[AR-01] a merge follows both of its parents", () => {
    const g = graph(
      { revision: "a" },
      { revision: "b", downRevision: "a" },
      { revision: "c", downRevision: "a" },
      { revision: "m", downRevision: ["b", "c"] },
    );
    expect(up(g, "head")).toEqual(["a", "c", "b", "m"]);
    const all = has("a", "b", "c", "m");
    expect(down(g, "-1", all)).toEqual(["m"]);
    expect(() => g.resolve("-2", all)).toThrow('"-2" is ambiguous: after m come b, c. Name the one to go to.');
  });

  test("[AT-04] a range is told newest first", () => {
    const g = line();
    expect(g.range("a1:b2").map((each) => each.id)).toEqual(["b2", "a1"]);
    expect(g.range(":").map((each) => each.id)).toEqual(["c3", "b2", "a1"]);
  });

  test("finds the order of 5,000 revisions, in a line and side by side, without overflowing the stack", () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({
      revision: `r${i}`,
      downRevision: i === 0 ? null : i % 2 === 0 ? `r${i - 2}` : `r${i - 1}`,
    }));
    expect(graph(...many).order.length).toBe(5000);
  });
});
