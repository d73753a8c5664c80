/** The search of the catalogue: on SQLite a full-text table beside the books; PostgreSQL has its index in 0001. */
import type { Operations } from "athanor/migrations";

export const revision = "0002";
export const downRevision = "0001";
export const message = "search";

export function upgrade(op: Operations): void {
  if (op.dialect.name !== "sqlite") return;
  op.execute(`
    create virtual table book_words using fts5(
      title, byline, content = 'books', content_rowid = 'id', tokenize = 'unicode61', prefix = '2 3'
    )`);
  // The table keeps no text of its own, so that it has to be told what to forget.
  op.execute(`
    create trigger book_words_insert after insert on books begin
      insert into book_words (rowid, title, byline) values (new.id, new.title, new.byline);
    end`);
  op.execute(`
    create trigger book_words_delete after delete on books begin
      insert into book_words (book_words, rowid, title, byline) values ('delete', old.id, old.title, old.byline);
    end`);
  op.execute(`
    create trigger book_words_update after update of title, byline on books begin
      insert into book_words (book_words, rowid, title, byline) values ('delete', old.id, old.title, old.byline);
      insert into book_words (rowid, title, byline) values (new.id, new.title, new.byline);
    end`);
}

export function downgrade(op: Operations): void {
  if (op.dialect.name !== "sqlite") return;
  for (const event of ["insert", "delete", "update"]) op.execute(`drop trigger book_words_${event}`);
  op.execute("drop table book_words");
}
