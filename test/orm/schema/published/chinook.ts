/** The tables of Chinook, a shop for music, with a few rows. PascalCase names; SQLite's own spellings of types. */
export const chinook = (kind: "sqlite" | "postgresql"): string => {
  const q = (text: string): string =>
    kind === "sqlite" ? text : text.replaceAll("NVARCHAR", "VARCHAR").replaceAll("DATETIME", "TIMESTAMP");
  return q(`
CREATE TABLE "Artist" ("ArtistId" INTEGER NOT NULL, "Name" NVARCHAR(120), CONSTRAINT "PK_Artist" PRIMARY KEY ("ArtistId"));
CREATE TABLE "Album" ("AlbumId" INTEGER NOT NULL, "Title" NVARCHAR(160) NOT NULL, "ArtistId" INTEGER NOT NULL,
  CONSTRAINT "PK_Album" PRIMARY KEY ("AlbumId"),
  FOREIGN KEY ("ArtistId") REFERENCES "Artist" ("ArtistId") ON DELETE NO ACTION ON UPDATE NO ACTION);
CREATE TABLE "Employee" ("EmployeeId" INTEGER NOT NULL, "LastName" NVARCHAR(20) NOT NULL, "FirstName" NVARCHAR(20) NOT NULL,
  "Title" NVARCHAR(30), "ReportsTo" INTEGER, "BirthDate" DATETIME, "HireDate" DATETIME, "Email" NVARCHAR(60),
  CONSTRAINT "PK_Employee" PRIMARY KEY ("EmployeeId"),
  FOREIGN KEY ("ReportsTo") REFERENCES "Employee" ("EmployeeId"));
CREATE TABLE "Customer" ("CustomerId" INTEGER NOT NULL, "FirstName" NVARCHAR(40) NOT NULL, "LastName" NVARCHAR(20) NOT NULL,
  "Company" NVARCHAR(80), "Country" NVARCHAR(40), "Email" NVARCHAR(60) NOT NULL, "SupportRepId" INTEGER,
  CONSTRAINT "PK_Customer" PRIMARY KEY ("CustomerId"),
  FOREIGN KEY ("SupportRepId") REFERENCES "Employee" ("EmployeeId"));
CREATE TABLE "Genre" ("GenreId" INTEGER NOT NULL, "Name" NVARCHAR(120), CONSTRAINT "PK_Genre" PRIMARY KEY ("GenreId"));
CREATE TABLE "MediaType" ("MediaTypeId" INTEGER NOT NULL, "Name" NVARCHAR(120), CONSTRAINT "PK_MediaType" PRIMARY KEY ("MediaTypeId"));
CREATE TABLE "Playlist" ("PlaylistId" INTEGER NOT NULL, "Name" NVARCHAR(120), CONSTRAINT "PK_Playlist" PRIMARY KEY ("PlaylistId"));
CREATE TABLE "Track" ("TrackId" INTEGER NOT NULL, "Name" NVARCHAR(200) NOT NULL, "AlbumId" INTEGER, "MediaTypeId" INTEGER NOT NULL,
  "GenreId" INTEGER, "Composer" NVARCHAR(220), "Milliseconds" INTEGER NOT NULL, "Bytes" INTEGER, "UnitPrice" NUMERIC(10,2) NOT NULL,
  CONSTRAINT "PK_Track" PRIMARY KEY ("TrackId"),
  FOREIGN KEY ("AlbumId") REFERENCES "Album" ("AlbumId"),
  FOREIGN KEY ("GenreId") REFERENCES "Genre" ("GenreId"),
  FOREIGN KEY ("MediaTypeId") REFERENCES "MediaType" ("MediaTypeId"));
CREATE TABLE "PlaylistTrack" ("PlaylistId" INTEGER NOT NULL, "TrackId" INTEGER NOT NULL,
  CONSTRAINT "PK_PlaylistTrack" PRIMARY KEY ("PlaylistId", "TrackId"),
  FOREIGN KEY ("PlaylistId") REFERENCES "Playlist" ("PlaylistId"),
  FOREIGN KEY ("TrackId") REFERENCES "Track" ("TrackId"));
CREATE TABLE "Invoice" ("InvoiceId" INTEGER NOT NULL, "CustomerId" INTEGER NOT NULL, "InvoiceDate" DATETIME NOT NULL,
  "BillingCity" NVARCHAR(40), "Total" NUMERIC(10,2) NOT NULL,
  CONSTRAINT "PK_Invoice" PRIMARY KEY ("InvoiceId"),
  FOREIGN KEY ("CustomerId") REFERENCES "Customer" ("CustomerId"));
CREATE TABLE "InvoiceLine" ("InvoiceLineId" INTEGER NOT NULL, "InvoiceId" INTEGER NOT NULL, "TrackId" INTEGER NOT NULL,
  "UnitPrice" NUMERIC(10,2) NOT NULL, "Quantity" INTEGER NOT NULL,
  CONSTRAINT "PK_InvoiceLine" PRIMARY KEY ("InvoiceLineId"),
  FOREIGN KEY ("InvoiceId") REFERENCES "Invoice" ("InvoiceId"),
  FOREIGN KEY ("TrackId") REFERENCES "Track" ("TrackId"));
CREATE UNIQUE INDEX "IPK_Customer" ON "Customer" ("CustomerId");
CREATE INDEX "IFK_AlbumArtistId" ON "Album" ("ArtistId");
CREATE INDEX "IFK_CustomerSupportRepId" ON "Customer" ("SupportRepId");
CREATE INDEX "IFK_EmployeeReportsTo" ON "Employee" ("ReportsTo");
CREATE INDEX "IFK_InvoiceCustomerId" ON "Invoice" ("CustomerId");
CREATE INDEX "IFK_TrackAlbumId" ON "Track" ("AlbumId");
INSERT INTO "Artist" VALUES (1, 'AC/DC'), (2, 'Accept'), (3, 'Aerosmith');
INSERT INTO "Album" VALUES (1, 'For Those About To Rock', 1), (2, 'Balls to the Wall', 2), (4, 'Let There Be Rock', 1);
INSERT INTO "Genre" VALUES (1, 'Rock'), (2, 'Jazz');
INSERT INTO "MediaType" VALUES (1, 'MPEG audio file');
INSERT INTO "Track" VALUES
  (1, 'For Those About To Rock', 1, 1, 1, 'Young', 343719, 11170334, 0.99),
  (2, 'Balls to the Wall', 2, 1, 1, NULL, 342562, 5510424, 0.99),
  (15, 'Go Down', 4, 1, 1, 'AC/DC', 331180, 10847611, 1.29);
INSERT INTO "Playlist" VALUES (1, 'Music'), (2, 'Movies'), (3, 'Loud');
INSERT INTO "PlaylistTrack" VALUES (1, 1), (1, 2), (1, 15), (3, 15), (3, 2);
INSERT INTO "Employee" VALUES (1, 'Adams', 'Andrew', 'General Manager', NULL, '1962-02-18 00:00:00', '2002-08-14 00:00:00', 'a@x.com'),
  (2, 'Edwards', 'Nancy', 'Sales Manager', 1, '1958-12-08 00:00:00', '2002-05-01 00:00:00', 'n@x.com'),
  (3, 'Peacock', 'Jane', 'Sales Support Agent', 2, '1973-08-29 00:00:00', '2002-04-01 00:00:00', 'j@x.com');
INSERT INTO "Customer" VALUES (1, 'Luis', 'Goncalves', NULL, 'Brazil', 'l@x.com', 3), (2, 'Leonie', 'Koehler', NULL, 'Germany', 'k@x.com', NULL);
INSERT INTO "Invoice" VALUES (1, 2, '2009-01-01 00:00:00', 'Stuttgart', 1.98), (98, 1, '2010-03-11 00:00:00', 'Sao Jose', 3.98);
INSERT INTO "InvoiceLine" VALUES (1, 1, 1, 0.99, 1), (2, 1, 2, 0.99, 1), (3, 98, 15, 1.29, 2)`);
};
