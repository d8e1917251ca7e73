"""Where the database is and how it is spoken to."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from rcontrol.errors import StoreError

BUSY_TIMEOUT_S: Final = 10.0
"""How long a statement waits for another process's lock."""

_USE: Final = "use sqlite:////path/farm.db or postgresql+psycopg://user@host/name"
_WAL_SIZE_LIMIT_BYTES: Final = 64 * 2**20
_ROWS_AT_ONCE: Final = 10_000
_INSERT: Final[Mapping[str, type[sqlite.Insert] | type[postgresql.Insert]]] = {
    "sqlite": sqlite.Insert,
    "postgresql": postgresql.Insert,
}


def sqlite_url(work_dir: Path) -> str:
    """Return the URL of the SQLite database in `work_dir`."""
    url = URL.create("sqlite", database=str(work_dir.absolute() / "farm.db"))
    return url.render_as_string(hide_password=False)


def sqlite_file(url: str) -> Path | None:
    """Return the file that a URL names, if it is a plain path of an SQLite file."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    plain = parsed.get_backend_name() == "sqlite" and not parsed.query
    if not plain or parsed.database in (None, "", ":memory:"):
        return None
    return Path(parsed.database or "")


def shown(url: str) -> str:
    """Return a URL as it may be shown: a path for SQLite, without password for the others."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "the configured database"
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or url
    return parsed.set(query={}).render_as_string(hide_password=True)


def engine_for(url: str, *, foreign_keys: bool = True) -> Engine:
    """Return an engine with one connection at most; opens nothing.

    On SQLite a transaction takes the write lock as it begins, so that nothing it has read is
    outdated when it writes; with the execution option `reads_only` it never takes it.

    Raises:
        StoreError: no such kind of database, or no driver for it.
    """
    try:
        parsed = make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        if not is_sqlite and parsed.get_backend_name() != "postgresql":
            raise StoreError(shown(url), f"{parsed.get_backend_name()} is not supported; {_USE}")
        if is_sqlite and parsed.database in (None, "", ":memory:"):
            raise StoreError(shown(url), f"it names no file; {_USE}")
        engine = create_engine(
            parsed,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=not is_sqlite,
            connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None} if is_sqlite else {},
        )
    except ArgumentError as error:
        raise StoreError(shown(url), f"this is not the URL of a database; {_USE}") from error
    except ModuleNotFoundError as error:
        cause = f"its driver is not installed; pip install {error.name}"
        raise StoreError(shown(url), cause) from error
    if is_sqlite:
        _set_up_sqlite(engine, foreign_keys=foreign_keys)
    return engine


def upsert(
    connection: Connection, table: Table, unique: Sequence[str], rows: Iterable[dict[str, Any]]
) -> None:
    """Insert rows, or replace those with the same values in the `unique` columns."""
    remaining = iter(rows)
    while batch := list(islice(remaining, _ROWS_AT_ONCE)):
        insert = _INSERT[connection.dialect.name](table)
        changed = {column: insert.excluded[column] for column in batch[0] if column not in unique}
        connection.execute(insert.on_conflict_do_update(index_elements=unique, set_=changed), batch)


def _set_up_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"foreign_keys={int(foreign_keys)}",
            f"journal_size_limit={_WAL_SIZE_LIMIT_BYTES}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
