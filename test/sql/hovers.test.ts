/** What an editor shows of a statement: its rows, spelled out and first. */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { tempFolder } from "../support/temp.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

const HOVERED = `
import { type AsyncConnection, column, func, insert, MetaData, nestedRows, select, t, table } from "athanor";
declare const conn: AsyncConnection;
const metadata = new MetaData();
const person = table("person", metadata, { id: column(t.integer, { primaryKey: true }), name: column(t.text) });
const pet = table("pet", metadata, { id: column(t.integer, { primaryKey: true }), owner: column({ foreignKey: person.c.id }) });
export const aColumn = person.c.name;
export const aCondition = person.c.name.like("a%").and(person.c.id.gt(1));
export const tuples = select(person.c.id, pet.c.owner).outerjoin(pet);
export const objects = select({ id: person.c.id, n: func.count(pet.c.id) }).join(pet).groupBy(person.c.id);
export const inserted = insert(person).values({ name: "x" }).returning(person.c.id, person.c.name);
export const nested = nestedRows(select({ id: pet.c.id }).where(pet.c.owner.eq(person.c.id)));
export const fromSubquery = objects.subquery("s").c.n;
export const rows = await conn.execute(objects).all();
export const first = (await conn.execute(tuples)).first();
`;

/** Asks the compiler's language server what it shows of each exported name. */
async function hovers(file: string, text: string): Promise<Record<string, string>> {
  const compiler = createRequire(import.meta.url)
    .resolve("typescript/package.json")
    .replace("package.json", "bin/tsc");
  const server = spawn(process.execPath, [compiler, "--lsp", "--stdio"], { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const ask = client(server);
    const uri = pathToFileURL(file).href;
    await ask("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
    ask.tell("initialized", {});
    ask.tell("textDocument/didOpen", { textDocument: { uri, languageId: "typescript", version: 1, text } });
    const shown: Record<string, string> = {};
    for (const [line, code] of text.split("\n").entries()) {
      const name = /^export const (\w+)/.exec(code)?.[1];
      if (name === undefined) continue;
      const position = { line, character: code.indexOf(name) };
      const answer = await ask("textDocument/hover", { textDocument: { uri }, position });
      const { value } = (answer as { contents: { value: string } }).contents;
      shown[name] = value
        .replace(/```\w*/g, "")
        .replace(/\s+/g, " ")
        .trim();
    }
    return shown;
  } finally {
    server.kill();
  }
}

function client(server: ChildProcess) {
  const waiting = new Map<number, (result: unknown) => void>();
  let received = Buffer.alloc(0);
  server.stdout?.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const at = received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, Math.max(at, 0)).toString())?.[1]);
      if (at < 0 || received.length < at + 4 + length) return;
      const message = JSON.parse(received.subarray(at + 4, at + 4 + length).toString()) as Message;
      received = received.subarray(at + 4 + length);
      if (message.id === undefined) continue;
      // what the server asks has no answer here
      if (message.method !== undefined) send({ id: message.id, result: null });
      else waiting.get(message.id)?.(message.result);
    }
  });
  const send = (message: Message): void => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  let last = 0;
  const ask = (method: string, params: object): Promise<unknown> =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      send({ id: last, method, params });
    });
  return Object.assign(ask, { tell: (method: string, params: object): void => send({ method, params }) });
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: object;
  readonly result?: unknown;
}

test("[TU-10] an editor shows the rows of statements spelled out, outer joins and what is nested included", async () => {
  using folder = tempFolder();
  const compilerOptions = {
    ...{ target: "ES2022", lib: ["ES2022", "ES2024.SharedMemory", "ESNext.Disposable"], module: "nodenext" },
    ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")], strict: true, skipLibCheck: true },
    ...{ experimentalDecorators: true, noEmit: true, paths: { athanor: [join(root, "src/index.ts")] } },
  };
  const file = folder.file("hovered.ts");
  writeFileSync(file, HOVERED);
  writeFileSync(folder.file("package.json"), '{"type":"module"}');
  writeFileSync(folder.file("tsconfig.json"), JSON.stringify({ compilerOptions, files: ["hovered.ts"] }));
  const shown = await hovers(file, HOVERED);
  expect(shown).toMatchObject({
    aColumn: 'const aColumn: TableColumn<string | null, "person", "name">',
    aCondition: 'const aCondition: BoolExpr<boolean, "person">',
    nested: "const nested: Expr<{ id: number; }[], never>",
    fromSubquery: 'const fromSubquery: NumExpr<number, "s"> & Named<"n">',
    rows: "const rows: { id: number; n: number; }[]",
    first: "const first: Row<[number, number | null]> | null",
  });
  expect(shown.tuples).toMatch(/^const tuples: Select<\[number, number \| null\], \[\], /);
  expect(shown.objects).toMatch(/^const objects: Select<\{ id: number; n: number; \}, \[\], /);
  expect(shown.inserted).toMatch(/^const inserted: Insert<\[number, string \| null\], /);
});
