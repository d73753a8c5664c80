import { defineConfig } from "athanor/migrations";

export default defineConfig({
  url: () => process.env["DATABASE_URL"] ?? "sqlite:///migrations-demo.db",
  entities: "entities.ts",
  migrations: "migrations",
  renderAsBatch: true,
  lockTimeout: 5_000,
});
