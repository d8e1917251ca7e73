"""JobManager: owns the queue. One inbox, one farm, one store, one link to every node."""

import asyncio
import logging
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from actors.inbox import Inbox
from actors.links import NodeActorLost, NodeLink
from actors.log_room import MOST_ATTEMPTS, LogRoom, attempts_at
from rcontrol.admission import admit
from rcontrol.config import Settings
from rcontrol.errors import FarmUnavailable, FrameNotFound, LogNotFound, StaleEpoch
from rcontrol.farm import commands as cmd
from rcontrol.farm import events as ev
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import JobId
from rcontrol.farm.viewlog import ViewLog
from rcontrol.farm.views import AttemptView, FarmDelta, FrameResult
from rcontrol.framelogs import LogPart, Logs
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage
from rcontrol.store import Store

log = logging.getLogger(__name__)

Shown = tuple[int, int]
"""(epoch, version) of the first views that contain an action."""

TICK_S: Final = 1.0
ADOPTION_S: Final = 20.0
"""Frames are given out once every node's actor has answered, or after this long.

An actor answers when it has looked at its node. Refused connections are known at once, an address
that does not answer after 10 s. A frame still rendered on a node that cannot be reached until then
is given out again, and its session ended when the node comes back.
"""
PAUSE_S: Final = 0.2
"""Between tries to reach a node's actor while Ray starts it again."""
LONG_POLL_S: Final = 20.0
"""A question for changes is answered after this long even if there are none."""
CLOSE_S: Final = 20.0


