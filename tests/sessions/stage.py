"""A driver at work on a real SSH server, with the scripted renderer."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from rcontrol.engines.base import Engine
from rcontrol.errors import BadRequest
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.events import (
    AttemptFailed,
    AttemptProgressed,
    AttemptReport,
    AttemptReturned,
    AttemptStarted,
    Event,
    FrameRendered,
    NodeCameUp,
)
from rcontrol.farm.model import AttemptId, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions import NodeDriver
from rcontrol.ssh import Connection
from tests.fakes.scripted_engine import ScriptedEngine
from tests.fakes.sshd import Sshd
from tests.sessions.node import alive

DEADLINE_S = 60.0
SETTINGS = SessionSettings(lease_s=20, silence_s=30.0, grace_s=0.5)
OUTCOMES = (FrameRendered, AttemptFailed, AttemptReturned)


class Stage:
    """Queues frames on one node and keeps everything that is reported."""

    def __init__(
        self,
        sshd: Sshd,
        folder: Path,
        settings: SessionSettings = SETTINGS,
        *,
        slots: Sequence[Mapping[str, str]] = ({},),
        port: int = 0,
        engine: Engine | None = None,
        executables: dict[str, str] | None = None,
        farm: str = "",
        epoch: int = 1,
        low_priority: bool = False,
    ) -> None:
        self.sshd, self.folder, self.epoch = sshd, folder, epoch
        self.farm = farm or f"test-{uuid4().hex[:8]}"
        self.events: list[Event] = []
        self.arrived: list[float] = []
        """When each event came, by the monotonic clock."""
        self.node = NodeSettings(
            "hex1",
            slots=tuple(slots),
            executables=executables or {},
            port=port or sshd.port,
            low_priority=low_priority,
        )
        made = engine or ScriptedEngine()

        def engine_named(name: str) -> Engine:
            if name != made.name:
                raise BadRequest("render_engine", f"{name!r} is not known here")
            return made

        self.logs = LogWriter(folder / "logs", self.node.name)
        self._connections: list[Connection] = []

        async def connect(node: NodeSettings, keepalive_s: float) -> Connection:
            self._connections.append(await Connection.open(node, keepalive_s))
            return self._connections[-1]

        self.driver = NodeDriver(
            self.node,
            self.farm,
            settings,
            self._take,
            self.logs,
            epoch=epoch,
            connect=connect,
            engine=engine_named,
        )
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._numbers = 0

    async def __aenter__(self) -> "Stage":
        self._running = asyncio.create_task(self.driver.run())
        await self.until(lambda: any(isinstance(event, NodeCameUp) for event in self.events))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.driver.close()
        self.logs.close()
        assert self._running
        await asyncio.wait({self._running})
        if error[0] is None:
            self.check()

    async def vanish(self) -> None:
        """Lose the connection for good, as when the process is killed: sessions stay behind."""
        for connection in self._connections:
            connection.close()
        await self.driver.close()

    @property
    def base(self) -> Path:
        return Path(f"/tmp/rcontrol-{os.getuid()}") / self.farm

    @property
    def sessions(self) -> list[Path]:
        return list(self.base.glob("*/*"))

    def project(self, name: str = "job", **script: Any) -> JobSpec:
        """Write a project file that says how the renderer behaves."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"out": str(self.folder / name), **script}))
        return JobSpec(JobId(name), name, str(path), "scripted", 1, 1000)

    def rendered(self, name: str = "job") -> list[int]:
        """The frames that renderers of a job have begun, in order."""
        file = self.folder / name / "rendered"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def pids(self, name: str = "job") -> list[int]:
        """All processes that renderers of a job have reported."""
        file = self.folder / name / "pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def queue(self, spec: JobSpec, frame: int = 1) -> AttemptId:
        self._numbers += 1
        attempt = AttemptId(f"{self.epoch}-{self._numbers}")
        self.driver.queue(RenderFrame(self.node.name, attempt, frame, spec))
        return attempt

    async def render(self, spec: JobSpec, frame: int = 1) -> AttemptReport:
        return await self.outcome(self.queue(spec, frame))

    async def outcome(self, attempt: AttemptId) -> AttemptReport:
        await self.until(lambda: bool(self.outcomes(attempt)))
        return self.outcomes(attempt)[0]

    async def started(self, attempt: AttemptId) -> None:
        await self.until(lambda: any(self.of(attempt, AttemptStarted)))

    async def progressed(self, attempt: AttemptId) -> None:
        await self.until(lambda: any(self.of(attempt, AttemptProgressed)))

    def outcomes(self, attempt: AttemptId) -> Sequence[AttemptReport]:
        return self.of(attempt, *OUTCOMES)

    def of(self, attempt: AttemptId, *kinds: type[AttemptReport]) -> Sequence[AttemptReport]:
        return [
            event for event in self.events if isinstance(event, kinds) and event.attempt == attempt
        ]

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until something holds, which is looked at after each report and now and then."""
        deadline = time.monotonic() + DEADLINE_S
        while not met():
            assert time.monotonic() < deadline, self.events[-10:]
            self._news.clear()
            try:
                async with asyncio.timeout(0.02):
                    await self._news.wait()
            except TimeoutError:
                continue

    def check(self) -> None:
        """Every attempt has one outcome, nothing runs and nothing lies about."""
        for number in range(1, self._numbers + 1):
            found = self.outcomes(AttemptId(f"{self.epoch}-{number}"))
            assert len(found) == 1, (number, found)
        assert self.driver.attempts() == ()
        assert not self.base.exists()
        assert not [pid for file in self.folder.glob("*/pids") for pid in self._alive(file)]

    def _alive(self, file: Path) -> list[int]:
        return [pid for pid in map(int, file.read_text().split()) if alive(pid)]

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self.arrived.append(time.monotonic())
        self._news.set()


def quick(**changes: Any) -> SessionSettings:
    return replace(SETTINGS, **changes)
