"""A damaged database is set aside, and the last good copy takes its place."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rcontrol.errors import StoreDamaged, StoreError
from rcontrol.farm.model import Changes, FrameStatus
from rcontrol.store import Store, sqlite_url
from rcontrol.store.copies import EPOCHS_SKIPPED
from tests.store.examples import JOB, done, job


def overwritten(content: bytes) -> bytes:
    return b"work work work" * 200


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def scribbled(content: bytes) -> bytes:
    return content[:100] + b"\xff" * (len(content) - 100)


def emptied(content: bytes) -> bytes:
    return content[:0]


def one_bad_page(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * 4096 + content[8192:]


DAMAGES = pytest.mark.parametrize("spoil", [overwritten, cut, scribbled, emptied, one_bad_page])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def filled(folder: Path) -> Store:
    """A store with a job whose first frame is in its copy, and whose second is not."""
    store = Store(sqlite_url(folder))
    store.open()
    store.raise_epoch()
    store.save(Changes(jobs=(job(),)))
    store.save(done(1))
    store.keep_copy()
    store.save(done(2))
    return store


def frames_done(store: Store) -> list[int]:
    return [
        frame
        for run, status, _ in store.load().jobs[0].frames
        for frame in run
        if status is FrameStatus.DONE
    ]


@DAMAGES
def test_the_last_good_copy_takes_the_place_of_a_damaged_database(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    store = filled(tmp_path)
    farm_id = store.farm_id
    store.close()
    file = tmp_path / "farm.db"
    damaged = spoil(file.read_bytes())
    file.write_bytes(damaged)
    again = Store(sqlite_url(tmp_path))
    again.open()
    assert again.restored is not None
    assert Path(again.restored.aside).read_bytes() == damaged, "evidence is kept"
    assert "was damaged (kept as" in str(again.restored)
    assert "frames done since are rendered again" in str(again.restored)
    assert frames_done(again) == [1]
    assert again.farm_id == farm_id
    assert again.raise_epoch() > EPOCHS_SKIPPED, "newer than what any node has heard"
    again.save(done(2))
    again.close()
    third = Store(sqlite_url(tmp_path))
    third.open()
    assert third.restored is None
    assert frames_done(third) == [1, 2]
    third.close()


def test_a_database_that_was_killed_in_the_middle_of_a_restoration(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    (tmp_path / "farm.db").unlink()
    again = Store(sqlite_url(tmp_path))
    again.open()
    assert "was missing" in str(again.restored)
    assert frames_done(again) == [1]
    again.close()


def test_a_copy_that_is_damaged_too_gives_way_to_the_one_before(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.keep_copy()
    store.close()
    for name in ("farm.db", "farm.db.copy"):
        (tmp_path / name).write_bytes(scribbled((tmp_path / name).read_bytes()))
    again = Store(sqlite_url(tmp_path))
    again.open()
    assert frames_done(again) == [1]
    again.close()


@DAMAGES
def test_without_a_good_copy_nothing_is_changed(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    store = filled(tmp_path)
    store.close()
    file, copy = tmp_path / "farm.db", tmp_path / "farm.db.copy"
    file.write_bytes(spoil(file.read_bytes()))
    copy.write_bytes(scribbled(copy.read_bytes()))
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    with pytest.raises(StoreDamaged, match="put a copy back, or move it away"):
        Store(sqlite_url(tmp_path)).open()
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_a_damaged_database_is_not_copied(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    store.open()
    copy = (tmp_path / "farm.db.copy").read_bytes()
    with (tmp_path / "farm.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(StoreError):
        store.keep_copy()
    assert (tmp_path / "farm.db.copy").read_bytes() == copy
    assert not any("unfinished" in name for name in names(tmp_path))
    store.close()


def test_damage_while_it_is_in_use_is_told_from_other_errors(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    store.open()
    with (tmp_path / "farm.db").open("r+b") as file:
        file.write(b"\xff" * (tmp_path / "farm.db").stat().st_size)
    (tmp_path / "farm.db-wal").unlink(missing_ok=True)
    with pytest.raises(StoreDamaged):
        store.save(done(3))
    store.close()
    store.open()
    assert store.restored is not None
    assert frames_done(store) == [1]
    store.close()


def test_a_copy_is_made_while_others_write_and_only_when_something_changed(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.keep_copy()
    made = (tmp_path / "farm.db.copy").stat().st_ino
    store.keep_copy()
    assert (tmp_path / "farm.db.copy").stat().st_ino == made
    with closing(sqlite3.connect(tmp_path / "farm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store._not_copied = True
        store.keep_copy()
        other.execute("ROLLBACK")
    assert (tmp_path / "farm.db.copy").stat().st_ino != made
    assert not (tmp_path / "farm.db.copy-wal").exists(), "the copy is one file"
    store.close()


def test_other_databases_are_not_copied(tmp_path: Path, store: Store) -> None:
    store.save(Changes(jobs=(job(),)))
    store.keep_copy()
    assert (JOB in {each.job.id for each in store.load().jobs}) is True
    kept = (tmp_path / "farm.db.copy").exists()
    assert kept == (tmp_path / "farm.db").exists()
