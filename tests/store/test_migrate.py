import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from rcontrol.errors import StoreError, StoreTooNew
from rcontrol.farm.model import Changes
from rcontrol.store import Store, sqlite_url
from rcontrol.store.database import engine_for
from rcontrol.store.failures import as_store_error
from rcontrol.store.migrate import REVISIONS, migrate
from rcontrol.store.rows import job_row
from rcontrol.store.tables import metadata
from tests.store.examples import JOB, done, ended, job

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{newest}"


def upgrade() -> None:
    with op.batch_alter_table("jobs", recreate="always") as jobs:
        jobs.add_column(sa.Column("colour", sa.Text(), server_default="red", nullable=False))
"""
BREAKS = '    op.execute("DELETE FROM jobs")\n'


def _later(tmp_path: Path, *, more: str = "") -> Path:
    """Revisions of a later version: one more, which rebuilds the table of jobs."""
    revisions = tmp_path / "later"
    shutil.copytree(REVISIONS, revisions)
    (revisions / "versions" / "next.py").write_text(NEXT.format(newest=_newest()) + more)
    return revisions


def _newest() -> str:
    return max(path.name[1:5] for path in (REVISIONS / "versions").glob("r*.py"))


def test_the_migrations_make_the_tables(store: Store, url: str) -> None:
    engine = engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_frames_have_no_rowid_on_sqlite(tmp_path: Path, sqlite_store: Store) -> None:
    with closing(sqlite3.connect(tmp_path / "farm.db")) as database:
        made = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'frames'").fetchone()[0]
    assert made.strip().endswith("WITHOUT ROWID")


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path, sqlite_store: Store) -> None:
    engine = engine_for(sqlite_url(tmp_path))
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_an_older_database_is_copied_and_migrated(tmp_path: Path, sqlite_store: Store) -> None:
    sqlite_store.save(Changes(jobs=(job(),), attempts=(ended(1),)))
    sqlite_store.save(done(1, 2))
    expected = sqlite_store.load()
    sqlite_store.close()
    url = sqlite_url(tmp_path)

    migrate(url, _later(tmp_path))

    with closing(sqlite3.connect(tmp_path / "farm.db")) as database:
        assert database.execute("SELECT id, colour FROM jobs").fetchall() == [(JOB, "red")]
        assert database.execute("SELECT count(*) FROM frames").fetchone() == (2,)
        assert database.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "farm.db.before-next", tmp_path / "copy" / "farm.db")
    copy = Store(sqlite_url(tmp_path / "copy"))
    copy.open()
    assert copy.load() == expected
    assert copy.farm_id == sqlite_store.farm_id
    copy.close()


def test_jobs_from_before_there_were_expressions_have_all_their_frames(tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(REVISIONS, older)
    for path in (older / "versions").glob("r*.py"):
        if path.name > "r0005":
            path.unlink()
    migrate(sqlite_url(tmp_path), older)
    row = {**job_row(job()), "args": "[]", "nodes": "[]"}
    del row["expression"]
    with closing(sqlite3.connect(tmp_path / "farm.db")) as database, database:
        columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO jobs ({columns}) VALUES ({values})", row)
    store = Store(sqlite_url(tmp_path))
    store.open()
    (stored,) = store.load().jobs
    assert list(stored.job.spec.frames) == list(range(1, 101))
    store.close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path, sqlite_store: Store) -> None:
    sqlite_store.close()
    migrate(sqlite_url(tmp_path), _later(tmp_path))
    before = (tmp_path / "farm.db").read_bytes()
    with pytest.raises(StoreTooNew, match=r"a newer version of rcontrol wrote it \(revision next"):
        Store(sqlite_url(tmp_path)).open()
    assert (tmp_path / "farm.db").read_bytes() == before


@pytest.mark.parametrize("more", ['    raise OSError("power cut")\n', BREAKS])
def test_a_migration_that_fails_leaves_the_old_database(
    tmp_path: Path, sqlite_store: Store, more: str
) -> None:
    sqlite_store.save(Changes(jobs=(job(),)))
    sqlite_store.save(done(1))
    expected = sqlite_store.load()
    sqlite_store.close()
    url = sqlite_url(tmp_path)
    with pytest.raises(StoreError, match=r"power cut|without their job"), as_store_error(url):
        migrate(url, _later(tmp_path, more=more))
    sqlite_store.open()
    assert sqlite_store.load() == expected


def test_a_database_of_this_version_is_not_copied(tmp_path: Path, sqlite_store: Store) -> None:
    sqlite_store.close()
    sqlite_store.open()
    assert not list(tmp_path.glob("farm.db.before*"))
