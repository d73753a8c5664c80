"""The SQLAlchemy mapping of a scenario: declarative classes made of its schema, in a registry of their own."""

import datetime

import sqlalchemy as sa
from sqlalchemy import orm

TYPES = {
    "integer": lambda column: sa.Integer(),
    "string": lambda column: sa.String(column.get("length")),
    "text": lambda column: sa.Text(),
    "boolean": lambda column: sa.Boolean(),
    "float": lambda column: sa.Float(),
    "datetime": lambda column: sa.DateTime(),
    "json": lambda column: sa.JSON(none_as_null=True),
}


class Mapping:
    def __init__(self, schema):
        self.entities = schema["entities"]
        self.tables = schema.get("tables", {})
        self.registry = orm.registry()
        self.metadata = self.registry.metadata
        self.classes = {}
        for name, table in self.tables.items():
            sa.Table(name, self.metadata, *columns_of(table), *constraints_of(table))
        base = self.registry.generate_base()
        for name, entity in self.entities.items():
            self.classes[name] = self._class(name, entity, base)
        self.registry.configure()

    def dispose(self):
        self.registry.dispose()

    def ancestry(self, name):
        """An entity and its bases, itself first."""
        while name is not None:
            yield name
            name = self.entities[name].get("extends")

    def column(self, entity, attribute):
        """The schema of an attribute that is a column; None for a relationship."""
        for name in self.ancestry(entity):
            if attribute in self.entities[name]["columns"]:
                return self.entities[name]["columns"][attribute]
        return None

    def columns(self, entity):
        """The columns of an entity and its bases, bases first."""
        found = {}
        for name in reversed(list(self.ancestry(entity))):
            found = {**self.entities[name]["columns"], **found}
        return found

    def relationships(self, entity):
        found = {}
        for name in self.ancestry(entity):
            found = {**self.entities[name].get("relationships", {}), **found}
        return found

    def key(self, entity):
        """The names of an entity's primary-key attributes."""
        return [name for name, column in self.columns(entity).items() if column.get("primaryKey")]

    def table_columns(self, table):
        """The columns of a table by name, those of single-table subclasses included."""
        if table in self.tables:
            return self.tables[table]["columns"]
        found = {}
        for name, entity in self.entities.items():
            if self._table_of(name) == table:
                found = {**found, **{key: c for key, c in entity["columns"].items() if key not in found}}
        return found

    def _table_of(self, name):
        return next(self.entities[n]["table"] for n in self.ancestry(name) if "table" in self.entities[n])

    def _class(self, name, entity, base):
        body = {column.name: column for column in columns_of(entity, guest="table" not in entity)}
        args = {}
        if "table" in entity:
            body["__tablename__"] = entity["table"]
            body["__table_args__"] = tuple(constraints_of(entity))
        inheritance = entity.get("inheritance", {})
        if "discriminatorColumn" in inheritance:
            args["polymorphic_on"] = body[inheritance["discriminatorColumn"]]
        if "discriminatorValue" in inheritance:
            args["polymorphic_identity"] = inheritance["discriminatorValue"]
        if inheritance.get("withPolymorphic"):
            args["with_polymorphic"] = "*"
        if "versionColumn" in entity:
            args["version_id_col"] = body[entity["versionColumn"]]
        body["__mapper_args__"] = args
        for attribute, relation in entity.get("relationships", {}).items():
            body[attribute] = self._relationship(name, relation)
        bases = (self.classes[entity["extends"]],) if "extends" in entity else (base,)
        return type(name, bases, body)

    def _columns(self, entity, names):
        """Columns of an entity's tables by name, the table nearest to it first."""
        tables = [self.metadata.tables[self.entities[n]["table"]] for n in self.ancestry(entity) if "table" in self.entities[n]]
        return [next(table.c[name] for table in tables if name in table.c) for name in names]

    def _relationship(self, name, relation):
        target = relation["target"]
        options = {"lazy": relation.get("lazy", "select")}
        for ours, theirs in [("backPopulates", "back_populates"), ("passiveDeletes", "passive_deletes"),
                             ("postUpdate", "post_update"), ("viewonly", "viewonly"), ("singleParent", "single_parent")]:
            if ours in relation:
                options[theirs] = relation[ours]
        if "cascade" in relation:
            options["cascade"] = ", ".join(relation["cascade"])
        elif not relation.get("viewonly"):
            options["cascade"] = "save-update, merge"
        if "orderBy" in relation:
            options["order_by"] = lambda: [
                sa.desc(self._columns(target, [by[1:]])[0]) if by.startswith("-") else self._columns(target, [by])[0]
                for by in relation["orderBy"]
            ]
        if relation["kind"] == "manyToMany":
            self._secondary(name, relation, options)
        else:
            self._foreign_key(name, relation, options)
        return orm.relationship(lambda: self.classes[target], **options)

    def _secondary(self, name, relation, options):
        link, target = relation["secondary"], relation["target"]
        table = self.metadata.tables[link["table"]]

        def join(entity, columns):
            return lambda: sa.and_(*(
                key == table.c[column] for key, column in zip(self._columns(entity, self.key(entity)), columns)
            ))

        options["secondary"] = table
        options["primaryjoin"] = join(name, link["localColumns"])
        options["secondaryjoin"] = join(target, link["remoteColumns"])

    def _foreign_key(self, name, relation, options):
        target = relation["target"]
        holds_key = relation["kind"] == "manyToOne" or relation.get("owner") is True
        holder, referred = (name, target) if holds_key else (target, name)
        names = relation["foreignKey"]["columns"]
        references = relation["foreignKey"].get("references")
        if relation["kind"] == "oneToOne":
            options["uselist"] = False
        options["foreign_keys"] = lambda: self._columns(holder, names)
        if self._table_of(name) == self._table_of(target) or references:
            key = references or self.key(referred)
            options["remote_side"] = lambda: self._columns(target, key if holds_key else names)
            options["primaryjoin"] = lambda: sa.and_(*(
                a == b for a, b in zip(self._columns(holder, names), self._columns(referred, key))
            ))


def columns_of(table, guest=False):
    for name, schema in table["columns"].items():
        arguments = []
        key = schema.get("foreignKey")
        if key:
            arguments.append(sa.ForeignKey(
                f"{key['table']}.{key['column']}", ondelete=key.get("onDelete"), onupdate=key.get("onUpdate"),
                deferrable=key.get("deferrable"),
            ))
        primary = schema.get("primaryKey", False)
        yield sa.Column(
            name, TYPES[schema["type"]](schema), *arguments, primary_key=primary,
            nullable=not primary and (guest or schema.get("nullable", True)),
            autoincrement=schema.get("autoincrement", False) if primary else "auto",
            unique=schema.get("unique"), default=schema.get("default"),
        )


def constraints_of(table):
    for key in table.get("foreignKeys", []):
        yield sa.ForeignKeyConstraint(
            key["columns"], [f"{key['refTable']}.{name}" for name in key["refColumns"]], ondelete=key.get("onDelete"),
        )
    for unique in table.get("uniques", []):
        yield sa.UniqueConstraint(*unique)


def to_attribute(column, value):
    """The attribute value that a scalar of a scenario stands for."""
    if column and column["type"] == "datetime" and isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    return value


def render(value):
    """A scalar as results show it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
