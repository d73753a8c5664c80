/** Characters that a database can store: no NUL, which PostgreSQL refuses, and no half of a surrogate pair, which is none. */
export const PLAIN_TEXT = /^[^\0\p{Surrogate}]*$/u;
