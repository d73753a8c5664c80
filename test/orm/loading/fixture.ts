/** A database with the library's data, a session factory and a log of the statements. */
import { type AsyncEngine, type AsyncSessionMaker, asyncSessionmaker } from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements, type StatementLog } from "../../support/statements.js";
import { Author, Comment, library, Post, Profile, Tag, TreeNode } from "./models.js";

export interface Shelf {
  readonly engine: AsyncEngine;
  readonly Session: AsyncSessionMaker;
  readonly log: StatementLog;
}

/** Three authors: Ann with three posts, Bob with two, Cid with none. */
export async function shelf(): Promise<Shelf> {
  const { engine } = await freshDatabase();
  await library.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await using session = Session();
  const tags = ["art", "bread", "cats"].map((name, i) => Object.assign(new Tag(), { id: i + 1, name }));
  const author = (id: number, name: string, posts: Post[]): Author =>
    Object.assign(new Author(), {
      id,
      name,
      active: id !== 2,
      born: new Date(Date.UTC(1990, 0, id)),
      bio: `bio of ${name}`,
      photo: "p",
      letter: "l",
      posts,
    });
  const post = (id: number, title: string, names: number[], comments: string[]): Post =>
    Object.assign(new Post(), {
      id,
      title,
      tags: names.map((i) => tags[i - 1]),
      comments: comments.map((text, i) => Object.assign(new Comment(), { id: id * 10 + i, text })),
    });
  const ann = author(1, "Ann", [
    post(1, "one", [1, 2], ["a", "b"]),
    post(2, "two", [2], []),
    post(3, "three", [], ["c"]),
  ]);
  const bob = author(2, "Bob", [post(4, "four", [3], ["d"]), post(5, "five", [1, 3], [])]);
  const cid = author(3, "Cid", []);
  session.addAll([ann, bob, cid]);
  session.add(Object.assign(new Profile(), { id: 1, motto: "on", author: ann }));
  session.add(Object.assign(new Post(), { id: 6, title: "orphan" }));
  const node = (id: number, name: string, children: TreeNode[] = []): TreeNode =>
    Object.assign(new TreeNode(), { id, name, children });
  session.add(node(1, "root", [node(2, "a", [node(4, "aa", [node(5, "aaa")])]), node(3, "b")]));
  await session.commit();
  return { engine, Session, log: recordStatements(engine) };
}
