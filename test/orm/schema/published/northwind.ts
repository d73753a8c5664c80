/** The tables of Northwind, a trading company: text keys, composite keys, a link table, names of several words. */
export const northwind = (kind: "sqlite" | "postgresql"): string => {
  const bytes = kind === "sqlite" ? "BLOB" : "BYTEA";
  const small = "SMALLINT";
  return `
CREATE TABLE categories (category_id ${small} NOT NULL PRIMARY KEY, category_name VARCHAR(15) NOT NULL, description TEXT, picture ${bytes});
CREATE TABLE customer_demographics (customer_type_id CHAR(5) NOT NULL PRIMARY KEY, customer_desc TEXT);
CREATE TABLE customers (customer_id CHAR(5) NOT NULL PRIMARY KEY, company_name VARCHAR(40) NOT NULL, contact_name VARCHAR(30), country VARCHAR(15));
CREATE TABLE customer_customer_demo (customer_id CHAR(5) NOT NULL, customer_type_id CHAR(5) NOT NULL, PRIMARY KEY (customer_id, customer_type_id),
  FOREIGN KEY (customer_type_id) REFERENCES customer_demographics, FOREIGN KEY (customer_id) REFERENCES customers);
CREATE TABLE employees (employee_id ${small} NOT NULL PRIMARY KEY, last_name VARCHAR(20) NOT NULL, first_name VARCHAR(10) NOT NULL,
  birth_date DATE, hire_date DATE, notes TEXT, reports_to ${small}, FOREIGN KEY (reports_to) REFERENCES employees);
CREATE TABLE suppliers (supplier_id ${small} NOT NULL PRIMARY KEY, company_name VARCHAR(40) NOT NULL, country VARCHAR(15), homepage TEXT);
CREATE TABLE products (product_id ${small} NOT NULL PRIMARY KEY, product_name VARCHAR(40) NOT NULL, supplier_id ${small}, category_id ${small},
  quantity_per_unit VARCHAR(20), unit_price REAL DEFAULT 0, units_in_stock ${small} DEFAULT 0, discontinued INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT ck_unit_price CHECK (unit_price >= 0),
  FOREIGN KEY (category_id) REFERENCES categories, FOREIGN KEY (supplier_id) REFERENCES suppliers);
CREATE TABLE region (region_id ${small} NOT NULL PRIMARY KEY, region_description VARCHAR(60) NOT NULL);
CREATE TABLE shippers (shipper_id ${small} NOT NULL PRIMARY KEY, company_name VARCHAR(40) NOT NULL, phone VARCHAR(24));
CREATE TABLE orders (order_id ${small} NOT NULL PRIMARY KEY, customer_id CHAR(5), employee_id ${small}, order_date DATE, ship_via ${small}, freight REAL,
  FOREIGN KEY (customer_id) REFERENCES customers, FOREIGN KEY (employee_id) REFERENCES employees, FOREIGN KEY (ship_via) REFERENCES shippers);
CREATE TABLE territories (territory_id VARCHAR(20) NOT NULL PRIMARY KEY, territory_description VARCHAR(60) NOT NULL, region_id ${small} NOT NULL REFERENCES region);
CREATE TABLE employee_territories (employee_id ${small} NOT NULL, territory_id VARCHAR(20) NOT NULL, PRIMARY KEY (employee_id, territory_id),
  FOREIGN KEY (territory_id) REFERENCES territories, FOREIGN KEY (employee_id) REFERENCES employees);
CREATE TABLE order_details (order_id ${small} NOT NULL, product_id ${small} NOT NULL, unit_price REAL NOT NULL, quantity ${small} NOT NULL, discount REAL NOT NULL,
  PRIMARY KEY (order_id, product_id), FOREIGN KEY (product_id) REFERENCES products, FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE);
CREATE TABLE us_states (state_id ${small} NOT NULL PRIMARY KEY, state_name VARCHAR(100), state_abbr VARCHAR(2));
CREATE INDEX ix_products_name ON products (product_name);
CREATE INDEX ix_orders_open ON orders (order_date DESC, customer_id) WHERE ship_via IS NULL;
CREATE UNIQUE INDEX ux_states_abbr ON us_states (lower(state_abbr));
CREATE VIEW products_above_average AS SELECT product_name, unit_price FROM products WHERE unit_price > (SELECT avg(unit_price) FROM products);
INSERT INTO categories VALUES (1, 'Beverages', 'Soft drinks', NULL), (2, 'Condiments', NULL, NULL);
INSERT INTO suppliers VALUES (1, 'Exotic Liquids', 'UK', NULL);
INSERT INTO products VALUES (1, 'Chai', 1, 1, '10 boxes', 18, 39, 1), (2, 'Chang', 1, 1, '24 bottles', 19, 17, 0), (3, 'Aniseed Syrup', 1, 2, NULL, 10, 13, 0);
INSERT INTO customers VALUES ('ALFKI', 'Alfreds Futterkiste', 'Maria Anders', 'Germany'), ('BERGS', 'Berglunds', NULL, 'Sweden');
INSERT INTO employees VALUES (2, 'Fuller', 'Andrew', '1952-02-19', '1992-08-14', NULL, NULL), (1, 'Davolio', 'Nancy', '1948-12-08', '1992-05-01', NULL, 2);
INSERT INTO region VALUES (1, 'Eastern'), (2, 'Western');
INSERT INTO territories VALUES ('01581', 'Westboro', 1), ('98052', 'Redmond', 2);
INSERT INTO employee_territories VALUES (1, '01581'), (2, '01581'), (2, '98052');
INSERT INTO shippers VALUES (1, 'Speedy Express', NULL);
INSERT INTO orders VALUES (10248, 'ALFKI', 1, '1996-07-04', 1, 32.38), (10249, 'ALFKI', 2, '1996-07-05', NULL, 11.61);
INSERT INTO order_details VALUES (10248, 1, 18, 12, 0), (10248, 2, 19, 10, 0), (10249, 3, 10, 5, 0.1)`;
};
