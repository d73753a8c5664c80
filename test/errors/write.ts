/** `npm run errors`: writes `docs/errors.md`. */
import { writeFileSync } from "node:fs";
import { errorsPage } from "./page.js";

writeFileSync(new URL("../../docs/errors.md", import.meta.url), errorsPage());
