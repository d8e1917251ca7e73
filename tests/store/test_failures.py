"""Databases that misbehave: the error says what to do, and the store recovers."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rcontrol.errors import StoreError
from rcontrol.farm.model import Changes
from rcontrol.store import Store, database, sqlite_url
from tests.store.examples import JOB, done, job


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)


@pytest.mark.usefixtures("_impatient")
def test_a_locked_database(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path))
    store.open()
    store.save(Changes(jobs=(job(),)))
    with closing(sqlite3.connect(tmp_path / "farm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process keeps it locked; end that process"):
            store.save(done(1))
        with pytest.raises(StoreError, match="locked"):
            Store(sqlite_url(tmp_path)).open()
        assert len(store.load().jobs) == 1, "reading needs no lock"
        other.execute("ROLLBACK")
    store.save(done(1))
    assert store.load().jobs[0].frames
    store.close()


def test_a_read_only_database(tmp_path: Path, sqlite_store: Store) -> None:
    sqlite_store.close()
    store = Store(f"sqlite:///file:{tmp_path}/farm.db?mode=ro&uri=true")
    store.open()
    with pytest.raises(StoreError, match="read-only; let the user who runs rcontrol write"):
        store.raise_epoch()
    assert not store.load().jobs
    store.close()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="make its folder") as caught:
        Store(sqlite_url(tmp_path / "missing")).open()
    assert caught.value.url == str(tmp_path / "missing" / "farm.db")


def _not_a_database(content: bytes) -> bytes:
    return b"work work work" * 200


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _scribbled(content: bytes) -> bytes:
    return content[:100] + b"\xff" * (len(content) - 100)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (_not_a_database, "not a SQLite database; put a copy back"),
        (_truncated, "damaged; put a copy back"),
        (_scribbled, "damaged; put a copy back"),
    ],
)
def test_a_damaged_database(
    tmp_path: Path, sqlite_store: Store, spoil: Callable[[bytes], bytes], cause: str
) -> None:
    sqlite_store.close()
    file = tmp_path / "farm.db"
    spoilt = spoil(file.read_bytes())
    file.write_bytes(spoilt)
    with pytest.raises(StoreError, match=cause):
        Store(sqlite_url(tmp_path)).open()
    assert file.read_bytes() == spoilt, "evidence is kept"


_FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from rcontrol.errors import StoreError
from rcontrol.farm.model import Changes
from rcontrol.store import Store, sqlite_url
from tests.store.examples import JOB, done, ended, job

store = Store(sqlite_url(Path(sys.argv[1])))
store.open()
store.save(Changes(jobs=(job(),)))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, most))
saved = 0
try:
    while True:
        store.save(Changes(attempts=tuple(ended(saved + n) for n in range(100))))
        saved += 100
except StoreError as error:
    print(error)
assert len(store.attempts(JOB, limit=10**6)) == saved > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
store.save(done(1))
assert len(store.attempts(JOB, limit=10**6)) == saved
store.close()
store.open()
assert len(store.attempts(JOB, limit=10**6)) == saved
assert store.load().jobs[0].frames
"""


def test_a_full_disk(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _FILL_THE_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "check it and its free space" in run.stdout


@pytest.mark.parametrize(
    ("url", "cause", "shown"),
    [
        ("postgresql//me:secret@host/farm", "not the URL of a database", "the configured database"),
        ("mysql://me:secret@host/farm", "mysql is not supported", "mysql://me:***@host/farm"),
        (
            "nonsense://me:secret@host/farm",
            "nonsense is not supported",
            "nonsense://me:***@host/farm",
        ),
        ("sqlite://", "it names no file", "sqlite://"),
        ("sqlite:///:memory:", "it names no file", ":memory:"),
        (
            "postgresql+pg8000://me:secret@host/farm?password=secret",
            "its driver is not installed; pip install pg8000",
            "postgresql+pg8000://me:***@host/farm",
        ),
        (
            "postgresql+absent://me:secret@host/farm",
            "not the URL of a database",
            "postgresql+absent://me:***@host/farm",
        ),
    ],
)
def test_a_url_that_cannot_be_used(url: str, cause: str, shown: str) -> None:
    store = Store(url)
    with pytest.raises(StoreError, match=cause) as caught:
        store.open()
    assert caught.value.url == shown
    assert "secret" not in str(caught.value)


def test_an_open_that_failed_can_be_repeated(tmp_path: Path) -> None:
    work_dir = tmp_path / "work"
    store = Store(sqlite_url(work_dir))
    with pytest.raises(StoreError):
        store.open()
    work_dir.mkdir()
    store.open()
    store.save(Changes(jobs=(job(),)))
    assert store.load().jobs[0].job.id == JOB
    store.close()
