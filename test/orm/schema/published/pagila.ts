/** The tables of Pagila (Sakila on PostgreSQL), a shop that lends films: a ring of keys, two keys to one table, and much of PostgreSQL's own. */
export const pagila = (kind: "sqlite" | "postgresql"): string => {
  const pg = kind === "postgresql";
  const key = (name: string): string =>
    pg
      ? `${name} INTEGER NOT NULL DEFAULT nextval('${name.slice(0, -3)}_${name}_seq'::regclass) PRIMARY KEY`
      : `${name} INTEGER NOT NULL PRIMARY KEY`;
  const stamp = pg
    ? "last_update TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now()"
    : "last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP";
  const only = (text: string): string => (pg ? text : "");
  const sequences = ["actor", "film", "category", "language"]
    .map((name) => `CREATE SEQUENCE ${name}_${name}_id_seq;\n`)
    .join("");
  const owned = ["actor", "film", "category", "language"]
    .map((name) => `ALTER SEQUENCE ${name}_${name}_id_seq OWNED BY ${name}.${name}_id;\n`)
    .join("");
  return `${only(`${sequences}CREATE TYPE mpaa_rating AS ENUM ('G', 'PG', 'PG-13', 'R', 'NC-17');
CREATE DOMAIN year AS INTEGER CONSTRAINT year_check CHECK (VALUE >= 1901 AND VALUE <= 2155);
CREATE DOMAIN bigtext AS TEXT NOT NULL;
`)}CREATE TABLE actor (${key("actor_id")}, first_name ${pg ? "TEXT" : "VARCHAR(45)"} NOT NULL, last_name TEXT NOT NULL, ${stamp});
CREATE TABLE category (${key("category_id")}, name TEXT NOT NULL, ${stamp});
CREATE TABLE language (${key("language_id")}, name ${pg ? "CHARACTER(20)" : "CHAR(20)"} NOT NULL, ${stamp});
CREATE TABLE country (country_id INTEGER NOT NULL PRIMARY KEY, country TEXT NOT NULL);
CREATE TABLE city (city_id INTEGER NOT NULL PRIMARY KEY, city TEXT NOT NULL, country_id INTEGER NOT NULL REFERENCES country (country_id) ON UPDATE CASCADE ON DELETE RESTRICT);
CREATE TABLE address (address_id INTEGER NOT NULL PRIMARY KEY, address TEXT NOT NULL, city_id INTEGER NOT NULL REFERENCES city (city_id), phone TEXT);
CREATE TABLE film (${key("film_id")}, title TEXT NOT NULL, description ${pg ? "bigtext DEFAULT ''" : "TEXT"}, release_year ${pg ? "year" : "YEAR"},
  language_id INTEGER NOT NULL REFERENCES language (language_id) ON UPDATE CASCADE ON DELETE RESTRICT,
  original_language_id INTEGER REFERENCES language (language_id) ON UPDATE CASCADE ON DELETE RESTRICT,
  rental_duration SMALLINT NOT NULL DEFAULT 3, rental_rate NUMERIC(4,2) NOT NULL DEFAULT 4.99, length SMALLINT,
  rating ${pg ? "mpaa_rating DEFAULT 'G'::mpaa_rating" : "VARCHAR(5) DEFAULT 'G' CHECK (rating IN ('G', 'PG', 'PG-13', 'R', 'NC-17'))"},
  ${only("special_features TEXT[], fulltext TSVECTOR NOT NULL DEFAULT '',")} ${stamp});
CREATE TABLE film_actor (actor_id INTEGER NOT NULL REFERENCES actor (actor_id) ON UPDATE CASCADE ON DELETE RESTRICT,
  film_id INTEGER NOT NULL REFERENCES film (film_id) ON UPDATE CASCADE ON DELETE RESTRICT, ${stamp}, PRIMARY KEY (actor_id, film_id));
CREATE TABLE film_category (film_id INTEGER NOT NULL REFERENCES film (film_id), category_id INTEGER NOT NULL REFERENCES category (category_id),
  PRIMARY KEY (film_id, category_id));
CREATE TABLE store (store_id INTEGER NOT NULL PRIMARY KEY, manager_staff_id INTEGER NOT NULL${pg ? "" : " REFERENCES staff (staff_id)"}, address_id INTEGER NOT NULL REFERENCES address (address_id));
CREATE TABLE staff (staff_id INTEGER NOT NULL PRIMARY KEY, first_name TEXT NOT NULL, address_id INTEGER NOT NULL REFERENCES address (address_id),
  store_id INTEGER NOT NULL REFERENCES store (store_id)${pg ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE INITIALLY DEFERRED"}, active BOOLEAN NOT NULL DEFAULT ${pg ? "true" : "1"}, picture ${pg ? "BYTEA" : "BLOB"});
${only("ALTER TABLE store ADD CONSTRAINT store_manager_staff_id_fkey FOREIGN KEY (manager_staff_id) REFERENCES staff (staff_id);\n")}CREATE TABLE customer (customer_id INTEGER NOT NULL PRIMARY KEY, store_id INTEGER NOT NULL REFERENCES store (store_id),
  first_name TEXT NOT NULL, email TEXT, address_id INTEGER NOT NULL REFERENCES address (address_id), create_date DATE NOT NULL DEFAULT CURRENT_DATE);
CREATE TABLE inventory (inventory_id INTEGER NOT NULL PRIMARY KEY, film_id INTEGER NOT NULL REFERENCES film (film_id), store_id INTEGER NOT NULL REFERENCES store (store_id));
CREATE TABLE rental (rental_id INTEGER NOT NULL PRIMARY KEY, rental_date TIMESTAMP NOT NULL, inventory_id INTEGER NOT NULL REFERENCES inventory (inventory_id),
  customer_id INTEGER NOT NULL REFERENCES customer (customer_id), staff_id INTEGER NOT NULL REFERENCES staff (staff_id));
CREATE UNIQUE INDEX rental_once ON rental (rental_date, inventory_id, customer_id);
CREATE INDEX idx_actor_last_name ON actor (last_name);
CREATE INDEX idx_long_films ON film (length DESC, title) WHERE length > 120;
${only(`CREATE INDEX film_fulltext_idx ON film USING gist (fulltext);
CREATE INDEX idx_title_pattern ON film (title text_pattern_ops, lower(title) DESC) INCLUDE (rental_rate);
CREATE TABLE payment (payment_id INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 100), customer_id INTEGER NOT NULL, amount NUMERIC(5,2) NOT NULL,
  payment_date TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (payment_date, payment_id)) PARTITION BY RANGE (payment_date);
