"""The JobManager over a database whose disk is full, or that is damaged."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors.job_manager import JobManager
from rcontrol.errors import StoreDamaged, StoreFull
from rcontrol.farm.model import JobStatus
from tests.actors.hands import Hands, until
from tests.actors.test_job_manager import drop, look, request
from tests.fakes.need import need
from tests.fakes.small_disk import fill, make_room, small_disk, small_disk_missing


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60.0))


async def _leave_no_room(manager: JobManager, disk: Path) -> None:
    """Fill the disk, and use up the room that SQLite has within its files and gives back."""
    refused = 0
    while refused < 3:
        fill(disk)
        try:
            await manager.set_autostart(False)
            await manager.set_autostart(True)
        except StoreFull:
            refused += 1
        else:
            refused = 0


def test_a_full_disk_refuses_actions_keeps_outcomes_and_passes_by_itself(tmp_path: Path) -> None:
    need(small_disk_missing())

    async def test(disk: Path) -> None:
        hands = Hands(disk)
        manager = hands.manager()
        job, _ = await manager.submit(request(3))
        await until(lambda: hands.drivers["hex1"].line)
        await _leave_no_room(manager, disk)
        with pytest.raises(StoreFull, match="the disk is full; free some space there"):
            await manager.submit(request(3))
        taken = set((await look(manager)).jobs)
        hands.drivers["hex1"].finish()
        await until(lambda: len(hands.actors["hex1"].actor._outbox) == 1)
        with pytest.raises(StoreFull):
            await manager.submit(request(3))
        view = await look(manager)
        assert set(view.jobs) == taken, "what was refused changed nothing"
        assert view.jobs[job].done == 0, "nothing is shown that is not saved"
        make_room(disk)
        while (await look(manager)).jobs[job].job.status is not JobStatus.FINISHED:
            if hands.drivers["hex1"].line:
                hands.drivers["hex1"].finish()
            await asyncio.sleep(0.01)
        assert hands.drivers["hex1"].rendered[:3] == [1, 2, 3], "none was rendered again"
        await manager.close()

    with small_disk(tmp_path / "small", 2) as disk:
        run(lambda: test(disk))


def test_a_database_that_is_damaged_while_it_is_used_is_restored_by_a_new_job_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    async def test() -> None:
        hands = Hands(tmp_path, autostart=False)
        manager = hands.manager()
        job, _ = await manager.submit(request(1))
        assert await manager.restored() == ""
        hands.store.keep_copy()
        later, _ = await manager.submit(request(1))
        file = tmp_path / "farm.db"
        assert hands.store._engine is not None
        hands.store._engine.dispose()
        file.write_bytes(b"\xff" * file.stat().st_size)
        (tmp_path / "farm.db-wal").unlink(missing_ok=True)
        with pytest.raises(StoreDamaged):
            await manager.submit(request(1))
        await until(lambda: ended == [1])
        await drop(manager)
        again = hands.manager(started_again=True)
        assert "was damaged" in await again.restored()
        view = await look(again)
        assert set(view.jobs) == {job}
        assert later not in view.jobs
        await again.close()

    run(test)
