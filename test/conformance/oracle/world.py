"""Runs the steps of a scenario on a real SQLAlchemy, on SQLite in memory, and gives the result of each as the format says."""

import json
import warnings

import sqlalchemy as sa
from sqlalchemy import exc, orm
from sqlalchemy.orm import exc as orm_exc
from sqlalchemy.pool import StaticPool

from mapping import Mapping, render, to_attribute

warnings.filterwarnings("ignore")

NEUTRAL = {
    "MissingGreenlet": "ImplicitIO", "IntegrityError": "IntegrityError", "NoResultFound": "NoResultFound",
    "MultipleResultsFound": "MultipleResultsFound", "StaleDataError": "StaleDataError",
    "PendingRollbackError": "PendingRollbackError", "DetachedInstanceError": "DetachedInstanceError",
    "ObjectDeletedError": "ObjectDeletedError", "FlushError": "FlushError",
    "CircularDependencyError": "CircularDependencyError", "ResourceClosedError": "ResourceClosedError",
    "UnmappedInstanceError": "UnmappedInstanceError", "InvalidRequestError": "InvalidRequestError",
    "ArgumentError": "InvalidRequestError", "DatabaseError": "DatabaseError", "ValueError": "ValueError",
}
LOADERS = {"selectin": orm.selectinload, "joined": orm.joinedload, "lazy": orm.lazyload, "raise": orm.raiseload}
VERBS = ["SELECT", "INSERT", "UPDATE", "DELETE"]
OPERATORS = {
    "eq": lambda a, v: a == v, "ne": lambda a, v: a != v, "lt": lambda a, v: a < v, "le": lambda a, v: a <= v,
    "gt": lambda a, v: a > v, "ge": lambda a, v: a >= v, "in": lambda a, v: a.in_(v), "like": lambda a, v: a.like(v),
    "isNull": lambda a, v: a.is_not(None) if v is False else a.is_(None),
}


class ScenarioError(Exception):
    """The scenario itself is wrong: it names what it has not bound."""


def neutral_name(error):
    if isinstance(error, AssertionError) and "blank-out primary key" in str(error):
        return "DependencyRuleError"
    for cls in type(error).__mro__:
        if cls.__name__ in NEUTRAL:
            return NEUTRAL[cls.__name__]
    raise error


class GuardedSession(orm.Session):
    """
    Does what `AsyncSession` does without a greenlet: outside of `world.io` no statement can be sent. It fails before any
    side effect, an autoflush too.
    """

    def __init__(self, world, **options):
        super().__init__(world.engine, **options)
        self.world = world
        for event in ("loaded_as_persistent", "pending_to_persistent"):
            sa.event.listen(self, event, lambda _, held: world.pin(held))

    def _guard(self):
        if not self.world.io:
            raise exc.MissingGreenlet("I/O outside of an awaited call")

    def _execute_internal(self, *arguments, **options):
        self._guard()
        return super()._execute_internal(*arguments, **options)

    def _autoflush(self):
        self._guard()
        return super()._autoflush()


