/** The second team's work, begun while the first still wrote 0005: what is spoken where. */
import { column, foreignKey, t } from "athanor";
import type { Operations } from "athanor/migrations";

export const revision = "0006";
export const downRevision = "0004";
export const branchLabels = ["languages"];
export const message = "languages, on a branch";

const SPOKEN = {
  ara: ["DZA", "EGY", "JOR", "MAR", "SAU", "TCD", "TUN"],
  eng: ["AUS", "CAN", "GBR", "IND", "IRL", "NGA", "NZL", "USA"],
  fra: ["BEL", "CAN", "CHE", "FRA", "SEN", "TCD"],
  spa: ["ARG", "CHL", "COL", "ESP", "MEX", "PER"],
} as const;

export async function upgrade(op: Operations): Promise<void> {
  const languages = await op.createTable("languages", {
    code: column(t.string(3), { primaryKey: true }),
    name: column(t.string(60), { nullable: false }),
  });
  op.bulkInsert(languages, [
    { code: "ara", name: "Arabic" },
    { code: "eng", name: "English" },
    { code: "fra", name: "French" },
    { code: "spa", name: "Spanish" },
  ]);
  await op.createTable("country_languages", {
    country_code: column(t.string(3), { primaryKey: true, foreignKey: foreignKey("countries.code") }),
    language_code: column(t.string(3), { primaryKey: true, foreignKey: foreignKey("languages.code") }),
  });
  for (const [language, countries] of Object.entries(SPOKEN)) {
    const codes = countries.map((code) => `'${code}'`).join(", ");
    op.execute(`
      insert into country_languages (country_code, language_code)
      select code, '${language}' from countries where code in (${codes})`);
  }
}

export async function downgrade(op: Operations): Promise<void> {
  op.dropTable("country_languages");
  op.dropTable("languages");
}
