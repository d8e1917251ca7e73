"""The app over a fake farm and a real folder."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from rcontrol.farm.model import JobId
from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.server import serving

ORIGIN = "http://localhost:3000"


class Api:
    """Calls an app without sockets."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._call(method, path, more))

    async def _call(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://farm:2020") as client:
            return await client.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self("POST", path, **more)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The shared storage: a project, a folder, and what must not be seen beside it."""
    base = tmp_path / "shared"
    (base / "films").mkdir(parents=True)
    (base / "cube.blend").write_bytes(b"BLENDER")
    (base / "films" / "teapot.blend").write_bytes(b"BLENDER")
    (tmp_path / "shared-secrets").mkdir()
    return base


@pytest.fixture
def farm(base: Path) -> FakeFarm:
    return FakeFarm(Storage(base), logs_dir=base.parent / "logs")


@pytest.fixture
def app(farm: FakeFarm) -> Starlette:
    return create_app(
        farm, farm.storage, farm.logs, cors_origin=ORIGIN, max_body=10_000, clock=farm.clock
    )


@pytest.fixture
def api(app: Starlette) -> Api:
    return Api(app)


@pytest.fixture
def url(app: Starlette) -> Iterator[str]:
    with serving(app) as url:
        yield url


ORDER: dict[str, Any] = {
    "path": "cube.blend",
    "start_frame": 1,
    "end_frame": 4,
    "nodes": ["hex1", "hex2"],
}


@pytest.fixture
def job(api: Api) -> JobId:
    """A waiting job of frames 1-4 on hex1 and hex2."""
    return JobId(api.post("/job/new", json=ORDER).json()["job_id"])
