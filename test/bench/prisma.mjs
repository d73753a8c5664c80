/** Makes Prisma's client for both databases. Its generator needs no engine binary, but looks for one unless it is told of any program in its place. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CLASSES } from "./workloads.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const models = (kind) => `
model Author {
  id        Int      @id @default(autoincrement())
  name      String
  email     String
  age       Int
  active    Boolean
  score     Float
  createdAt DateTime @map("created_at")${kind === "sqlite" ? "" : " @db.Timestamptz"}
  posts     Post[]
  @@map("authors")
}
model Post {
  id       Int       @id @default(autoincrement())
  authorId Int       @map("author_id")
  author   Author    @relation(fields: [authorId], references: [id], onDelete: Cascade)
  title    String
  body     String
  views    Int
  comments Comment[]
  tags     PostTag[]
  @@map("posts")
}
model Comment {
  id     Int    @id @default(autoincrement())
  postId Int    @map("post_id")
  post   Post   @relation(fields: [postId], references: [id], onDelete: Cascade)
  body   String
  likes  Int
  @@map("comments")
}
model Tag {
  id    Int       @id @default(autoincrement())
  name  String
  posts PostTag[]
  @@map("tags")
}
model PostTag {
  postId Int  @map("post_id")
  tagId  Int  @map("tag_id")
  post   Post @relation(fields: [postId], references: [id], onDelete: Cascade)
  tag    Tag  @relation(fields: [tagId], references: [id])
  @@id([postId, tagId])
  @@map("post_tags")
}
${Array.from({ length: CLASSES }, (_, i) => `model Thing${i} {\n  id   Int    @id @default(autoincrement())\n  name String\n  size Int\n  @@map("thing${i}")\n}`).join("\n")}
`;

/** @param kind "sqlite" or "postgres" @returns whether there is a client; the reason is printed where there is none */
export function preparePrisma(kind) {
  if (!existsSync(here("node_modules/prisma"))) return false;
  const folder = here(`.build/prisma-${kind}`);
  if (existsSync(`${folder}/client/index.js`)) return true;
  mkdirSync(folder, { recursive: true });
  const provider = kind === "sqlite" ? "sqlite" : "postgresql";
  writeFileSync(
    `${folder}/schema.prisma`,
    `generator client {\n  provider = "prisma-client-js"\n  output = "./client"\n}\ndatasource db {\n  provider = "${provider}"\n}\n${models(kind)}`,
  );
  const { status, stderr } = spawnSync(
    process.execPath,
    [here("node_modules/prisma/build/index.js"), "generate", "--schema", `${folder}/schema.prisma`],
    {
      cwd: here("."),
      encoding: "utf8",
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" },
    },
  );
  if (status !== 0) console.error(`Prisma's client could not be generated:\n${stderr}`);
  return status === 0;
}