class JobManager:
    """The farm's only owner.

    An action returns the first views that show it, once it is durable. A failed call
    with a `Refused` or a `StoreError` changed nothing. Killed, it is started anew, loads
    what was saved, adopts what the NodeActors hold, and goes on.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        link_to: Callable[[str, str], NodeLink],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`link_to(node, farm_id)` finds or starts a node's actor; it may block."""
        self._settings = settings
        self._store = store
        self._link_to = link_to
        self._clock = clock
        self._storage = Storage(settings.base_dir)
        self._logs = Logs(settings.logs_dir)
        self._log_room = LogRoom(settings.logs_dir, settings.logs_mb)
        self._links: dict[str, NodeLink] = {}
        self._suspects: dict[str, asyncio.Event] = {}
        """Set for a node whose actor may have lost what it was told."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starting = asyncio.Lock()
        self._inbox: Inbox | None = None
        self._closed = False
        self._epoch = 0

    def __repr__(self) -> str:
        return "JobManager"

    # --- life ---

    async def start(self) -> int:
        """Load the farm, adopt the nodes, begin to work. Harmless when repeated.

        Returns the epoch. Raises StoreError, and FarmUnavailable after `close`.
        """
        await self._ready()
        return self._epoch

    async def close(self) -> None:
        """End every renderer and let go of the store; jobs keep their statuses."""
        log.info("farm.closing")
        self._closed = True
        await self._cancel_tasks()
        closing = [link.close(self._epoch) for link in self._links.values()]
        results = asyncio.gather(*map(_quietly, closing))
        with suppress(TimeoutError):
            await asyncio.wait_for(results, CLOSE_S)
        await asyncio.to_thread(self._store.close)

    async def _ready(self) -> Inbox:
        if self._closed:
            raise FarmUnavailable("it is shutting down")
        async with self._starting:
            if self._inbox is None:
                self._inbox = await self._load()
            return self._inbox

    async def _load(self) -> Inbox:
        await asyncio.to_thread(self._store.open)
        self._epoch = await asyncio.to_thread(self._store.raise_epoch)
        farm = Farm(
            self._settings.farm,
            self._settings.nodes,
            epoch=self._epoch,
            autostart=self._settings.autostart,
        )
        saved = await asyncio.to_thread(self._store.load)
        farm.restore(saved, self._clock())
        views = ViewLog(self._epoch)
        views.publish(farm)
        inbox = Inbox(farm, views, self._store.save, self._carry_out)
        log.info("farm.loaded", extra={"epoch": self._epoch, "jobs": len(farm.state.jobs)})
        self._spawn(inbox.work())
        adopted = []
        for node in self._settings.nodes:
            adopted.append(asyncio.Event())
            self._suspects[node.name] = asyncio.Event()
            self._spawn(self._follow(inbox, node.name, adopted[-1]))
        self._spawn(self._open_when(inbox, adopted))
        self._spawn(self._tick(inbox))
        self._spawn(self._log_room.keep(lambda: inbox.farm.state.jobs))
        return inbox

    async def _open_when(self, inbox: Inbox, adopted: list[asyncio.Event]) -> None:
        waiting = asyncio.gather(*(event.wait() for event in adopted))
        with suppress(TimeoutError):
            await asyncio.wait_for(waiting, ADOPTION_S)
        inbox.put(ev.FarmOpened(self._clock()))

    async def _tick(self, inbox: Inbox) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            inbox.put(ev.ClockTicked(self._clock()))

    # --- what people do ---

    async def submit(self, request: JobRequest) -> tuple[JobId, Shown]:
        """Queue a job; see `gateway.Farm.submit`."""
        inbox = await self._ready()
        names = {node.name for node in self._settings.nodes}
        now = self._clock()
        spec = await asyncio.to_thread(
            admit, request, JobId(uuid.uuid4().hex), now, nodes=names, storage=self._storage
        )
        submitted = ev.JobSubmitted(now, spec, frozenset(request.nodes))
        return spec.id, (self._epoch, await inbox.act(submitted))

    async def start_job(self, job: JobId) -> Shown:
        """See `gateway.Farm.start`."""
        return await self._act(ev.JobStarted(self._clock(), job))

    async def stop_job(self, job: JobId) -> Shown:
        """See `gateway.Farm.stop`."""
        return await self._act(ev.JobStopped(self._clock(), job))

    async def enqueue_job(self, job: JobId) -> Shown:
        """See `gateway.Farm.enqueue`."""
        return await self._act(ev.JobEnqueued(self._clock(), job))

    async def delete_job(self, job: JobId) -> Shown:
        """See `gateway.Farm.delete`."""
        shown = await self._act(ev.JobDeleted(self._clock(), job))
        self._log_room.sweep_soon()
        return shown

    async def move_job(self, job: JobId, before: JobId | None) -> Shown:
        """See `gateway.Farm.move`."""
        return await self._act(ev.JobMoved(self._clock(), job, before))

    async def clear_finished(self) -> Shown:
        """See `gateway.Farm.clear_finished`."""
        shown = await self._act(ev.FinishedCleared(self._clock()))
        self._log_room.sweep_soon()
        return shown

    async def set_node_enabled(self, job: JobId, node: str, enabled: bool) -> Shown:
        """See `gateway.Farm.set_node_enabled`."""
        kind = ev.NodeEnabled if enabled else ev.NodeDisabled
        return await self._act(kind(self._clock(), job, node))

    async def set_autostart(self, on: bool) -> Shown:
        """See `gateway.Farm.set_autostart`."""
        return await self._act(ev.AutostartSet(self._clock(), on))

    async def attempts(self, job: JobId, frame: int) -> tuple[AttemptView, ...]:
        """See `gateway.Farm.attempts`."""
        state = (await self._ready()).farm.state
        if frame not in state.job(job).spec.frames:
            raise FrameNotFound(job, frame)
        running = [
            attempt
            for attempt in state.attempts_of(job)
            if attempt.frame == frame and attempt.running
        ]
        return await asyncio.to_thread(
            lambda: attempts_at(
                running,
                self._store.attempts(job, frame, MOST_ATTEMPTS),
                self._logs.attempts(job, frame),
            )
        )

    async def read_log(
        self, job: JobId, frame: int, attempt: str = "", position: int = 0
    ) -> LogPart:
        """Return a part of a log, for notebooks; see `framelogs.Logs.read`.

        Raises LogNotFound.
        """
        part = await asyncio.to_thread(self._logs.read, job, frame, attempt, position)
        if part is None:
            raise LogNotFound(frame, attempt)
        return part

    async def changes_since(self, epoch: int, version: int) -> FarmDelta:
        """Return what changed since a version, as soon as anything has.

        A version of another epoch gets everything at once.
        """
        inbox = await self._ready()
        async with inbox.settled:
            if epoch == self._epoch:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LONG_POLL_S):
                        await inbox.settled.wait_for(lambda: inbox.views.version > version)
            return inbox.views.since(epoch, version, inbox.farm.state)

    async def frame_states(self, job: JobId) -> bytes:
        """See `gateway.Farm.frame_states`."""
        inbox = await self._ready()
        async with inbox.settled:
            inbox.farm.state.job(job)
            return inbox.farm.state.frames(job).statuses()

    async def frame_results(self, job: JobId, after: int, limit: int) -> Sequence[FrameResult]:
        """See `gateway.Farm.frame_results`."""
        await self._ready()
        return await asyncio.to_thread(self._store.results, job, after, limit)

    async def picture(self, job: JobId, frame: int) -> str:
        """See `gateway.Farm.picture`."""
        await self._ready()
        return await asyncio.to_thread(self._store.picture, job, frame)

    async def _act(self, action: ev.Action) -> Shown:
        inbox = await self._ready()
        return self._epoch, await inbox.act(action)

    # --- what nodes say ---

    async def _follow(self, inbox: Inbox, node: str, adopted: asyncio.Event) -> None:
        """Keep a node adopted and take in its reports, for ever."""
        while True:
            try:
                sequence = await self._adopt(inbox, node)
                adopted.set()
                await self._listen(inbox, node, sequence)
            except NodeActorLost as lost:
                log.warning("node.actor_lost", extra={"node": node, "cause": lost.cause})
                reason = "its NodeActor died and is being started again"
                inbox.put(ev.NodeWentDown(self._clock(), node, reason))
                await asyncio.sleep(PAUSE_S)
            except StaleEpoch:
                log.error("farm.replaced", extra={"epoch": self._epoch})
                os._exit(0)

    async def _adopt(self, inbox: Inbox, node: str) -> int:
        """Take charge of a node and return the number of its last report."""
        self._suspects[node].clear()
        if node not in self._links:
            farm_id = self._store.farm_id
            self._links[node] = await asyncio.to_thread(self._link_to, node, farm_id)
        held = await self._links[node].adopt(self._epoch)
        now = self._clock()
        inbox.put(_now(ev.NodeAdopted(now, node, held.attempts), now))
        inbox.put(replace(held.connection, at=now))
        return held.sequence

    async def _listen(self, inbox: Inbox, node: str, sequence: int) -> None:
        """Take in a node's reports until a call to it has got lost."""
        link, suspect = self._links[node], self._suspects[node]
        lost = asyncio.ensure_future(suspect.wait())
        try:
            while not lost.done():
                asked = asyncio.ensure_future(link.reports(self._epoch, sequence))
                await asyncio.wait({asked, lost}, return_when=asyncio.FIRST_COMPLETED)
                if not asked.done():
                    asked.cancel()
                    break
                reports = asked.result()
                sequence = reports.sequence
                for event in reports.events:
                    inbox.put(_now(event, self._clock()))
        finally:
            lost.cancel()

    # --- what nodes are told ---

    def _carry_out(self, command: cmd.Command) -> None:
        """Send a command; calls to one node take effect in the order made here."""
        if isinstance(command, cmd.CloseSessions):
            for each in self._links.values():
                self._spawn(_quietly(each.close_sessions(self._epoch, command.job)))
            return
        link = self._links.get(command.node)
        if link is None:
            return
        match command:
            case cmd.RenderFrame():
                self._spawn(self._await_render(command, link.render(self._epoch, command)))
            case cmd.WithdrawAttempt():
                self._spawn(_quietly(link.withdraw(self._epoch, command.attempt)))
            case cmd.CancelAttempt():
                self._spawn(_quietly(link.cancel(self._epoch, command.attempt)))
            case cmd.Acknowledge():
                self._spawn(_quietly(link.acknowledge(self._epoch, command.attempt)))

    async def _await_render(self, order: cmd.RenderFrame, call: Awaitable[None]) -> None:
        """See to it that an order which never arrived is noticed."""
        with suppress(StaleEpoch):
            try:
                await call
            except NodeActorLost:
                self._suspects[order.node].set()

    # --- small parts ---

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Nothing expected ends a task this way. A process that starts clean from the store is
            # worth more than one that limps on.
            log.critical("farm.broken", exc_info=error)
            os._exit(1)

    async def _cancel_tasks(self) -> None:
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _now(event: ev.Event, at: float) -> ev.Event:
    """Return an event by this clock."""
    if isinstance(event, ev.NodeAdopted):
        attempts = tuple(replace(attempt, at=at) for attempt in event.attempts)
        event = replace(event, attempts=attempts)
    return replace(event, at=at)


async def _quietly(call: Awaitable[None]) -> None:
    """Await a call whose loss is noticed elsewhere: by the loop that follows the node."""
    with suppress(NodeActorLost, StaleEpoch):
        await call
