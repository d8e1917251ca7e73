"""A session's order of steps, where a real connection is too quick to show it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import cast

import pytest

from rcontrol.errors import NodeUnreachable, SessionError
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions import node_scripts
from rcontrol.sessions.reach import Reach
from rcontrol.sessions.session import RenderSession
from rcontrol.ssh import Completed, Connection
from tests.fakes.scripted_engine import ScriptedEngine


class SlowConnection:
    """Runs nothing; the start of a session takes until it is told to be through."""

    def __init__(self, start: Completed | NodeUnreachable, end: Completed) -> None:
        self.scripts: list[str] = []
        self.begun, self.through = asyncio.Event(), asyncio.Event()
        self._start, self._end = start, end

    async def run(self, script: str, *arguments: str, timeout_s: float = 30.0) -> Completed:
        if script == node_scripts.END:
            self.scripts.append("end")
            return self._end
        self.scripts.append("start")
        self.begun.set()
        await self.through.wait()
        self.scripts.append("started")
        if isinstance(self._start, NodeUnreachable):
            raise self._start
        return self._start


SPEC = JobSpec(JobId("job"), "job", "/job.json", "scripted", 1, 10)
ORDER = RenderFrame("hex1", AttemptId("1-1"), 1, SPEC)
OK = Completed(0, "", "")
Scenario = Callable[[SlowConnection, RenderSession], Coroutine[None, None, None]]


def play(
    folder: Path, start: Completed | NodeUnreachable, end: Completed, scenario: Scenario
) -> None:
    async def main() -> None:
        connection = SlowConnection(start, end)
        reach = Reach("hex1")
        reach.open(cast("Connection", connection))
        session = RenderSession(
            reach,
            "farm",
            NodeSettings("hex1"),
            {},
            SPEC,
            ScriptedEngine(),
            SessionSettings(),
            1,
            LogWriter(folder, "hex1"),
        )
        await scenario(connection, session)

    asyncio.run(main())


@pytest.mark.parametrize(
    "start", [OK, Completed(1, "", "no room"), NodeUnreachable("hex1", "gone")]
)
def test_a_cancelled_start_is_through_before_its_end(
    start: Completed | NodeUnreachable, tmp_path: Path
) -> None:
    async def scenario(connection: SlowConnection, session: RenderSession) -> None:
        starting = asyncio.create_task(session.start(ORDER))
        await connection.begun.wait()
        starting.cancel()
        await asyncio.wait({starting})
        assert starting.cancelled()
        ending = asyncio.create_task(session.end())
        for _ in range(10):
            await asyncio.sleep(0)
        assert connection.scripts == ["start"]
        connection.through.set()
        await ending
        assert connection.scripts == ["start", "started", "end"]

    play(tmp_path, start, OK, scenario)


def test_the_nodes_words_are_passed_on(tmp_path: Path) -> None:
    async def scenario(connection: SlowConnection, session: RenderSession) -> None:
        connection.through.set()
        with pytest.raises(SessionError) as caught:
            await session.start(ORDER)
        assert caught.value.cause == "mkdir: No space left on device"

    play(tmp_path, Completed(1, "", "mkdir: No space left on device\n"), OK, scenario)


def test_a_renderer_that_survives_is_an_error(tmp_path: Path) -> None:
    async def scenario(connection: SlowConnection, session: RenderSession) -> None:
        with pytest.raises(SessionError) as caught:
            await session.end()
        assert "a renderer cannot be killed (session abc)" in str(caught.value)

    play(tmp_path, OK, Completed(0, "left abc\n", ""), scenario)
