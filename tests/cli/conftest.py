"""A real server over a fake farm, for the client and the command line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rcontrol.cli.main import app
from rcontrol.client import Client
from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.server import serving

Run = Callable[..., Result]


@pytest.fixture
def run(url: str) -> Run:
    """Runs a command; `expect`: its exit status."""

    def run(*args: str, expect: int = 0) -> Result:
        result = CliRunner(env={"RCONTROL_SERVER": url}).invoke(app, args)
        assert result.exit_code == expect, result.output
        return result

    return run


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
