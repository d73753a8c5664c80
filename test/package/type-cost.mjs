/**
 * What the types of loaded entities and of schemas cost the compiler: the same file, with and without them.
 *
 * The compiler counts what it instantiates, which is the same at each run; its times are not, and are printed only.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const CLASSES = `
@Entity("users") class User {
  @PrimaryKey() id!: number; @Column() name!: string; @Column() email!: string; @Column() age!: number;
  @OneToMany(() => Post, (p) => p.author) posts!: Post[];
}
@Entity("posts") class Post {
  @PrimaryKey() id!: number; @Column() title!: string; @Column() body!: string;
  @ManyToOne(() => User, (u) => u.posts) author!: Relation<User> | null;
  @ManyToMany(() => Tag, (g) => g.posts, { secondary: "post_tags" }) tags!: Tag[];
}
@Entity("tags") class Tag {
  @PrimaryKey() id!: number; @Column() label!: string;
  @ManyToMany(() => Post, (p) => p.tags) posts!: Post[];
}`;

/** @param {number} i @param {string} schema what stands for the schema of a class */
const use = (i, schema) => `
export async function use${i}(session: AsyncSession, body: unknown) {
  const input = ${schema}.parse(body);
  const users = await session
    .scalars(select(User).where((u) => u.id.gt(${i})).options(selectinload(User, (u) => u.posts).selectinload((p) => p.tags)))
    .all();
  const posts = await session
    .scalars(select(Post).where((p) => p.title.like("%${i}%")).options(joinedload(Post, (p) => p.author)))
    .all();
  const lean = await session.scalars(select(User).options(loadOnly(User, (u) => [u.id, u.name]))).all();
  const tags = await session.scalars(select(Tag).where((g) => g.label.eq("x"))).all();
  return [
    users.map((u) => u.posts.map((p) => p.tags.map((g) => g.label))),
    posts.map((p) => p.author?.name), lean.map((u) => u.name), tags.map((g) => g.label),
    input.name.length + (input.posts?.length ?? 0),
  ];
}`;

/** Schemas of classes in types, and what a program would have without them. */
const SCHEMAS = {
  typed: 'schemaOf(User, "create", { relations: ["posts"] })',
  plain:
    "({} as { parse(input: unknown): { name: string; email: string; age: number; posts?: { title: string; body: string }[] } })",
};

const program = (settings, schema) => `import "reflect-metadata";
import {
  type AsyncSession, Column, Entity, joinedload, loadOnly, ManyToMany, ManyToOne, OneToMany, PrimaryKey, type Relation, schemaOf, select, selectinload,
} from "athanor";
${settings}${CLASSES}${Array.from({ length: 50 }, (_, i) => use(i, schema)).join("")}
`;

/**
 * @param {string} project a folder in which `athanor` and TypeScript are installed
 * @returns {{ instantiations: [number, number], seconds: [number, number] }} with these types, and without them
 */
export function typeCost(project) {
  const with_ = measure(project, "", SCHEMAS.typed);
  const off = 'declare module "athanor" { interface TypeSettings { loaded: false } }\n';
  const without = measure(project, off, SCHEMAS.plain);
  return {
    instantiations: [with_.instantiations, without.instantiations],
    seconds: [with_.seconds, without.seconds],
  };
}

function measure(project, settings, schema) {
  writeFileSync(join(project, "type-cost.ts"), program(settings, schema));
  const config = {
    extends: "./tsconfig.json",
    compilerOptions: { noEmit: true, skipLibCheck: true, rootDir: "." },
    include: [],
    files: ["type-cost.ts"],
  };
  writeFileSync(join(project, "tsconfig.type-cost.json"), JSON.stringify(config));
  const compiler = join(project, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", "tsconfig.type-cost.json", "--extendedDiagnostics"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(`does not compile:\n${stdout}`);
  const figure = (name) => Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(stdout)?.[1]);
  return { instantiations: figure("Instantiations"), seconds: figure("Check time") };
}
