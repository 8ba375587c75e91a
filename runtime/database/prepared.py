"""Statements that are run so often that building them anew would cost more than running them:
compiled once for each engine, then handed to its driver with their values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Dialect,
    Integer,
    LargeBinary,
    SelectBase,
    String,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

_AS_THEY_ARE = (Integer, String, LargeBinary, NullType)
"""What both drivers take and give without SQLAlchemy in between."""


class Prepared:
    """A statement whose values are given by name (`bindparam`) when a plan yields it:
    `yield _HEAD(site_id=site_id, id=conversation)`."""

    def __init__(
        self,
        statement: ClauseElement,
        *,
        counted: bool = False,
        together: bool = False,
        on_sqlite: Gathered | None = None,
        **options: Any,
    ) -> None:
        """`counted`: it returns no rows, and a plan is sent as many empty ones as it has written.
        `together`: of a query without bytes that finds many rows, which SQLite gives as one JSON
        text then: each would be a step (see Gathered). `on_sqlite`: what is run there instead.
        `options`: execution options, for `on_statement`."""
        self._statement, self._options = statement, options
        self.counted, self.together, self.on_sqlite = counted, together, on_sqlite
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, **values: Any) -> Bound:
        return Bound(self, values)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of a query."""
        assert isinstance(self._statement, SelectBase)
        return tuple(column.key or "" for column in self._statement.selected_columns)

    def on(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            statement = self._statement
            if self.together and dialect.name == "sqlite":
                assert isinstance(statement, SelectBase)
                of = statement.subquery().c
                for column in of:
                    _check(column.type)
                statement = select(func.json_group_array(func.json_array(*of), type_=String))
            found = self._compiled[dialect.name] = _compile(statement, dialect, self._options)
        return found


@dataclass(frozen=True, slots=True)
class Gathered:
    """A statement that writes, and one that reads what the rows are that it would return, all
    `together`, before it (`first`) or after it. From SQLite's thread each row is a step for which
    it lets go of the interpreter, and has to wait for it again."""

    writes: Prepared
    reads: Prepared
    first: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A prepared statement and its values."""

    of: Prepared
    values: Mapping[str, Any]

    def on(self, dialect: Dialect) -> tuple[str, tuple[Any, ...], Mapping[str, Any]]:
        """The engine's SQL, its parameters in order, and the options to run it with."""
        compiled, values = self.of.on(dialect), self.values
        if len(values) != compiled.wanted:
            raise TypeError(f"these are not the values of the statement: {sorted(values)}")
        parameters = [values[name] if asked else name for asked, name in compiled.order]
        return compiled.sql, tuple(parameters), compiled.options


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`order`: of each parameter, (True, its name) or (False, the value the statement has)."""

    sql: str
    order: tuple[tuple[bool, Any], ...]
    wanted: int
    options: Mapping[str, Any]


def _compile(statement: ClauseElement, dialect: Dialect, options: Mapping[str, Any]) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    if compiled.post_compile_params:
        raise TypeError("a list of values goes through `among`")
    order: list[tuple[bool, Any]] = []
    for name in compiled.positiontup or ():
        bound = compiled.binds[name]
        _check(bound.type)
        order.append((True, bound.key) if bound.required else (False, bound.value))
    for entry in compiled._result_columns:
        _check(entry.type)
    wanted = len({name for asked, name in order if asked})
    return _Compiled(compiled.string, tuple(order), wanted, options)


def _check(type_: TypeEngine[Any]) -> None:
    if not isinstance(type_, _AS_THEY_ARE):
        raise TypeError(f"{type_!r} is not the same to both drivers")


class among(ColumnElement[bool]):  # noqa: N801  (reads like a function, as SQLAlchemy's own)
    """Whether a text column is one of a list that is given as `listed(values)` under `name`: the
    statement is the same however long it is."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[str], name: str) -> None:
        self.column, self.bound = column, bindparam(name, type_=String)


def listed(values: Iterable[str]) -> str:
    """A list for `among`."""
    return json.dumps(list(values))


@compiles(among, "sqlite")
def _among_on_sqlite(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, bound = _parts(element, compiler, options)
    return f"{column} IN (SELECT value FROM json_each({bound}))"


@compiles(among, "postgresql")
def _among_on_postgres(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, bound = _parts(element, compiler, options)
    return f"{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST({bound} AS JSON))))"


class rows_of(FunctionElement[Any]):  # noqa: N801
    """A table of the rows that are given as `tabled(rows)` under `name`: one statement for any
    number. `rows_of("rows").table_valued("value").c.value.op("->>")(0)` is a row's first value, a
    text on PostgreSQL whatever it was: cast what is a number."""

    name = "json_each"
    inherit_cache = False

    def __init__(self, name: str) -> None:
        super().__init__(bindparam(name, type_=String))


def tabled(rows: Iterable[Sequence[str | int]]) -> str:
    """Rows for `rows_of`."""
    return msgspec.json.encode({str(number): row for number, row in enumerate(rows)}).decode()


@compiles(rows_of, "sqlite")
def _rows_on_sqlite(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(rows_of, "postgresql")
def _rows_on_postgres(element: rows_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each(CAST({compiler.process(element.clauses, **options)} AS JSON))"


def _parts(element: among, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[str, str]:
    bound: BindParameter[str] = element.bound
    return compiler.process(element.column, **options), compiler.process(bound, **options)
