/** Who takes part, and the module that plays each. */
const file = (name) => new URL(`./contestants/${name}.mjs`, import.meta.url).href;
const both = ["sqlite", "postgres"];
const peer = (name) => ({ kinds: both, module: () => file(name) });

export const CONTESTANTS = {
  driver: { kinds: both, module: (kind) => file(`driver-${kind}`) },
  athanor: { kinds: both, module: () => new URL("./.build/athanor.mjs", import.meta.url).href },
  kysely: peer("kysely"),
  drizzle: peer("drizzle"),
  "mikro-orm": peer("mikro-orm"),
  typeorm: peer("typeorm"),
  prisma: peer("prisma"),
  sequelize: peer("sequelize"),
  objection: peer("objection"),
};
