import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from rcontrol.store import Store, sqlite_url


def _empty_postgresql() -> str:
    """Empty the database at $RCONTROL_TEST_POSTGRESQL, a URL, and return it."""
    url = os.environ.get("RCONTROL_TEST_POSTGRESQL")
    if not url:
        pytest.skip("RCONTROL_TEST_POSTGRESQL names no database to empty")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database, of every kind there is."""
    return sqlite_url(tmp_path) if request.param == "sqlite" else _empty_postgresql()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A new store, open."""
    store = Store(url)
    store.open()
    yield store
    store.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A new store in `tmp_path / "farm.db"`, open."""
    store = Store(sqlite_url(tmp_path))
    store.open()
    yield store
    store.close()