class World:
    def __init__(self, schema, options):
        self.mapping = Mapping(schema)
        self.options = options
        self.engine = sa.create_engine("sqlite://", poolclass=StaticPool, use_insertmanyvalues=False)
        self.io = False
        self.objects, self.first, self.pinned = {}, {}, {}
        self.savepoints, self.sessions = {}, {}
        self.counting, self.counted = True, []
        sa.event.listen(self.engine, "connect", self._connect)
        sa.event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self.mapping.metadata.create_all(self.engine)
        sa.event.listen(self.engine, "before_cursor_execute", self._count)
        self.open_session("s", {})

    def close(self):
        for session in self.sessions.values():
            session.close()
        self.engine.dispose()
        self.mapping.dispose()

    def run(self, step):
        """The result of a step."""
        op = step["op"]
        if op == "runSync":
            return self._run_sync(step)
        handler = getattr(self, f"op_{op}", None)
        if handler is None:
            raise ScenarioError(f"the format has no step {op}")
        inside = self.io
        self.io = inside or op in IO
        try:
            value = handler(step)
        except ScenarioError:
            raise
        except Exception as error:
            return {"error": neutral_name(error)}
        finally:
            self.io = inside
        return None if op not in OBSERVING or value is NOTHING else {"value": value}

    def _run_sync(self, step):
        inside, self.io = self.io, True
        try:
            return {"steps": [self.run(inner) for inner in step["steps"]]}
        finally:
            self.io = inside

    def _connect(self, connection, record):
        connection.isolation_level = None  # no BEGIN of the driver's own
        self.driver = connection
        if self.options.get("foreignKeys", True):
            connection.execute("PRAGMA foreign_keys=ON")

    def _count(self, connection, cursor, statement, parameters, context, executemany):
        if self.counting:
            self.counted.append((statement.split(None, 1)[0].upper(), len(parameters) if executemany else 1))

    def pin(self, held):
        """Keeps an object: the identity map of a recording loses none."""
        self.pinned[id(held)] = held

    # Names and labels

    def bind(self, name, held):
        self.objects[name] = held
        if held is not None:
            self.pin(held)
            self.first.setdefault(id(held), name)

    def object(self, name):
        if name not in self.objects:
            raise ScenarioError(f"no object is bound to {name}")
        return self.objects[name]

    def ref(self, name):
        return None if name is None else self.object(name)

    def named(self, name):
        held = self.object(name)
        if held is None:
            raise ScenarioError(f"{name} is bound to nothing")
        return held

    def label(self, held):
        if held is None:
            return None
        if id(held) in self.first:
            return self.first[id(held)]
        entity = type(held).__name__
        key = sa.inspect(held).identity or [held.__dict__.get(name) for name in self.mapping.key(entity)]
        return f"{entity}({','.join('null' if part is None else str(part) for part in key)})"

    def labels(self, held):
        return sorted(str(self.label(one)) for one in held)

    def session(self, step):
        name = step.get("session", "s")
        if name not in self.sessions:
            raise ScenarioError(f"no session {name} is open")
        return self.sessions[name]

    def open_session(self, name, options):
        merged = {**self.options, **options}
        self.sessions[name] = GuardedSession(
            self, autoflush=merged.get("autoflush", True), expire_on_commit=merged.get("expireOnCommit", True)
        )

    # Steps on objects

    def op_new(self, step):
        entity = step["entity"]
        held = self.mapping.classes[entity]()
        for name, value in step.get("attrs", {}).items():
            setattr(held, name, to_attribute(self.mapping.column(entity, name), value))
        for name, ref in step.get("refs", {}).items():
            setattr(held, name, [self.named(r) for r in ref] if isinstance(ref, list) else self.ref(ref))
        self.bind(step["as"], held)

    def op_set(self, step):
        held = self.named(step["obj"])
        column = self.mapping.column(type(held).__name__, step["attr"])
        setattr(held, step["attr"], to_attribute(column, step["value"]))

    def op_setRef(self, step):
        setattr(self.named(step["obj"]), step["attr"], self.ref(step["ref"]))

    def op_setCollection(self, step):
        setattr(self.named(step["obj"]), step["attr"], [self.named(name) for name in step["refs"]])

    def _collection(self, step):
        return getattr(self.named(step["obj"]), step["attr"])

    def op_append(self, step):
        ref = self.named(step["ref"])
        self._collection(step).append(ref)

    def op_removeFrom(self, step):
        ref = self.named(step["ref"])
        self._collection(step).remove(ref)

    def op_clear(self, step):
        self._collection(step).clear()

    def op_bindRef(self, step):
        held = getattr(self.named(step["obj"]), step["attr"])
        self.bind(step["as"], held)
        return self.label(held)

    def op_bindMember(self, step):
        key = tuple(step["pk"])
        held = next((m for m in self._collection(step) if sa.inspect(m).identity == key), None)
        self.bind(step["as"], held)
        return self.label(held)

    # Steps on sessions

    def op_newSession(self, step):
        self.open_session(step["session"], step.get("options", {}))

    def op_add(self, step):
        self.session(step).add(self.named(step["obj"]))

    def op_addAll(self, step):
        self.session(step).add_all([self.named(name) for name in step["objs"]])

    def op_expunge(self, step):
        self.session(step).expunge(self.named(step["obj"]))

    def op_expungeAll(self, step):
        self.session(step).expunge_all()

    def op_expire(self, step):
        self.session(step).expire(self.named(step["obj"]), step.get("attrs"))

    def op_expireAll(self, step):
        self.session(step).expire_all()

    def op_flush(self, step):
        self.session(step).flush()

    def op_commit(self, step):
        self.session(step).commit()

    def op_rollback(self, step):
        self.session(step).rollback()

    def op_close(self, step):
        self.session(step).close()

    def op_delete(self, step):
        self.session(step).delete(self.named(step["obj"]))

    def op_refresh(self, step):
        self.session(step).refresh(self.named(step["obj"]), step.get("attrs"))

    def op_merge(self, step):
        merged = self.session(step).merge(self.named(step["obj"]), load=step.get("load", True))
        if "as" in step:
            self.bind(step["as"], merged)
        return self.label(merged)

    def op_beginNested(self, step):
        self.savepoints[step["as"]] = self.session(step).begin_nested()

    def _savepoint(self, step):
        if step["sp"] not in self.savepoints:
            raise ScenarioError(f"no savepoint {step['sp']} was begun")
        return self.savepoints[step["sp"]]

    def op_releaseNested(self, step):
        self._savepoint(step).commit()

    def op_rollbackNested(self, step):
        self._savepoint(step).rollback()

    # Steps that load

    def op_get(self, step):
        key = step["pk"]
        held = self.session(step).get(
            self.mapping.classes[step["entity"]], key[0] if len(key) == 1 else tuple(key),
            options=self._load(step), populate_existing=step.get("populateExisting", False),
        )
        return self._bound(step, held)

    def op_query(self, step):
        rows = self.session(step).scalars(self._select(step)).unique()
        result = step.get("result", "all")
        if result != "all":
            return self._bound(step, {"one": rows.one, "oneOrNone": rows.one_or_none, "first": rows.first}[result]())
        held = rows.all()
        for i, name in enumerate(step.get("bind", [])):
            self.bind(name, held[i] if i < len(held) else None)
        return [self.label(one) for one in held] if step.get("orderBy") else self.labels(held)

    def _bound(self, step, held):
        if "as" in step:
            self.bind(step["as"], held)
        return self.label(held)

    def _select(self, step):
        entity = step["entity"]
        cls = self.mapping.classes[entity]
        made = sa.select(cls)
        for name, operator, given in step.get("where", []):
            column = self.mapping.column(entity, name)
            value = [to_attribute(column, v) for v in given] if operator == "in" else to_attribute(column, given)
            made = made.where(OPERATORS[operator](getattr(cls, name), value))
        for by in step.get("orderBy", []):
            made = made.order_by(getattr(cls, by[1:]).desc() if by.startswith("-") else getattr(cls, by).asc())
        made = made.limit(step.get("limit")).offset(step.get("offset")).options(*self._load(step))
        return made.execution_options(populate_existing=True) if step.get("populateExisting") else made

    def _load(self, step):
        return [self._path(step["entity"], load["path"], load["strategy"]) for load in step.get("load", [])]

    def _path(self, entity, path, strategy):
        chain = None
        segments = [segment.split("/") for segment in path.split(".")]
        for i, (*subclass, name) in enumerate(segments):
            entity = subclass[0] if subclass else entity
            attribute = getattr(self.mapping.classes[entity], name)
            below = segments[i + 1][:-1] if i + 1 < len(segments) else []
            if below:
                attribute = attribute.of_type(self.mapping.classes[below[0]])
            loader = LOADERS[strategy if isinstance(strategy, str) else strategy[i]]
            chain = loader(attribute) if chain is None else getattr(chain, loader.__name__)(attribute)
            entity = self.mapping.relationships(entity)[name]["target"]
        return chain

    # Steps that go past the session's objects

    def op_rawSql(self, step):
        self.counting = False
        try:
            if step.get("session", "s") is None:
                with self.engine.begin() as connection:
                    return self._rows(step, connection.exec_driver_sql(step["sql"]))
            return self._rows(step, self.session(step).connection().exec_driver_sql(step["sql"]))
        finally:
            self.counting = True

    def _rows(self, step, result):
        if not result.returns_rows:
            return NOTHING
        rows = [[render(value) for value in row] for row in result]
        return sorted(rows, key=dump) if step.get("sorted") else rows

    def op_table(self, step):
        columns = self.mapping.table_columns(step["table"])
        names = list(columns)
        chosen = ", ".join(f'"{name}"' for name in names)
        cursor = self.driver.execute(f'SELECT {chosen} FROM "{step["table"]}"')
        rows = [{name: stored(columns[name], value) for name, value in zip(names, row)} for row in cursor]
        by = step.get("sortBy") or [name for name in names if columns[name].get("primaryKey")] or names
        rows.sort(key=lambda row: [table_order(row[name]) for name in by])
        return [{name: row[name] for name in step.get("columns", names)} for row in rows]

    # Steps that look

    def op_attr(self, step):
        held = self.named(step["obj"])
        value = getattr(held, step["attr"])
        return render(value) if self.mapping.column(type(held).__name__, step["attr"]) else self.label(value)

    def op_members(self, step):
        members = self._collection(step)
        return [self.label(member) for member in members] if step.get("ordered") else self.labels(members)

    def op_state(self, step):
        return state_of(self.named(step["obj"]))

    def op_sessionSets(self, step):
        session = self.session(step)
        return {name: self.labels(getattr(session, name)) for name in ("new", "dirty", "deleted")}

    def op_inSession(self, step):
        return self.named(step["obj"]) in self.session(step)

    def op_isModified(self, step):
        return self.session(step).is_modified(self.named(step["obj"]))

    def op_same(self, step):
        return self.object(step["a"]) is self.object(step["b"])

    def op_isLoaded(self, step):
        return step["attr"] not in sa.inspect(self.named(step["obj"])).unloaded

    def op_identity(self, step):
        identity = sa.inspect(self.named(step["obj"])).identity
        return identity and list(identity)

    def op_isActive(self, step):
        return self.session(step).is_active

    def op_inTransaction(self, step):
        return self.session(step).in_transaction()

    def op_mark(self, step):
        self.counted.clear()

    def op_counts(self, step):
        def count(verb):
            rows = [rows for counted, rows in self.counted if counted == verb]
            return {"statements": len(rows)} if verb == "SELECT" else {"statements": len(rows), "rows": sum(rows)}

        return {verb: count(verb) for verb in step.get("verbs", VERBS)}


