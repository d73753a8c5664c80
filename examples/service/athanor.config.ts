import { defineConfig } from "athanor/migrations";

export default defineConfig({
  url: () => process.env["DATABASE_URL"] ?? "sqlite:///bookshop.db",
  entities: "entities/*.ts",
  migrations: "migrations",
  renderAsBatch: true,
  lockTimeout: 5_000,
  fileTemplate: "{revision}_{slug}.ts",
  // SQLite keeps the words of its full-text table in tables of its own.
  include: ({ name }) => !name.startsWith("book_words"),
});
