"""Brings a database to this version's tables, and refuses one that is newer."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rcontrol.errors import StoreError, StoreTooNew
from rcontrol.store.database import engine_for, shown

REVISIONS: Final = Path(__file__).parent / "migrations"

_POSTGRESQL_LOCK: Final = 0x72636F6E74726F6C
"""Advisory lock that makes migrating processes queue up: "rcontrol" in ASCII."""


def migrate(url: str, revisions: Path = REVISIONS) -> None:
    """Create the tables or bring them to the newest revision, in one transaction.

    Processes that open the same database wait for each other here. Before an older SQLite file is
    changed, a copy of it is put beside it: `farm.db.before-<newest revision>`.

    Raises:
        StoreTooNew: the database has a revision that `revisions` does not.
        StoreError: it cannot be changed.
    """
    config = Config()
    config.set_main_option("script_location", str(revisions).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    newest = scripts.get_current_head()
    engine = engine_for(url, foreign_keys=False)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
            current = MigrationContext.configure(connection).get_current_revision()
            if current == newest:
                return
            if current is not None and current not in known:
                raise StoreTooNew(
                    shown(url),
                    f"a newer version of rcontrol wrote it (revision {current}, this version "
                    f"knows {newest}); install that version again",
                )
            if current is not None and engine.url.database and engine.dialect.name == "sqlite":
                _copy(Path(engine.url.database), f"before-{newest}")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _check_foreign_keys(connection, shown(url))
    finally:
        engine.dispose()


def _check_foreign_keys(connection: Connection, url: str) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise StoreError(url, f"migrating it would leave rows of {broken[0]} without their job")


def _copy(database: Path, suffix: str) -> None:
    """Copy a SQLite file beside itself; an unfinished copy never has the final name."""
    copy = database.with_name(f"{database.name}.{suffix}")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(unfinished)) as target,
    ):
        source.backup(target)
    unfinished.replace(copy)
