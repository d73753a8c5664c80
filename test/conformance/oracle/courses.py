"""Random courses: a program of steps that is made while it runs, so that its steps fit what became of the objects."""

import random

import sqlalchemy as sa

from world import World, state_of

# How often an action is chosen, among those that are possible. The second is for wild courses alone.
WEIGHTS = {
    "new": (14, 14), "add": (6, 7), "set": (7, 7), "set_ref": (10, 10), "append": (10, 10), "remove": (4, 6),
    "set_collection": (5, 6), "query": (8, 8), "get": (2, 3), "refresh": (2, 3), "expire": (2, 3), "merge": (2.5, 4),
    "merge_new": (2.5, 4), "delete": (5.5, 7), "flush": (11, 10), "commit": (4, 4), "rollback": (4, 4), "read": (2.5, 3),
    "savepoint": (5.5, 6), "release": (3, 4), "roll_back": (2.5, 4), "expunge": (0.4, 2), "change_session": (2, 2),
    "raw_version": (0.7, 1), "expire_all": (0, 1), "expire_some": (0, 1.5), "expunge_all": (0, 0.3),
    "raw_delete": (0, 0.7), "set_key": (0, 2), "clear": (0, 1), "merge_detached": (0, 1), "get_fresh": (0, 1),
    "unloaded": (0, 1.5), "second_session": (0, 0.7), "modified": (0, 2), "identity": (0, 0.7),
}
INITIAL = 6


