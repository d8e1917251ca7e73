"""A job's frames and how they went, in short, and asked of the farm once for all pages."""

import asyncio

import pytest

from rcontrol.farm.model import FrameStatus, JobId
from rcontrol.gateway import JobRequest
from rcontrol.web import frames as module
from rcontrol.web.frames import JobFrames, runs
from tests.fakes.farm import FakeFarm
from tests.web.conftest import Api

P, R, D, F = FrameStatus.PENDING, FrameStatus.RENDERING, FrameStatus.DONE, FrameStatus.GIVEN_UP


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ([], ""),
        ([P], "p1"),
        ([D, D, R, P, P, P], "d2r1p3"),
        ([P, D, P, F], "p1d1p1f1"),
        ([P] * 10 + [D], "p10d1"),
    ],
)
def test_runs(states: list[FrameStatus], text: str) -> None:
    assert runs(bytes(states)) == text


def test_the_frames_of_a_job(api: Api, farm: FakeFarm, job: JobId) -> None:
    assert api.get(f"/job/frames/{job}").json() == {
        "first": 1,
        "frames": "1-4",
        "states": "p4",
    }
    api.post(f"/job/start/{job}")
    farm.finish("hex1")
    farm.fail("hex2")
    assert api.get(f"/job/frames/{job}").json()["states"].startswith("d1")
    found = api.get(f"/job/results/{job}").json()
    assert found["total"] == len(found["frames"]) == 2
    assert [found["names"][node] for node in found["nodes"]] == ["hex1", "hex2"]
    assert found["done"] == [True, False]
    assert found["seconds"] == [1.0, 1.0]
    later = api.get(f"/job/results/{job}?after=1").json()
    assert (later["total"], later["done"]) == (2, [False])
    assert api.get(f"/job/results/{job}?after=9").json()["frames"] == []


@pytest.mark.parametrize("path", ["/job/frames/x", "/job/results/x"])
def test_frames_of_no_job(api: Api, path: str) -> None:
    assert api.get(path).json()["message"] == "Job ID not found"


@pytest.mark.parametrize("after", ["-1", "x", "99999999999999"])
def test_an_offset_that_makes_no_sense(api: Api, job: JobId, after: str) -> None:
    answer = api.get(f"/job/results/{job}?after={after}")
    assert answer.status_code == 400
    assert "after" in answer.json()["explanation"]


def test_a_hundred_pages_ask_once(farm: FakeFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.0)

    async def test() -> None:
        job = await farm.submit(JobRequest("cube.blend", 1, 9, ("hex1",)))
        frames = JobFrames(farm)
        view = farm.view().jobs[job]
        answers = await asyncio.gather(*(frames.states(view) for _ in range(100)))
        assert set(answers) == {"p9"}
        assert farm.questions == 1
        await farm.start(job)
        farm.finish("hex1")
        view = farm.view().jobs[job]
        await asyncio.gather(*(frames.results(view, 0) for _ in range(100)))
        assert farm.questions == 2

    asyncio.run(test())


def test_only_the_last_jobs_looked_at_are_kept(
    farm: FakeFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JOBS_KEPT", 2)

    async def test() -> None:
        frames = JobFrames(farm)
        jobs = [await farm.submit(JobRequest("cube.blend", 1, 9, ("hex1",))) for _ in range(3)]
        for job in [*jobs, jobs[0]]:
            await frames.states(farm.view().jobs[job])
        assert farm.questions == 4

    asyncio.run(test())
