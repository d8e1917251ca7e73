"""The stream of changes that pages live on."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from rcontrol.errors import FarmUnavailable
from rcontrol.farm.model import JobId
from rcontrol.farm.views import JobView
from rcontrol.gateway import JobRequest
from rcontrol.web import live as module
from rcontrol.web import wire
from rcontrol.web.live import Live
from rcontrol.web.models import JobRow
from tests.fakes.farm import FakeFarm

Test = Callable[[], Awaitable[None]]


def run(test: Test) -> None:
    async def within_time() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(within_time())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.01)


class Page:
    """Reads a stream as a browser does."""

    def __init__(self, live: Live, last_id: str = "") -> None:
        self._stream: AsyncIterator[bytes] = live.stream(last_id)
        self._text = ""
        self.last_id = last_id

    async def event(self) -> tuple[str, Any]:
        while "\n\n" not in self._text:
            self._text += (await anext(self._stream)).decode()
        event, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in event.splitlines() if ": " in line)
        self.last_id = fields.get("id", self.last_id)
        return fields["event"], json.loads(fields["data"]) if "data" in fields else None

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Return the first event's data that is wanted."""
        while True:
            _, data = await self.event()
            if data is not None and wanted(data):
                return data

    async def close(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]


async def submit(farm: FakeFarm, frames: int = 4) -> JobId:
    return await farm.submit(JobRequest("cube.blend", 1, frames, ("hex1",)))


def test_a_page_gets_everything_then_what_changes(farm: FakeFarm) -> None:
    async def test() -> None:
        first = await submit(farm)
        live = Live(farm, farm.clock)
        page = Page(live)
        kind, whole = await page.event()
        assert kind == "snapshot"
        assert whole["notice"] == ""
        assert [job["id"] for job in whole["jobs"]] == [first]
        assert [node["name"] for node in whole["nodes"]] == ["hex1", "hex2", "mac1"]
        second = await submit(farm)
        news = await page.until(lambda data: data["jobs"])
        assert [job["id"] for job in news["jobs"]] == [second], "only what changed"
        assert news["nodes"] == []
        await farm.start(first)
        farm.begin("hex1")
        farm.progress("hex1", 40.0)
        news = await page.until(lambda data: data["nodes"] and data["nodes"][0]["rendering"])
        assert [node["name"] for node in news["nodes"]] == ["hex1"]
        await farm.delete(second)
        assert (await page.until(lambda data: data["gone"]))["gone"] == [second]
        farm.drain(60.0)
        assert "about to end" in (await page.until(lambda data: data["notice"]))["notice"]
        await page.close()

    run(test)


def test_who_comes_back_gets_what_it_missed(farm: FakeFarm) -> None:
    async def test() -> None:
        live = Live(farm, farm.clock)
        gone, stays = Page(live), Page(live)
        await gone.event()
        await stays.event()
        await gone.close()
        job = await submit(farm)
        await stays.until(lambda data: data["jobs"])
        back = Page(live, gone.last_id)
        kind, data = await back.event()
        assert (kind, [row["id"] for row in data["jobs"]]) == ("changes", [job])
        assert back.last_id == stays.last_id

    run(test)


@pytest.mark.parametrize("last_id", ["", "x", "ffffffff-3", "-1", "{series}-99999", "{series}-x"])
def test_an_id_that_means_nothing_gets_everything(farm: FakeFarm, last_id: str) -> None:
    async def test() -> None:
        live = Live(farm, farm.clock)
        page = Page(live)
        await page.event()
        series = page.last_id.split("-")[0]
        again = Page(live, last_id.format(series=series))
        await submit(farm)
        assert (await again.event())[0] == ("changes" if "99999" in last_id else "snapshot")

    run(test)


def test_a_slow_page_gets_a_new_snapshot_instead_of_a_backlog(farm: FakeFarm) -> None:
    async def test() -> None:
        live = Live(farm, farm.clock)
        slow, quick = Page(live), Page(live)
        await slow.event()
        await quick.event()
        jobs = []
        for _ in range(module.CHANGES_KEPT + 2):
            jobs.append(await submit(farm))
            await quick.until(lambda data: jobs[-1] in [job["id"] for job in data["jobs"]])
        kind, data = await slow.event()
        assert kind == "snapshot"
        assert [job["id"] for job in data["jobs"]] == jobs
        assert slow.last_id == quick.last_id

    run(test)


def test_a_thousand_pages_cost_one_look(farm: FakeFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        written = []
        row = wire.job_row

        def counted(view: JobView, at: float) -> JobRow:
            written.append(view)
            return row(view, at)

        monkeypatch.setattr(wire, "job_row", counted)
        await submit(farm)
        live = Live(farm, farm.clock)
        pages = [Page(live) for _ in range(1000)]
        await asyncio.gather(*(page.event() for page in pages))
        once = len(written)
        assert once <= 2, "the snapshot, and the change that led to it"
        await submit(farm)
        await asyncio.gather(*(page.event() for page in pages))
        assert len(written) == once + 1

    run(test)


def test_trouble_shows_and_passes(farm: FakeFarm) -> None:
    async def test() -> None:
        page = Page(Live(farm, farm.clock))
        await page.event()
        farm.trouble = FarmUnavailable("it is being started again")
        farm.tick(1.0)
        told = await page.until(lambda data: data["trouble"])
        assert told["trouble"] == "the farm does not answer: it is being started again"
        farm.trouble = None
        assert (await page.until(lambda data: not data["trouble"]))["autostart"] is False

    run(test)


def test_facts_have_a_revision_that_progress_leaves_alone(farm: FakeFarm) -> None:
    async def test() -> None:
        job = await submit(farm)
        await farm.start(job)
        farm.begin("hex1")
        page = Page(Live(farm, farm.clock))
        _, whole = await page.event()
        farm.progress("hex1", 40.0)
        moved = await page.until(lambda data: data["jobs"])
        assert moved["jobs"][0]["progress"] == 10.0
        assert moved["jobs"][0]["revision"] == whole["jobs"][0]["revision"]
        await farm.set_node_enabled(job, "hex2", True)
        changed = await page.until(lambda data: data["jobs"])
        assert changed["jobs"][0]["revision"] > whole["jobs"][0]["revision"]

    run(test)


def test_closing_ends_every_stream(farm: FakeFarm) -> None:
    async def test() -> None:
        live = Live(farm, farm.clock)
        page = Page(live)
        await page.event()
        waiting = asyncio.ensure_future(page.until(lambda data: False))
        await asyncio.sleep(0)
        await live.close()
        with pytest.raises(StopAsyncIteration):
            await waiting

    run(test)


def test_over_http(url: str, farm: FakeFarm) -> None:
    with httpx.stream("GET", f"{url}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert next(answer.iter_lines()) == "event: snapshot"
