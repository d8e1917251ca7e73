"""Attempts and logs as the JobManager knows them, and the room that logs may take."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors import log_room
from actors.log_room import LogRoom
from rcontrol.errors import FrameNotFound, JobNotFound, LogNotFound
from rcontrol.farm.model import JobId
from rcontrol.framelogs import Logs
from rcontrol.gateway import JobRequest
from tests.actors.hands import Hands, until
from tests.fakes.logs import keep_log


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60.0))


def test_attempts_running_and_ended(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        job, _ = await manager.submit(JobRequest("cube.blend", 1, 2, ("hex1",)))
        await until(lambda: hands.drivers["hex1"].line)
        assert await manager.attempts(job, 1) == (), "it has not begun"
        order = hands.drivers["hex1"].begin()
        while not (running := await manager.attempts(job, 1)):
            await asyncio.sleep(0.01)
        assert [(one.id, one.node, one.ended_at) for one in running] == [(order.attempt, "hex1", 0)]
        hands.drivers["hex1"].finish()
        while not (ended := await manager.attempts(job, 1))[0].ended_at:
            await asyncio.sleep(0.01)
        [one] = ended
        assert (one.number, one.error, one.has_log) == (1, "", False)
        keep_log(hands.settings.logs_dir, job, 1, order.attempt, b"said")
        assert [one.has_log for one in await manager.attempts(job, 1)] == [True]
        assert (await manager.read_log(job, 1)).text == "said"
        with pytest.raises(LogNotFound):
            await manager.read_log(job, 2)
        with pytest.raises(FrameNotFound):
            await manager.attempts(job, 3)
        with pytest.raises(JobNotFound):
            await manager.attempts(JobId("none"), 1)
        await manager.close()

    run(test)


def test_logs_go_soon_after_their_job(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, autostart=False)
        manager = hands.manager()
        logs = Logs(hands.settings.logs_dir)
        jobs = [
            (await manager.submit(JobRequest("cube.blend", 1, 2, ("hex1",))))[0] for _ in range(2)
        ]
        for job in jobs:
            keep_log(hands.settings.logs_dir, job, 1, "1-1", b"said")
        await manager.delete_job(jobs[0])
        await until(lambda: not logs.attempts(jobs[0], 1))
        assert logs.attempts(jobs[1], 1) == ["1-1"]
        await manager.close()

    run(test)


def test_the_limit_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(log_room, "MEGABYTE", 1000)
        for frame in range(1, 11):
            keep_log(tmp_path, "job", frame, "1-1", os.urandom(50_000))
        keeping = asyncio.create_task(LogRoom(tmp_path, 200).keep(lambda: {"job"}))
        logs = Logs(tmp_path)
        await until(lambda: not logs.attempts("job", 1))
        assert logs.attempts("job", 10)
        keeping.cancel()
        await asyncio.wait({keeping})

    run(test)


def test_a_folder_that_cannot_be_read_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        (tmp_path / "logs").write_text("a file is in the way")
        keeping = asyncio.create_task(LogRoom(tmp_path / "logs", 1).keep(lambda: ()))
        await until(lambda: "attempt.logs_not_swept" in caplog.text)
        assert not keeping.done()
        keeping.cancel()
        await asyncio.wait({keeping})

    run(test)
