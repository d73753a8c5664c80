/** Rows that are never changed: an UPDATE becomes the INSERT of a new version. SQLAlchemy: `examples/versioned_rows`. */
import { describe, expect, test } from "vitest";
import {
  type AsyncSessionMaker,
  attrs,
  Column,
  event,
  inspect,
  ManyToOne,
  makeTransient,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  type Session,
  select,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** Whose rows stay as they were written. */
abstract class Versioned {
  abstract id: number | undefined;
  /** Makes the object that is about to be changed a new one. */
  newVersion(): void {
    makeTransient(this);
    this.id = undefined;
  }
}

@reg.Entity("owners")
class Owner {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Paper,
    (p) => p.owner,
  )
  paper!: Relation<Paper> | null;
  @Column(t.integer, { foreignKey: "papers.id", nullable: true }) paperId!: number | null;
}

@reg.Entity("papers")
class Paper extends Versioned {
  @PrimaryKey(t.integer) id!: number | undefined;
  @Column(t.string(20)) text!: string;
  @OneToOne(
    () => Owner,
    (o) => o.paper,
  )
  owner!: Relation<Owner> | null;
}

@reg.Entity("notes")
class Note extends Versioned {
  @PrimaryKey(t.integer) id!: number | undefined;
  @Column(t.string(20)) text!: string;
}

function keepRows(Session: AsyncSessionMaker): void {
  event.listen(Session, "beforeFlush", (session: Session) => {
    for (const object of session.dirty) {
      if (!(object instanceof Versioned) || !session.isModified(object) || !inspect(object).hasIdentity) continue;
      const owner = object instanceof Paper ? object.owner : null;
      // The reference is to be set again, though it is to the same object.
      if (owner !== null) session.expire(owner, ["paper"]);
      object.newVersion();
      session.add(object);
      if (owner !== null) owner.paper = object as Paper;
    }
  });
}

describe("versioned rows", () => {
  test("[EX-04] a changed object is a new row, and the old one stays", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    keepRows(Session);
    await using session = Session();
    const note = make(Note, { text: "one" });
    session.add(note);
    await session.commit();
    note.text = "two";
    await session.commit();
    const n = attrs(Note);
    const rows = await session.execute(select(n.id, n.text).orderBy(n.id)).all();
    expect(rows.map((row) => [...row])).toEqual([
      [1, "one"],
      [2, "two"],
    ]);
    expect(note.id).toBe(2);
  });

  test("[EX-04] who refers to it follows to the new version", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    keepRows(Session);
    await using session = Session();
    const paper = make(Paper, { text: "draft" });
    const owner = make(Owner, { paper });
    session.add(owner);
    await session.commit();
    paper.text = "final";
    await session.commit();
    expect(await session.scalar(select(attrs(Owner).paperId))).toBe(2);
    expect(owner.paper?.text).toBe("final");
    expect((await session.scalars(select(attrs(Paper).text)).all()).sort()).toEqual(["draft", "final"]);
  });
});
