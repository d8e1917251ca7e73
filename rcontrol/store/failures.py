"""What went wrong with the database, in words that say what to do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rcontrol.errors import StoreError

_PRIMARY: Final = 0xFF
"""The byte of SQLite's extended result codes that holds the primary one
(https://www.sqlite.org/rescode.html)."""

_SQLITE_CAUSES: Final = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked; end that process",
    sqlite3.SQLITE_LOCKED: "another connection keeps it locked; try again",
    sqlite3.SQLITE_READONLY: (
        "it is read-only; let the user who runs rcontrol write to the file and to its folder"
    ),
    sqlite3.SQLITE_FULL: "the disk is full; free some space there",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; check it and its free space",
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened; make its folder, and let the user who runs rcontrol write there"
    ),
    sqlite3.SQLITE_CORRUPT: (
        "it is damaged; put a copy back, or move it away together with its -wal and -shm files "
        "to start with an empty farm"
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is not a SQLite database; put a copy back, or move it away to start with an empty farm"
    ),
}


@contextmanager
def as_store_error(url: str) -> Iterator[None]:
    """Raise StoreError for whatever the database or its driver raises."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OverflowError, OSError) as error:
        raise StoreError(url, cause_of(error)) from error


def cause_of(error: Exception) -> str:
    """Return what happened and, where it is known, the remedy."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig else error
    code = getattr(origin, "sqlite_errorcode", None)
    words = " ".join(str(origin).split()) or type(origin).__name__
    if code is None or code & _PRIMARY not in _SQLITE_CAUSES:
        return words
    return f"{_SQLITE_CAUSES[code & _PRIMARY]} ({words})"
