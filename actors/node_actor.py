"""NodeActor: one render node's SSH connection and render sessions, behind an epoch."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from actors.links import Held, NodeActorLost, Reports
from rcontrol.errors import StaleEpoch
from rcontrol.farm import events as ev
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId

PROGRESS_EVERY_S: Final = 0.5
"""Progress is reported at most twice a second."""
LOOK_S: Final = 15.0
"""How long `adopt` waits for the first look at the node. A dead address takes 10 s to be known."""


class Driver(Protocol):
    """What drives the node, on a thread of its own: `rcontrol.sessions.DriverThread`."""

    def start(self, epoch: int) -> None:
        """Connect, and stay connected; first take over what another driver has left at a frame:
        AttemptStarted for each, and then NodeCameUp. Of several drivers the newest epoch wins."""
        ...

    def queue(self, order: RenderFrame) -> None:
        """Line a frame up; exactly one outcome is reported for it."""
        ...

    def withdraw(self, attempt: AttemptId) -> None:
        """Give an attempt back unless it has begun."""
        ...

    def cancel(self, attempt: AttemptId) -> None:
        """End an attempt whatever its state."""
        ...

    def close_sessions(self, job: JobId) -> None:
        """End idle renderers of a job."""
        ...

    def stop(self, timeout: float) -> None:
        """End everything; blocks up to `timeout` seconds."""
        ...


Report = Callable[[ev.Event], None]
Outcome = ev.FrameRendered | ev.AttemptFailed | ev.AttemptReturned


class NodeActor:
    """The farm's hand on one node.

    A finished attempt stays in the outbox until the JobManager has acknowledged saving it, and
    is reported again to whoever adopts this actor. Calls of an older epoch than the newest seen
    raise StaleEpoch and do nothing. Killed, it is started anew and knows only what its driver finds
    on the node: the frames that its predecessor's sessions render go on as the attempts they were.
    """

    def __init__(self, node: str, make_driver: Callable[[Report], Driver]) -> None:
        self._node = node
        self._make_driver = make_driver
        self._driver: Driver | None = None
        self._epoch = 0
        self._looked = asyncio.Event()
        """Set once the driver has seen the node, or failed to."""
        self._found = False
        """Whether attempts were found that nobody has been told of as held."""
        self._connection: ev.NodeCameUp | ev.NodeWentDown = ev.NodeWentDown(0.0, node, "connecting")
        self._held: dict[AttemptId, ev.AttemptStarted | ev.AttemptReturned] = {}
        """Attempts without an outcome: begun ones as AttemptStarted, others as AttemptReturned."""
        self._names: dict[AttemptId, str] = {}
        """`job-name/frame` of what was ordered; of what was found on the node there is none."""
        self._outbox: dict[AttemptId, Outcome] = {}
        self._ended: dict[AttemptId, asyncio.Event] = {}
        self._reports: list[tuple[int, ev.Event]] = []
        self._progress: dict[AttemptId, ev.AttemptProgressed] = {}
        self._sequence = 0
        self._news = asyncio.Event()
        self._progress_at = 0.0

    def __repr__(self) -> str:
        running = [
            self._names.get(attempt, f"{event.job}/{event.frame}")
            for attempt, event in self._held.items()
            if isinstance(event, ev.AttemptStarted)
        ]
        return f"NodeActor({': '.join(filter(None, [self._node, ', '.join(running)]))})"

    async def adopt(self, epoch: int) -> Held:
        """See `links.NodeLink`."""
        self._obey(epoch)
        if self._driver is None:
            loop = asyncio.get_running_loop()
            self._driver = self._make_driver(lambda event: _call_soon(loop, self._take, event))
            self._driver.start(epoch)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), LOOK_S)
        self._obey(epoch)
        self._reports.clear()
        self._progress.clear()
        held = self._holds()
        self._found = False
        sequence = self._sequence
        for outcome in self._outbox.values():
            self._report(outcome)
        return Held(held, self._connection, sequence)

    async def reports(self, epoch: int, after: int) -> Reports:
        """See `links.NodeLink`."""
        self._obey(epoch)
        self._reports = [(number, event) for number, event in self._reports if number > after]
        loop = asyncio.get_running_loop()
        while not self._reports:
            self._news.clear()
            pause = None
            if self._progress:
                pause = self._progress_at + PROGRESS_EVERY_S - loop.time()
                if pause <= 0:
                    break
            try:
                await asyncio.wait_for(self._news.wait(), pause)
            except TimeoutError:
                continue
            self._obey(epoch)
        self._progress_at = loop.time()
        events = [*(event for _, event in self._reports), *self._progress.values()]
        self._progress.clear()
        return Reports(tuple(events), self._sequence)

    async def render(self, epoch: int, order: RenderFrame) -> None:
        """See `links.NodeLink`."""
        driver = self._drive(epoch)
        attempt = order.attempt
        if attempt in self._held or attempt in self._outbox:
            return
        self._held[attempt] = ev.AttemptReturned(
            0.0, self._node, attempt, order.spec.id, order.frame
        )
        self._names[attempt] = order.task_name
        ended = self._ended[attempt] = asyncio.Event()
        driver.queue(order)
        await ended.wait()

    async def withdraw(self, epoch: int, attempt: AttemptId) -> None:
        """See `links.NodeLink`."""
        self._drive(epoch).withdraw(attempt)

    async def cancel(self, epoch: int, attempt: AttemptId) -> None:
        """See `links.NodeLink`."""
        self._drive(epoch).cancel(attempt)

    async def acknowledge(self, epoch: int, attempt: AttemptId) -> None:
        """See `links.NodeLink`."""
        self._obey(epoch)
        self._outbox.pop(attempt, None)

    async def close_sessions(self, epoch: int, job: JobId) -> None:
        """See `links.NodeLink`."""
        self._drive(epoch).close_sessions(job)

    async def close(self, epoch: int) -> None:
        """See `links.NodeLink`."""
        driver = self._drive(epoch)
        self._driver = None
        await asyncio.to_thread(driver.stop, 15.0)

    def _obey(self, epoch: int) -> None:
        if epoch < self._epoch:
            raise StaleEpoch(epoch, self._epoch)
        if epoch > self._epoch:
            self._epoch = epoch
            self._news.set()

    def _drive(self, epoch: int) -> Driver:
        self._obey(epoch)
        if self._driver is None:
            raise NodeActorLost(self._node, "it was started anew and is not adopted yet")
        return self._driver

    def _take(self, event: ev.Event) -> None:
        """Take in what the driver reports; on the actor's loop."""
        match event:
            case ev.AttemptProgressed():
                self._progress[event.attempt] = event
                self._news.set()
                return
            case ev.AttemptStarted():
                if event.attempt not in self._held:
                    self._ended[event.attempt] = asyncio.Event()
                    self._found = True
                self._held[event.attempt] = event
            case ev.FrameRendered() | ev.AttemptFailed() | ev.AttemptReturned():
                self._progress.pop(event.attempt, None)
                if self._held.pop(event.attempt, None) is None:
                    return
                self._names.pop(event.attempt, None)
                self._outbox[event.attempt] = event
                self._ended.pop(event.attempt).set()
            case ev.NodeCameUp() | ev.NodeWentDown():
                self._connection = event
                self._looked.set()
                if self._found:
                    # Found after `adopt` was answered.
                    self._found = False
                    self._report(ev.NodeAdopted(event.at, self._node, self._holds()))
        self._report(event)

    def _holds(self) -> tuple[ev.AttemptReport, ...]:
        """Return what it has on its hands, as `NodeAdopted` wants it."""
        ended = (
            ev.AttemptStarted(e.at, e.node, e.attempt, e.job, e.frame)
            for e in self._outbox.values()
        )
        return (*self._held.values(), *ended)

    def _report(self, event: ev.Event) -> None:
        self._sequence += 1
        self._reports.append((self._sequence, event))
        self._news.set()


def _call_soon(loop: asyncio.AbstractEventLoop, take: Report, event: ev.Event) -> None:
    try:
        loop.call_soon_threadsafe(take, event)
    except RuntimeError:
        # The actor's loop is closed: the process is on its way out.
        return
