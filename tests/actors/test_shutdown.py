"""What the server does when it is told to end, once and again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from actors.shutdown import Shutdown
from rcontrol.errors import FarmUnavailable
from rcontrol.farm.model import AttemptId, JobId, NodeStatus
from rcontrol.farm.views import EMPTY_VIEW, FarmView, NodeView, RunningFrame
from tests.actors.hands import until


class FarmToEnd:
    """Two frames are under way until `finish`; each drain before the `loses`th is lost."""

    def __init__(self, loses: int = 0) -> None:
        self._loses = loses
        self.asked: list[float] = []
        self.empty = asyncio.Event()
        self.ended = 0

    def view(self) -> FarmView:
        frames = tuple(
            (JobId("feed"), RunningFrame("hex1", frame, 0.0, AttemptId(f"1-{frame}")))
            for frame in (1, 2)
        )
        node = NodeView("hex1", NodeStatus.ONLINE, "", 0.0, 0.0, 2, running=frames)
        return EMPTY_VIEW if self.empty.is_set() else FarmView(1, 1, True, {}, (node,))

    async def drain(self, within_s: float) -> int:
        self.asked.append(within_s)
        if len(self.asked) <= self._loses:
            raise FarmUnavailable("killed")
        try:
            async with asyncio.timeout(within_s):
                await self.empty.wait()
        except TimeoutError:
            return 2
        return 0

    def end(self) -> None:
        self.ended += 1


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30.0))


def test_it_ends_once_the_frames_are_finished(capsys: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        farm = FarmToEnd()
        Shutdown(farm, 60.0, farm.end).signalled()
        await until(lambda: farm.asked)
        assert not farm.ended
        farm.empty.set()
        await until(lambda: farm.ended)

    run(test)
    said = "rcontrol: draining: 2 frames under way, at most 60 s; signal again to end now\n"
    assert capsys.readouterr().err == said


def test_frames_that_take_too_long_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        farm = FarmToEnd()
        Shutdown(farm, 0.05, farm.end).signalled()
        await until(lambda: farm.ended)

    run(test)
    assert "2 frames took too long and will be rendered again" in capsys.readouterr().err


def test_a_second_signal_ends_at_once_and_a_third_does_not_wait_for_requests() -> None:
    async def test() -> None:
        farm = FarmToEnd()
        shutdown = Shutdown(farm, 60.0, farm.end)
        shutdown.signalled()
        await until(lambda: farm.asked)
        shutdown.signalled()
        await until(lambda: farm.ended == 1)
        shutdown.signalled()
        assert farm.ended == 2

    run(test)


def test_without_a_time_to_drain_the_first_signal_ends_at_once() -> None:
    async def test() -> None:
        farm = FarmToEnd()
        shutdown = Shutdown(farm, 0.0, farm.end)
        shutdown.signalled()
        shutdown.signalled()
        assert (farm.ended, farm.asked) == (2, [])

    run(test)


def test_a_job_manager_that_was_started_again_is_told_once_more() -> None:
    async def test() -> None:
        farm = FarmToEnd(loses=2)
        Shutdown(farm, 60.0, farm.end).signalled()
        await until(lambda: len(farm.asked) == 3)
        assert farm.asked[0] > farm.asked[2]
        farm.empty.set()
        await until(lambda: farm.ended)

    run(test)


def test_a_job_manager_that_never_comes_back_is_not_waited_for_longer() -> None:
    async def test() -> None:
        farm = FarmToEnd(loses=1000)
        Shutdown(farm, 0.3, farm.end).signalled()
        await until(lambda: farm.ended)

    run(test)
