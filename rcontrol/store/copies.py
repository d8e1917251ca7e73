"""Copies of a SQLite database, kept beside it, and the way back from one.

`farm.db.copy` is the newest, `farm.db.copy.1` the one before. A copy is verified before it replaces
another. A damaged database is set aside as `farm.db.damaged-TIME`, with its `-wal` and `-shm`.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rcontrol.errors import StoreDamaged
from rcontrol.store.failures import is_damage

SUFFIXES: Final = (".copy", ".copy.1")
"""Of the copies, newest first."""
EPOCHS_SKIPPED: Final = 1000
"""Added to the epoch of a copy that is put back: more starts than there have been since it was
made. What nodes hold of those must not look newer than what they are told from now on."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a damaged database."""

    copied_at: float
    """Unix seconds at which the copy was made that took its place."""
    aside: str
    """Path of what was set aside; empty: there was no file."""

    def __str__(self) -> str:
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.copied_at))
        what = f"was damaged (kept as {self.aside})" if self.aside else "was missing"
        return (
            f"the database {what}; the farm is as it was at {day}: jobs submitted since are lost, "
            "and frames done since are rendered again"
        )


def keep_copy(database: Path) -> None:
    """Make a copy of a database that may be in use. Raises sqlite3.Error, OSError.

    One that does not verify is removed, and the copies there are stay.
    """
    newest, older = _copies(database)
    unfinished = _unfinished(newest)
    try:
        with closing(sqlite3.connect(database)) as source:
            _backup(source, unfinished)
        if newest.exists():
            newest.replace(older)
        unfinished.replace(newest)
        _sync(newest.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def restore_if_damaged(database: Path) -> Restored | None:
    """Put the newest good copy in the place of a damaged or missing database that nobody has open.

    None: there was nothing to mend, or nothing to mend it with. Raises sqlite3.Error, OSError, and
    StoreDamaged where all is gone but damaged copies.
    """
    if not _is_damaged(database):
        return None
    for copy in _copies(database):
        if _has_content(copy) and not _is_damaged(copy):
            copied_at = copy.stat().st_mtime
            mended = _unfinished(database)
            with closing(sqlite3.connect(copy)) as source:
                _backup(source, mended)
            with closing(sqlite3.connect(mended)) as target:
                target.execute("UPDATE farm SET epoch = epoch + ?", (EPOCHS_SKIPPED,))
                target.commit()
            aside = _set_aside(database)
            mended.replace(database)
            _sync(database.parent)
            return Restored(copied_at, aside)
    if not _has_content(database) and any(copy.exists() for copy in _copies(database)):
        # It would be taken for a new one.
        raise StoreDamaged(
            str(database),
            "it is missing or empty, and its copies are damaged; put a copy back, or move it away "
            "together with its -wal, -shm and .copy files to start with an empty farm",
        )
    return None


def _copies(database: Path) -> tuple[Path, ...]:
    return tuple(database.with_name(f"{database.name}{suffix}") for suffix in SUFFIXES)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.unfinished")


def _backup(source: sqlite3.Connection, path: Path) -> None:
    """Write a whole and verified database to a new file, and have it on the disk."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as target:
        source.backup(target)
        # The file alone is the whole database.
        target.execute("PRAGMA journal_mode=DELETE")
        problem = _problem(target)
    if problem:
        path.unlink()
        raise sqlite3.DatabaseError(f"a copy of it is damaged: {problem}")
    _sync(path)


def _has_content(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _is_damaged(database: Path) -> bool:
    """Whether a file is no database, or one with damage; a missing one and an empty one are."""
    if not _has_content(database):
        return True
    with closing(sqlite3.connect(database)) as connection:
        try:
            return bool(_problem(connection))
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return True
            raise


def _problem(connection: sqlite3.Connection) -> str:
    """Return the first thing that is wrong; empty: nothing."""
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        return found
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'farm'")
    return "" if tables.fetchone()[0] else "it holds no farm"


def _set_aside(database: Path) -> str:
    """Rename a database and what belongs to it; return the new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = database.with_name(f"{database.name}.damaged-{stamp}")
    there = database.exists()
    for file in _files(database):
        file.replace(aside.with_name(aside.name + file.name.removeprefix(database.name)))
    return str(aside) if there else ""


def _files(database: Path) -> Iterator[Path]:
    for suffix in ("-wal", "-shm", ""):
        file = database.with_name(database.name + suffix)
        if file.exists():
            yield file


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
