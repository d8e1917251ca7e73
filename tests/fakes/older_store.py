"""A database as an older version of rcontrol wrote it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from rcontrol.store.database import sqlite_url
from rcontrol.store.migrate import REVISIONS, migrate


def make_older(database: Path, revision: str) -> None:
    """Bring a `farm.db` that nobody has open back to a revision such as `0003`.

    All that the older tables have a place for is kept.
    """
    with TemporaryDirectory() as folder:
        older = Path(folder) / "farm.db"
        migrate(sqlite_url(older.parent), _revisions_up_to(revision, Path(folder) / "revisions"))
        with closing(sqlite3.connect(older, isolation_level=None)) as into:
            into.execute("ATTACH ? AS newer", (str(database),))
            into.execute("BEGIN")
            tables = "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
            for (table,) in into.execute(tables).fetchall():
                if table != "alembic_version":
                    _copy(into, table)
            into.execute("COMMIT")
        for leftover in (database, *database.parent.glob(f"{database.name}-*")):
            leftover.unlink()
        shutil.copy(older, database)


def _revisions_up_to(revision: str, folder: Path) -> Path:
    shutil.copytree(REVISIONS, folder)
    for script in (folder / "versions").glob("r*.py"):
        if script.name[1:5] > revision:
            script.unlink()
    return folder


def _copy(into: sqlite3.Connection, table: str) -> None:
    columns = ", ".join(row[1] for row in into.execute(f"PRAGMA main.table_info({table})"))
    into.execute(f"DELETE FROM main.{table}")
    into.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
