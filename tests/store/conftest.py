from collections.abc import Iterator
from pathlib import Path

import pytest

from rcontrol.store import Store, sqlite_url
from tests.fakes.need import need
from tests.fakes.postgres import Postgres, postgres_missing


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    need(postgres_missing())
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database, of every kind there is."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


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
