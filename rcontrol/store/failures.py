"""What went wrong with the database, in words that say what to do about it."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rcontrol.errors import StoreDamaged, StoreError, StoreFull

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
        "it is damaged; put a copy back, or move it away together with its -wal, -shm and .copy "
        "files to start with an empty farm"
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is not a SQLite database; put a copy back, or move it away to start with an empty farm"
    ),
}


_KINDS: Final = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreDamaged,
    sqlite3.SQLITE_NOTADB: StoreDamaged,
}
_LITTLE_BYTES: Final = 1 << 16


@contextmanager
def as_store_error(url: str) -> Iterator[None]:
    """Raise StoreError for whatever the database or its driver raises."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OverflowError, OSError) as error:
        origin = _origin(error)
        code = _code(origin)
        if code == sqlite3.SQLITE_IOERR and not _has_room(url):
            # It says so where it cannot enlarge the file by which readers are told of writes.
            code = sqlite3.SQLITE_FULL
        kind = _KINDS.get(code, StoreError)
        if isinstance(origin, OSError) and origin.errno in (errno.ENOSPC, errno.EDQUOT):
            kind = StoreFull
        raise kind(url, _said(origin, code)) from error


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file is no whole database."""
    return _KINDS.get(_code(_origin(error))) is StoreDamaged


def _said(origin: BaseException, code: int) -> str:
    words = " ".join(str(origin).split()) or type(origin).__name__
    cause = _SQLITE_CAUSES.get(code)
    return f"{cause} ({words})" if cause else words


def _origin(error: Exception) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig else error


def _code(origin: BaseException) -> int:
    """Return SQLite's primary result code; -1: the error is not SQLite's."""
    code = getattr(origin, "sqlite_errorcode", None)
    return -1 if code is None else code & _PRIMARY


def _has_room(path: str) -> bool:
    try:
        disk = os.statvfs(Path(path).parent)
    except (OSError, ValueError):
        return True
    return disk.f_bavail * disk.f_frsize >= _LITTLE_BYTES