CREATE TABLE payment_2022_01 PARTITION OF payment FOR VALUES FROM ('2022-01-01 00:00:00+00') TO ('2022-02-01 00:00:00+00');
COMMENT ON TABLE film IS 'what we lend';
COMMENT ON COLUMN film.length IS 'in minutes; it''s whole';
CREATE MATERIALIZED VIEW rental_by_category AS SELECT c.name AS category, count(*) AS films FROM film_category fc JOIN category c USING (category_id) GROUP BY c.name;
`)}CREATE VIEW actor_info AS SELECT a.actor_id, a.first_name, count(fa.film_id) AS films FROM actor a LEFT JOIN film_actor fa ON fa.actor_id = a.actor_id GROUP BY a.actor_id, a.first_name;
${only(owned)}INSERT INTO language (language_id, name) VALUES (1, 'English'), (2, 'Italian');
INSERT INTO actor (actor_id, first_name, last_name) VALUES (1, 'PENELOPE', 'GUINESS'), (2, 'NICK', 'WAHLBERG');
INSERT INTO category (category_id, name) VALUES (1, 'Action'), (2, 'Comedy');
INSERT INTO film (film_id, title, description, release_year, language_id, original_language_id, length, rating) VALUES
  (1, 'ACADEMY DINOSAUR', 'An epic drama', 2006, 1, 2, 86, 'PG'), (2, 'ACE GOLDFINGER', 'A tale', 2006, 1, NULL, 48, 'G');
INSERT INTO film_actor (actor_id, film_id) VALUES (1, 1), (2, 1), (1, 2);
INSERT INTO film_category VALUES (1, 1), (1, 2), (2, 2);
INSERT INTO country VALUES (1, 'Canada');
INSERT INTO city VALUES (1, 'Lethbridge', 1);
INSERT INTO address VALUES (1, '47 MySakila Drive', 1, NULL), (2, '28 MySQL Boulevard', 1, '1');
INSERT INTO customer SELECT 1, 1, 'MARY', NULL, 1, CURRENT_DATE WHERE false`;
};
