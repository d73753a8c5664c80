import { type DialectCapabilities, standardCapabilities } from "../../sql/capabilities.js";

/** What PostgreSQL (15 and later) can do. */
export const postgresqlCapabilities: DialectCapabilities = {
  ...standardCapabilities,
  nativeEnum: true,
  arrayParameters: true,
  ilike: true,
  maxParameters: 65_535,
};
