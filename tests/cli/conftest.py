"""A real server over a fake farm, for the client and the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rcontrol.client import Client
from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.server import serving


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "shared" / "films").mkdir(parents=True)
    (tmp_path / "shared" / "cube.blend").write_bytes(b"BLENDER")
    return tmp_path / "shared"


@pytest.fixture
def farm(base: Path) -> FakeFarm:
    return FakeFarm(Storage(base), logs_dir=base.parent / "logs")


@pytest.fixture
def url(farm: FakeFarm) -> Iterator[str]:
    with serving(create_app(farm, farm.storage, farm.logs, clock=farm.clock)) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client
