"""The JobManager over the real store and real NodeActors, with drivers that the test plays."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors.job_manager import JobManager
from actors.links import NodeActorLost
from rcontrol.errors import (
    BadRequest,
    FarmUnavailable,
    FrameNotFound,
    NodeNotFound,
    StaleEpoch,
    StoreError,
)
from rcontrol.farm.model import JobId, JobStatus
from rcontrol.farm.reasons import Reason
from rcontrol.farm.views import EMPTY_VIEW, FarmView
from rcontrol.gateway import JobRequest
from tests.actors.hands import Hands, until


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60.0))


async def look(manager: JobManager) -> FarmView:
    return EMPTY_VIEW.with_changes(await manager.changes_since(0, 0))


def request(frames: int = 4, *nodes: str) -> JobRequest:
    return JobRequest("cube.blend", 1, frames, nodes or ("hex1",))


async def drop(manager: JobManager) -> None:
    """End a JobManager as a crash does: nothing is closed, nothing is said."""
    await manager._cancel_tasks()
    manager._store.close()


def test_a_job_goes_in_and_every_frame_is_rendered_once(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        job, shown = await manager.submit(request())
        view = await look(manager)
        assert (view.epoch, view.version) >= shown
        assert view.jobs[job].job.status is JobStatus.RENDERING
        for _ in range(4):
            await until(lambda: hands.drivers["hex1"].line)
            hands.drivers["hex1"].finish()
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            await asyncio.sleep(0.01)
        assert hands.drivers["hex1"].rendered == [1, 2, 3, 4]
        await until(lambda: job in hands.drivers["hex1"].closed_jobs)
        assert not hands.actors["hex1"].actor._outbox, "every outcome was acknowledged"
        await manager.close()

    run(test)


def test_a_frame_that_was_given_up_says_its_last_words_when_its_job_has_ended(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        job, _ = await manager.submit(request(1))
        hand = hands.drivers["hex1"]
        await until(lambda: hand.line)
        assert (await manager.why_node("hex1")).reason is Reason.RENDERING
        for attempt in range(3):
            await until(lambda: hand.line)
            hand.fail(f"Error: number {attempt}")
        while (await look(manager)).jobs[job].job.status is not JobStatus.FAILED:
            await asyncio.sleep(0.01)
        why = await manager.why_job(job, 1)
        assert why.reason is Reason.GIVEN_UP
        assert "after 3 attempts; the last one: Error: number 2" in why.sentence
        assert (await manager.why_job(job)).reason is Reason.FAILED
        with pytest.raises(FrameNotFound):
            await manager.why_job(job, 2)
        await manager.close()

    run(test)


def test_its_meter_is_shown_the_farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.job_manager.MEASURE_S", 0.01)

    async def test() -> None:
        hands, shown = Hands(tmp_path), list[FarmView]()
        manager = hands.manager(meter=shown.append)
        await manager.submit(request(1))
        await until(lambda: hands.drivers["hex1"].line)
        hands.drivers["hex1"].finish()
        await until(lambda: shown and shown[-1].tally.done == 1)
        assert sum(shown[-1].tally.by_seconds) == 1
        assert [view.job.status for view in shown[-1].jobs.values()] == [JobStatus.FINISHED]
        await manager.close()

    run(test)


def test_an_action_is_durable_before_it_is_answered(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, autostart=False)
        manager = hands.manager()
        job, _ = await manager.submit(request())
        await manager.set_autostart(True)
        await manager.stop_job(job)
        await manager.set_node_enabled(job, "hex1", False)
        with sqlite3.connect(tmp_path / "farm.db") as database:
            assert database.execute("SELECT status FROM jobs").fetchall() == [("Stopped",)]
        await drop(manager)
        again = hands.manager()
        view = await look(again)
        assert view.autostart is True
        assert view.jobs[job].job.status is JobStatus.STOPPED
        assert view.jobs[job].job.nodes == frozenset()
        await again.close()

    run(test)


def test_a_crashed_job_manager_loses_no_frame_and_renders_none_twice(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2")
        manager = hands.manager()
        job, _ = await manager.submit(request(12, "hex1", "hex2"))
        await until(lambda: all(driver.line for driver in hands.drivers.values()))
        await until(lambda: len(hands.drivers) == 2)
        hands.drivers["hex1"].begin()
        await drop(manager)
        # While nobody is in charge one node finishes what it has: it stays in the outbox.
        hands.drivers["hex2"].finish()
        drivers = dict(hands.drivers)
        again = hands.manager()
        await again.start()
        while (await look(again)).jobs[job].job.status is not JobStatus.FINISHED:
            for driver in drivers.values():
                if driver.line:
                    driver.finish()
            await asyncio.sleep(0.01)
        assert hands.drivers == drivers, "the NodeActors lived on"
        rendered = [frame for driver in drivers.values() for frame in driver.rendered]
        assert sorted(rendered) == list(range(1, 13))
        await again.close()

    run(test)


def test_a_dead_node_actor_is_started_again_and_its_frames_go_back(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        job, _ = await manager.submit(request())
        await until(lambda: hands.drivers["hex1"].line)
        first = hands.drivers["hex1"]
        first.begin()
        hands.links["hex1"].die()
        await until(lambda: hands.drivers["hex1"] is not first and hands.drivers["hex1"].line)
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            if hands.drivers["hex1"].line:
                hands.drivers["hex1"].finish()
            await asyncio.sleep(0.01)
        assert hands.drivers["hex1"].rendered == [1, 2, 3, 4]
        await manager.close()

    run(test)


def test_draining_ends_with_the_last_frame_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, "hex1", "hex2")
        manager = hands.manager()
        job, _ = await manager.submit(request(12, "hex1", "hex2"))
        await until(lambda: len(hands.drivers) == 2)
        first, second = hands.drivers["hex1"], hands.drivers["hex2"]
        await until(lambda: len(first.line) == len(second.line) == 2)
        first.begin()
        second.begin()
        while len((await look(manager)).jobs[job].running) < 2:
            await asyncio.sleep(0.01)
        assert await manager.drain(0.1) == 2, "time is up"
        draining = asyncio.ensure_future(manager.drain(60.0))
        later, _ = await manager.submit(request(1))
        await manager.start_job(later)
        first.finish()
        await until(lambda: not first.line)
        assert not draining.done()
        assert (await manager.why_job(later)).reason is Reason.DRAINING
        second.finish()
        assert await draining == 0
        view = await look(manager)
        assert view.draining_until > 0
        assert view.jobs[job].done == 2, "what was finished is saved"
        assert not first.line + second.line
        await manager.close()
        again = hands.manager()
        await again.start()
        await until(lambda: hands.drivers["hex1"].line)
        view = await look(again)
        assert not view.draining_until
        assert {view.jobs[each].job.status for each in (job, later)} == {JobStatus.RENDERING}
        await again.close()

    run(test)


def test_an_order_that_got_lost_is_given_again(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, autostart=False)
        manager = hands.manager()
        job, _ = await manager.submit(request(1))
        await until(lambda: "hex1" in hands.links)
        hands.links["hex1"].lose_next_render = True
        await manager.start_job(job)
        await until(lambda: hands.drivers["hex1"].line)
        hands.drivers["hex1"].finish()
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            await asyncio.sleep(0.01)
        await manager.close()

    run(test)


def test_a_save_that_fails_changes_nothing_and_reports_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        job, _ = await manager.submit(request(2))
        await until(lambda: hands.drivers["hex1"].line)
        broken = sqlite3.connect(tmp_path / "farm.db", timeout=0.1, isolation_level=None)
        broken.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("rcontrol.store.database.BUSY_TIMEOUT_S", 0.1, raising=False)
        before = await look(manager)
        with pytest.raises(StoreError):
            await manager.submit(request(2))
        hands.drivers["hex1"].finish()
        await asyncio.sleep(0.2)
        now = await look(manager)
        assert list(now.jobs) == list(before.jobs) == [job]
        assert now.jobs[job].done == 0, "nothing is shown that is not saved"
        broken.execute("ROLLBACK")
        broken.close()
        while (await look(manager)).jobs[job].done == 0:
            await asyncio.sleep(0.02)
        await until(lambda: hands.drivers["hex1"].line)
        hands.drivers["hex1"].finish()
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            await asyncio.sleep(0.01)
        assert hands.drivers["hex1"].rendered == [1, 2]
        await manager.close()

    run(test)


def test_refusals_reach_the_caller(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        manager = hands.manager()
        with pytest.raises(NodeNotFound):
            await manager.submit(request(1, "hex9"))
        with pytest.raises(BadRequest, match="end_frame"):
            await manager.submit(JobRequest("cube.blend", 5, 1, ("hex1",)))
        with pytest.raises(BadRequest, match="start_frame"):
            await manager.submit(JobRequest("cube.blend", -5, 1, ("hex1",)))
        with pytest.raises(BadRequest, match="render_engine"):
            await manager.submit(JobRequest("cube.txt", 1, 1, ("hex1",)))
        assert not (await look(manager)).jobs
        await manager.close()
        with pytest.raises(FarmUnavailable):
            await manager.start_job(JobId("x"))

    run(test)


def test_a_long_poll_returns_with_the_change_and_only_with_what_changed(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path, autostart=False)
        manager = hands.manager()
        first, _ = await manager.submit(request())
        await until(lambda: hands.drivers)
        view = await look(manager)
        second, _ = await manager.submit(request())
        delta = await manager.changes_since(view.epoch, view.version)
        changed = set()
        while second not in changed:
            changed |= {each.job.id for each in delta.jobs}
            view = view.with_changes(delta)
            if second not in changed:
                delta = await manager.changes_since(view.epoch, view.version)
        assert first not in changed
        assert list(view.jobs) == [first, second]
        await manager.delete_job(first)
        while first in view.jobs:
            view = view.with_changes(await manager.changes_since(view.epoch, view.version))
        assert list(view.jobs) == [second]
        await manager.close()

    run(test)


def test_a_node_obeys_only_the_newest_epoch(tmp_path: Path) -> None:
    async def test() -> None:
        hands = Hands(tmp_path)
        actor = hands.actor("hex1").actor
        with pytest.raises(NodeActorLost, match="not adopted"):
            await actor.cancel(1, "1-1")  # type: ignore[arg-type]
        await actor.adopt(2)
        waiting = asyncio.ensure_future(actor.reports(2, 0))
        with pytest.raises(StaleEpoch):
            await actor.adopt(1)
        hands.drivers["hex1"].start(2)
        first = await waiting
        late = asyncio.ensure_future(actor.reports(2, first.sequence))
        await asyncio.sleep(0)
        await actor.adopt(3)
        with pytest.raises(StaleEpoch):
            await late

    run(test)