NOTHING = object()
IO = set(
    "flush commit rollback close delete refresh merge beginNested releaseNested rollbackNested get query rawSql table".split()
)
OBSERVING = set(
    "bindRef bindMember get query merge rawSql table attr members state sessionSets inSession isModified same isLoaded "
    "identity isActive inTransaction counts".split()
)


def state_of(held):
    state = sa.inspect(held)
    return next(name for name in ("transient", "pending", "persistent", "deleted", "detached") if getattr(state, name))


def stored(column, value):
    """A value as the database keeps it, as results show it."""
    if value is None:
        return None
    if column["type"] == "boolean":
        return bool(value)
    if column["type"] == "json":
        return json.loads(value)
    if column["type"] == "datetime":
        return value.replace(" ", "T")[:23]
    return render(value)


def dump(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def table_order(value):
    if value is None:
        return (0, 0, "")
    return (1, value, "") if isinstance(value, (int, float)) else (2, 0, dump(value))


def record(scenario):
    """The scenario with what SQLAlchemy does in it."""
    world = World(scenario["schema"], scenario.get("options", {}))
    try:
        expected = [world.run(step) for step in scenario["steps"]]
    finally:
        world.close()
    return {**scenario, "recordedWith": f"SQLAlchemy {sa.__version__} / sqlite", "expected": expected}
