"""A JobManager and NodeActors in one event loop, without Ray, over drivers that tests play."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from actors.job_manager import JobManager
from actors.links import Held, NodeActorLost, Reports
from actors.node_actor import NodeActor, Report
from rcontrol.config import Settings
from rcontrol.farm import events as ev
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, Blame, JobId
from rcontrol.farm.settings import NodeSettings
from rcontrol.store import Store, sqlite_url


class PlayedDriver:
    """Carries out orders as the test says; keeps what it was told."""

    def __init__(self, node: str, report: Report) -> None:
        self.node, self.report = node, report
        self.line: list[RenderFrame] = []
        self.rendered: list[int] = []
        self.closed_jobs: list[JobId] = []

    def start(self, epoch: int) -> None:
        self.report(ev.NodeCameUp(time.time(), self.node))

    def queue(self, order: RenderFrame) -> None:
        self.line.append(order)

    def withdraw(self, attempt: AttemptId) -> None:
        self._return(attempt)

    def cancel(self, attempt: AttemptId) -> None:
        self._return(attempt)

    def close_sessions(self, job: JobId) -> None:
        self.closed_jobs.append(job)

    def stop(self, timeout: float) -> None:
        for order in list(self.line):
            self._return(order.attempt)

    def begin(self) -> RenderFrame:
        order = self.line[0]
        self.report(ev.AttemptStarted(*self._facts(order)))
        return order

    def finish(self) -> None:
        order = self.begin()
        self.line.pop(0)
        self.rendered.append(order.frame)
        self.report(ev.FrameRendered(*self._facts(order), 0.1, (f"/out/{order.frame}.png",)))

    def fail(self, error: str) -> None:
        """Fail at the first frame of the line, by the job's fault."""
        order = self.begin()
        self.line.pop(0)
        self.report(ev.AttemptFailed(*self._facts(order), 0.1, error, Blame.JOB))

    def _return(self, attempt: AttemptId) -> None:
        for order in list(self.line):
            if order.attempt == attempt:
                self.line.remove(order)
                self.report(ev.AttemptReturned(*self._facts(order)))

    def _facts(self, order: RenderFrame) -> tuple[float, str, AttemptId, JobId, int]:
        return time.time(), self.node, order.attempt, order.spec.id, order.frame


class LocalLink:
    """A link to a NodeActor of this process; `die` is what kill -9 is to a real one."""

    def __init__(self, hands: "Hands", node: str) -> None:
        self._hands, self._node = hands, node
        self.lose_next_render = False

    def die(self) -> None:
        self._hands.actors.pop(self._node).dead.set()

    def adopt(self, epoch: int) -> Awaitable[Held]:
        return self._call("adopt", epoch)

    def reports(self, epoch: int, after: int) -> Awaitable[Reports]:
        return self._call("reports", epoch, after)

    def render(self, epoch: int, order: RenderFrame) -> Awaitable[None]:
        if self.lose_next_render:
            self.lose_next_render = False
            return self._lost()
        return self._call("render", epoch, order)

    def withdraw(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        return self._call("withdraw", epoch, attempt)

    def cancel(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        return self._call("cancel", epoch, attempt)

    def acknowledge(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        return self._call("acknowledge", epoch, attempt)

    def close_sessions(self, epoch: int, job: JobId) -> Awaitable[None]:
        return self._call("close_sessions", epoch, job)

    def close(self, epoch: int) -> Awaitable[None]:
        return self._call("close", epoch)

    def end(self) -> None:
        if self._node in self._hands.actors:
            self._hands.ended.append(self._node)
            del self._hands.actors[self._node]

    async def _lost(self) -> None:
        raise NodeActorLost(self._node, "the call got lost")

    async def _call(self, method: str, *arguments: Any) -> Any:
        process = self._hands.actor(self._node)
        answer = asyncio.ensure_future(getattr(process.actor, method)(*arguments))
        dead = asyncio.ensure_future(process.dead.wait())
        try:
            await asyncio.wait({answer, dead}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                answer.cancel()
                raise NodeActorLost(self._node, "killed")
            return answer.result()
        finally:
            dead.cancel()


class _Process:
    def __init__(self, actor: NodeActor) -> None:
        self.actor = actor
        self.dead = asyncio.Event()


class Hands:
    """A whole farm but for Ray and SSH."""

    def __init__(self, folder: Path, *nodes: str, **settings: Any) -> None:
        self.base = folder / "storage"
        self.base.mkdir(exist_ok=True)
        self.settings = Settings(
            base_dir=self.base,
            nodes=tuple(NodeSettings(node) for node in nodes or ("hex1",)),
            work_dir=folder,
            **{"autostart": True, **settings},
        )
        self.drivers: dict[str, PlayedDriver] = {}
        self.actors: dict[str, _Process] = {}
        self.links: dict[str, LocalLink] = {}
        self.settings_of: dict[str, NodeSettings] = {}
        """With which a node's link was made last."""
        self.ended: list[str] = []
        """Nodes whose actors were ended for good."""
        self.store = self.new_store()

    def new_store(self) -> Store:
        return Store(sqlite_url(self.settings.work_dir))

    def manager(self, **options: Any) -> JobManager:
        """Return a JobManager that has yet to start, as Ray would after a crash."""
        self.store = self.new_store()
        return JobManager(self.settings, self.store, self._link, **options)

    def actor(self, node: str) -> _Process:
        """Return a NodeActor, started anew if it is dead."""
        if node not in self.actors:

            def make_driver(report: Report) -> PlayedDriver:
                self.drivers[node] = PlayedDriver(node, report)
                return self.drivers[node]

            self.actors[node] = _Process(NodeActor(node, make_driver))
        return self.actors[node]

    def _link(self, node: NodeSettings, farm_id: str) -> LocalLink:
        self.settings_of[node.name] = node
        self.links[node.name] = LocalLink(self, node.name)
        return self.links[node.name]


async def until(what: Callable[[], Any], patience_s: float = 20.0) -> Any:
    """Return the first true result of `what`; fail when it takes longer."""
    async with asyncio.timeout(patience_s):
        while not (result := what()):
            await asyncio.sleep(0.005)
        return result