class Course:
    """One random course over a schema. The same seed gives the same course."""

    def __init__(self, schema, seed, wild=False):
        self.random = random.Random(seed)
        self.schema, self.wild = schema, wild
        self.options = {
            "autoflush": self.random.random() < 0.75, "expireOnCommit": self.random.random() < 0.75,
        }
        self.world = World(schema, self.options)
        self.mapping = self.world.mapping
        self.steps, self.expected = [], []
        self.names, self.number, self.current = [], 0, "s"
        self.ids, self.nested, self.others = {}, [], []

    def make(self):
        """Steps and what SQLAlchemy does in them."""
        try:
            for _ in range(INITIAL):
                self.new()
            for _ in range(self.random.randint(10, 55)):
                self.act()
            self.finish()
        finally:
            self.world.close()
        return self.steps, self.expected

    def act(self):
        chosen = self.random.choices(list(WEIGHTS), [weights[self.wild] for weights in WEIGHTS.values()])[0]
        getattr(self, chosen)()

    # What is there

    def do(self, op, **fields):
        step = {"op": op, **fields}
        result = self.world.run(step)
        self.steps.append(step)
        self.expected.append(result)
        return result

    def here(self, op, **fields):
        """A step of the current session."""
        return self.do(op, **fields, **({} if self.current == "s" else {"session": self.current}))

    def session(self):
        return self.world.sessions[self.current]

    def fresh(self, prefix):
        self.number += 1
        return f"{prefix}{self.number}"

    def held(self, *states):
        """The names of objects, or of those that are in some states."""
        return [n for n in self.names if not states or state_of(self.world.objects[n]) in states]

    def of(self, target):
        return [n for n in self.names if isinstance(self.world.objects[n], self.mapping.classes[target])]

    def pick(self, names):
        return self.random.choice(names) if names else None

    def mine(self, *states):
        return [n for n in self.held(*states) if sa.orm.object_session(self.world.objects[n]) is self.session()]

    def note(self, name):
        held = self.world.objects[name]
        if held is not None and self.world.first[id(held)] == name:
            self.names.append(name)

    def entity_of(self, name):
        return type(self.world.objects[name]).__name__

    def relations(self, name, many=None):
        found = self.mapping.relationships(self.entity_of(name)).items()
        return [(key, r) for key, r in found if many is None or is_many(r) == many]

    def loaded(self, name, attribute):
        """Whether reading an attribute needs no I/O."""
        state = sa.inspect(self.world.objects[name])
        return state.key is None or attribute in state.dict

    def column(self, name):
        """A column that may be set by hand, and one that is no part of a key."""
        keys = {c for e in self.schema["entities"].values() for r in e.get("relationships", {}).values()
                for c in r.get("foreignKey", {}).get("columns", [])}
        versions = {e.get("versionColumn") for e in self.schema["entities"].values()}
        kinds = {e.get("inheritance", {}).get("discriminatorColumn") for e in self.schema["entities"].values()}
        columns = self.mapping.columns(self.entity_of(name) if name in self.world.objects else name)
        return [c for c, s in columns.items() if not s.get("primaryKey") and c not in keys | versions | kinds
                and s["type"] in ("string", "integer", "text") and not s.get("foreignKey")]

    # Making objects

    def key(self, entity):
        """The values of an entity's key: the next, now and then one that is taken."""
        root = list(self.mapping.ancestry(entity))[-1]
        columns = self.mapping.columns(entity)
        names = self.mapping.key(entity)
        if columns[names[0]].get("autoincrement"):
            return {}
        taken = self.ids.get(root, 0)
        if taken and self.random.random() < 0.08:
            number = self.random.randint(1, taken)
        else:
            number = self.ids[root] = taken + 1
        parts = [number] + [1 if self.random.random() < 0.8 else 2 for _ in names[1:]]
        return {n: p if columns[n]["type"] == "integer" else f"k{p}" for n, p in zip(names, parts)}

    def attributes(self, entity, label, share):
        def value(column):
            return label if column["type"] != "integer" else self.random.randint(1, 9)

        columns = self.mapping.columns(entity)
        return {n: value(columns[n]) for n in self.column(entity) if self.random.random() < share or columns[n].get("nullable") is False}

    def collections(self, entity, share):
        found = self.mapping.relationships(entity).items()
        return {n: [] for n, r in found if is_many(r) and not r.get("viewonly") and self.random.random() < share}

    def entity(self):
        return self.pick([n for n in self.schema["entities"] if self.mapping.key(n)])

    def new(self):
        entity = self.entity()
        label = self.fresh(entity[:2].lower() if len(entity) > 1 else entity.lower())
        attrs = {**self.key(entity), **self.attributes(entity, label, 0.93)}
        refs = self.collections(entity, 0.8)
        for name, relation in self.mapping.relationships(entity).items():
            if not is_many(relation) and relation.get("owner") is not False and not relation.get("viewonly"):
                ref = self.pick(self.of(relation["target"]))
                if ref and self.random.random() < 0.45:
                    refs[name] = ref
        self.do("new", **{"as": label}, entity=entity, attrs=attrs, **({"refs": refs} if refs else {}))
        self.note(label)
        if self.random.random() < 0.7:
            self.here("add", obj=label)

    def merge_new(self):
        entity = self.entity()
        key = self.key(entity)
        root = list(self.mapping.ancestry(entity))[-1]
        names = self.mapping.key(entity)
        if key and self.random.random() < 0.8 and isinstance(key[names[0]], int):
            key = {**key, names[0]: self.random.randint(1, self.ids[root])}
        label = self.fresh("m" + entity[0].lower())
        attrs = {**key, **self.attributes(entity, label, 0.7)}
        refs = {}
        for name, relation in self.mapping.relationships(entity).items():
            if relation.get("viewonly"):
                continue
            others = self.of(relation["target"])
            if is_many(relation) and self.random.random() < 0.6:
                refs[name] = self.random.sample(others, min(len(others), self.random.choice([0, 0, 0, 1, 2])))
            elif not is_many(relation) and relation.get("owner") is not False and others and self.random.random() < 0.2:
                refs[name] = self.pick(others)
        made = self.do("new", **{"as": label}, entity=entity, attrs=attrs, **({"refs": refs} if refs else {}))
        if made is None:
            if self.wild:
                self.note(label)
            self.merge_of(label)

    def merge(self):
        name = self.pick(self.held())
        if name:
            self.merge_of(name)

    def merge_detached(self):
        name = self.pick(self.held("detached"))
        if name:
            self.merge_of(name, **({"load": False} if self.random.random() < 0.4 else {}))

    def merge_of(self, name, **options):
        label = self.fresh("mg")
        if "error" in (self.here("merge", obj=name, **{"as": label}, **options) or {}):
            self.after_error()
        else:
            self.note(label)

    # Changing objects

    def set(self):
        name = self.pick(self.held())
        columns = name and self.column(name)
        if columns:
            column = self.pick(columns)
            kind = self.mapping.columns(self.entity_of(name))[column]["type"]
            values = [None, self.random.randint(1, 9)] if kind == "integer" else [None, f"v{self.random.randint(1, 9)}", name]
            self.do("set", obj=name, attr=column, value=self.random.choices(values, [2, 4, 1][: len(values)])[0])

    def set_key(self):
        """Sets a foreign key by hand."""
        name = self.pick(self.held())
        columns = name and [c for _, r in self.relations(name) if not is_many(r) and r.get("owner") is not False
                            for c in r.get("foreignKey", {}).get("columns", [])]
        if columns:
            self.do("set", obj=name, attr=self.pick(columns), value=self.pick([None, 1, 1, 2, 3]))

    def writable(self, many, must_be_loaded=True):
        places = [(n, key, r) for n in self.held() for key, r in self.relations(n, many) if not r.get("viewonly")]
        if must_be_loaded:
            places = [place for place in places if self.loaded(place[0], place[1])]
        return self.pick(places)

    def set_ref(self):
        place = self.writable(False, False)
        if place and (self.wild or self.quiet_ref(place)):
            name, key, relation = place
            ref = None if self.random.random() < 0.25 else self.pick(self.of(relation["target"]))
            self.do("setRef", obj=name, attr=key, ref=ref)

    def quiet_ref(self, place):
        """Whether a reference can be set without a look at the old one."""
        name, key, relation = place
        return relation.get("owner") is not False or self.loaded(name, key)

    def append(self):
        place = self.writable(True)
        ref = place and self.pick(self.of(place[2]["target"]))
        if ref:
            members = self.world.objects[place[0]].__dict__.get(place[1], [])
            if self.wild and self.random.random() < 0.1 or self.world.objects[ref] not in members:
                self.do("append", obj=place[0], attr=place[1], ref=ref)

    def remove(self):
        places = [(n, key, member) for n in self.held() for key, r in self.relations(n, True) if not r.get("viewonly")
                  for member in sa.inspect(self.world.objects[n]).dict.get(key, [])]
        places = [(n, key, self.world.first.get(id(member))) for n, key, member in places]
        place = self.pick([place for place in places if place[2] in self.names])
        if place:
            self.do("removeFrom", obj=place[0], attr=place[1], ref=place[2])

    def clear(self):
        place = self.writable(True)
        if place:
            self.do("clear", obj=place[0], attr=place[1])

    def set_collection(self):
        place = self.writable(True)
        if place:
            others = self.of(place[2]["target"])
            refs = self.random.sample(others, min(len(others), self.random.randint(0, 3)))
            self.do("setCollection", obj=place[0], attr=place[1], refs=refs)

    def unloaded(self):
        """Touches what is not loaded, in or out of a `runSync`."""
        name = self.pick(self.mine("persistent") or self.held())
        relations = name and self.relations(name)
        if relations:
            key, relation = self.pick(relations)
            ref = self.pick(self.of(relation["target"]))
            step = {"op": "members" if is_many(relation) else "attr", "obj": name, "attr": key}
            if is_many(relation) and ref and not relation.get("viewonly") and self.random.random() < 0.5:
                step = {"op": "append", "obj": name, "attr": key, "ref": ref}
            if self.random.random() < 0.6:
                self.here("runSync", steps=[step])
                self.after_error()
            else:
                self.do(**step)

    # The session

    def add(self):
        names = self.held("transient", "detached")
        if self.wild and self.random.random() < 0.2:
            names = self.held()
        if names:
            self.here("add", obj=self.pick(names))

    def delete(self):
        names = self.held() if self.wild and self.random.random() < 0.15 else self.mine("persistent")
        name = self.pick(names)
        if name:
            result = self.here("delete", obj=name)
            if result:
                self.after_error()

    def expunge(self):
        name = self.pick(self.mine("pending", "persistent") if self.wild else self.mine("pending"))
        if name:
            self.here("expunge", obj=name)

    def expunge_all(self):
        self.here("expungeAll")

    def expire(self):
        name = self.pick(self.mine("persistent"))
        if name:
            self.here("expire", obj=name)

    def expire_some(self):
        name = self.pick(self.mine("persistent"))
        if name:
            attributes = self.column(name) + [key for key, _ in self.relations(name)]
            if attributes:
                op = self.pick(["expire", "refresh"])
                attrs = self.random.sample(attributes, min(len(attributes), self.random.randint(1, 2)))
                if self.here(op, obj=name, attrs=attrs):
                    self.after_error()

    def expire_all(self):
        self.here("expireAll")

    def refresh(self):
        name = self.pick(self.held() if self.wild and self.random.random() < 0.1 else self.mine("persistent"))
        if name and self.here("refresh", obj=name):
            self.after_error()

    def get(self):
        entity = self.entity()
        key = self.key_of(entity)
        if key:
            label = self.fresh("g")
            if "error" in self.here("get", entity=entity, pk=key, **{"as": label}):
                self.after_error()
            else:
                self.note(label)

    def get_fresh(self):
        entity = self.entity()
        key = self.key_of(entity)
        if key:
            label = self.fresh("g")
            extra = {"populateExisting": True} if self.random.random() < 0.5 else {}
            result = self.here("get", entity=entity, pk=key, **{"as": label}, load=self.load(entity), **extra)
            if "error" in result:
                self.after_error()
            else:
                self.note(label)

    def key_of(self, entity):
        """A key that there may be."""
        columns = self.mapping.columns(entity)
        names = self.mapping.key(entity)
        most = max(2, self.ids.get(list(self.mapping.ancestry(entity))[-1], 3))
        parts = [self.random.randint(1, most)] + [1] * (len(names) - 1)
        return [p if columns[n]["type"] == "integer" else f"k{p}" for n, p in zip(names, parts)]

    def load(self, entity):
        """Loader paths over some relationships of an entity, and over one of theirs."""
        paths = []
        for name, relation in self.mapping.relationships(entity).items():
            if self.random.random() < 0.85:
                path = name
                further = list(self.mapping.relationships(relation["target"]))
                if further and self.random.random() < 0.3:
                    path += "." + self.pick(further)
                strategies = ["selectin", "selectin", "selectin", "joined"] + (["raise", "lazy"] if self.wild else [])
                paths.append({"path": path, "strategy": self.pick(strategies)})
        return paths

    def order(self, entity):
        key = self.mapping.key(entity)
        columns = self.mapping.columns(entity)
        return ["name"] if columns[key[0]].get("autoincrement") and "name" in columns else key

    def query(self):
        entity = self.entity()
        fields = {"entity": entity, "orderBy": self.order(entity)}
        load = self.load(entity)
        if load:
            fields["load"] = load
        if self.wild and self.random.random() < 0.12:
            fields["populateExisting"] = True
        if self.wild and self.random.random() < 0.15 and self.column(entity):
            column = self.pick(self.column(entity))
            fields["where"] = [[column, *self.pick([["isNull", True], ["isNull", False], ["ne", "v1"]])]]
        self.bound_query(fields, [self.fresh("q") for _ in range(6)])

    def bound_query(self, fields, names):
        if "error" in self.here("query", **fields, bind=names):
            self.after_error()
            return []
        for name in names:
            self.note(name)
        return [name for name in names if self.world.objects[name] is not None]

    # A `raise` strategy is part of `load`; here something is read under it.
    def read(self):
        places = [(n, key, r) for n in self.mine("persistent") for key, r in self.relations(n)]
        if places:
            steps = [
                {"op": "members" if is_many(r) else "attr", "obj": n, "attr": key}
                for n, key, r in self.random.sample(places, min(len(places), self.random.randint(1, 3)))
            ]
            self.here("runSync", steps=steps)
            self.after_error()

    def flush(self):
        self.here("sessionSets")
        self.do("mark")
        if self.here("flush"):
            self.after_error()
        else:
            self.do("counts", level="advisory")
        self.check()

    def after_error(self):
        """Ends what a failed flush has left behind."""
        if self.session().is_active:
            return
        if self.nested and self.random.random() < 0.6:
            self.do("rollbackNested", sp=self.nested.pop())
        if not self.session().is_active:
            self.nested.clear()
            self.here("rollback")

    def commit(self):
        self.nested.clear()
        if self.here("commit"):
            self.after_error()
        self.check()

    def rollback(self):
        self.nested.clear()
        self.here("rollback")
        self.check()

    def savepoint(self):
        label = self.fresh("sp")
        if self.here("beginNested", **{"as": label}):
            self.after_error()
        else:
            self.nested.append(label)

    def release(self):
        if self.nested:
            if self.do("releaseNested", sp=self.nested.pop()):
                self.after_error()
            self.check()

    def roll_back(self):
        if self.nested:
            self.do("rollbackNested", sp=self.nested.pop())
            self.check()

    def change_session(self):
        """Goes on in a new session, with objects of the old one that were refreshed before they were detached."""
        self.nested.clear()
        if self.here("commit"):
            self.after_error()
        for name in self.mine("persistent")[:3]:
            if self.random.random() < 0.6 and self.here("refresh", obj=name):
                self.after_error()
        self.here("close")
        self.begin_session()

    def second_session(self):
        """Goes on in a new session, and leaves the old one as it is, without a transaction."""
        self.nested.clear()
        if self.here("commit"):
            self.after_error()
        if self.session().in_transaction():
            self.here("rollback")
        self.begin_session()

    def begin_session(self):
        self.current = f"s{len(self.world.sessions) + 1}"
        self.do("newSession", session=self.current)
        entity = self.entity()
        load = self.load(entity)
        fields = {"entity": entity, "orderBy": self.order(entity), **({"load": load} if load else {})}
        self.bound_query(fields, [self.fresh("q") for _ in range(6)])

    def raw_version(self):
        versioned = [e for e in self.schema["entities"].values() if "versionColumn" in e and len(self.mapping.key(name_of(self.schema, e))) == 1]
        entity = self.pick(versioned)
        if entity:
            key, version = next(n for n, c in entity["columns"].items() if c.get("primaryKey")), entity["versionColumn"]
            sql = f"UPDATE {entity['table']} SET {version} = {version} + 1 WHERE {key} = {self.random.randint(1, 5)}"
            self.here_raw(sql)

    def raw_delete(self):
        """Takes a row away behind the session's back."""
        tables = [e for e in self.schema["entities"].values() if "table" in e and "extends" not in e]
        entity = self.pick(tables)
        key = entity and next((n for n, c in entity["columns"].items() if c.get("primaryKey")), None)
        if key:
            self.here_raw(f"DELETE FROM {entity['table']} WHERE {key} = {self.random.randint(1, 6)}")

    def here_raw(self, sql):
        self.do("rawSql", sql=sql, session=self.current)
        self.after_error()

    # Looking

    def modified(self):
        name = self.pick(self.mine("persistent", "pending"))
        if name:
            self.here("isModified", obj=name)

    def identity(self):
        name = self.pick(self.held())
        if name:
            self.do("identity", obj=name)

    def check(self, states=8, relations=3):
        for table in sorted(self.mapping.metadata.tables) if self.random.random() < 0.5 else self.mapping.metadata.tables:
            self.check_table(table)
        for name in sorted(self.random.sample(self.names, min(len(self.names), states))):
            self.do("state", obj=name)
        for name in self.random.sample(self.names, min(len(self.names), relations)):
            self.look(name)

    def check_table(self, table):
        if any(c.get("autoincrement") for c in self.mapping.table_columns(table).values()) and "name" in self.mapping.table_columns(table):
            columns = [c for c, s in self.mapping.table_columns(table).items() if not s.get("primaryKey") and not s.get("foreignKey")]
            self.do("rawSql", sql=f"SELECT {', '.join(columns)} FROM {table}", sorted=True, session=self.current)
        else:
            self.here("table", table=table)

    def look(self, name):
        """Shows the relationships of an object that are loaded, or says that one is not."""
        for key, relation in self.relations(name):
            if self.loaded(name, key):
                self.do("members" if is_many(relation) else "attr", obj=name, attr=key)
            else:
                self.do("isLoaded", obj=name, attr=key)
                break

    def finish(self):
        self.nested.clear()
        if self.here("commit"):
            self.after_error()
        self.check(states=99, relations=6)
        self.here("expungeAll")
        for entity, schema in self.schema["entities"].items():
            if "extends" in schema or not self.mapping.key(entity):
                continue
            load = [{"path": name, "strategy": "selectin"} for name in self.mapping.relationships(entity)]
            fields = {"entity": entity, "orderBy": self.mapping.key(entity), **({"load": load} if load else {})}
            for name in self.bound_query(fields, [self.fresh("z") for _ in range(4)]):
                self.look(name)


def is_many(relation):
    return relation["kind"] in ("oneToMany", "manyToMany")


def name_of(schema, entity):
    return next(name for name, other in schema["entities"].items() if other is entity)
