"""JobManager: owns the queue. One inbox, one farm, one store, one crew of nodes."""

import asyncio
import logging
import os
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from actors.crew import Crew
from actors.inbox import Inbox
from actors.keeper import keep_copies
from actors.links import NodeLink
from actors.log_room import MOST_ATTEMPTS, LogRoom, attempts_at
from rcontrol.admission import admit
from rcontrol.config import Settings
from rcontrol.engines.registry import Engines
from rcontrol.errors import FarmUnavailable, FrameNotFound, LogNotFound, StoreError
from rcontrol.farm import events as ev
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import JobId
from rcontrol.farm.reasons import Why
from rcontrol.farm.settings import NodeSettings
from rcontrol.farm.viewlog import ViewLog
from rcontrol.farm.views import EMPTY_VIEW, AttemptView, FarmDelta, FarmView, FrameResult
from rcontrol.farm.why import inquire
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
MEASURE_S: Final = 5.0
"""Between two looks of the meter; Ray passes its metrics on every 10 s."""
LONG_POLL_S: Final = 20.0
"""A question for changes is answered after this long even if there are none."""


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
        link_to: Callable[[NodeSettings, str], NodeLink],
        clock: Callable[[], float] = time.time,
        *,
        started_again: bool = False,
        meter: Callable[[FarmView], None] | None = None,
    ) -> None:
        """`link_to(node, farm_id)` finds or starts a node's actor; it may block.

        `started_again`: in the place of one that died, so that nodes may be connected, and the
        configuration file may have been read again since `settings` were. `meter` is shown the
        farm again and again.
        """
        self._settings = settings
        self._store = store
        self._link_to = link_to
        self._clock = clock
        self._meter = meter
        self._started_again = started_again
        self._storage = Storage(settings.base_dir)
        self._engines = Engines(settings.renderers)
        self._logs = Logs(settings.logs_dir)
        self._log_room = LogRoom(settings.logs_dir, settings.logs_mb)
        self._crew: Crew | None = None
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

    async def restored(self) -> str:
        """Return what became of a damaged database when the farm was loaded; empty: it was whole.

        Raises as `start`.
        """
        await self._ready()
        return str(self._store.restored or "")

    async def close(self) -> None:
        """End every renderer and let go of the store; jobs keep their statuses."""
        log.info("farm.closing")
        self._closed = True
        await self._cancel_tasks()
        if self._crew is not None:
            await self._crew.close()
        with suppress(StoreError):
            await asyncio.to_thread(self._store.keep_copy)
        await asyncio.to_thread(self._store.close)

    async def drain(self, within_s: float) -> int:
        """Give out no more frames, and return once none is under way, or after `within_s`.

        Returns how many are left. Once begun, it lasts until the JobManager ends.
        """
        inbox = await self._ready()
        state, now = inbox.farm.state, self._clock()
        inbox.put(ev.FarmDraining(now, now + within_s))
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), inbox.settled:
                await inbox.settled.wait_for(lambda: state.draining_until and not state.attempts)
        return len(state.attempts)

    async def _ready(self) -> Inbox:
        if self._closed:
            raise FarmUnavailable("it is shutting down")
        async with self._starting:
            if self._inbox is None:
                self._inbox = await self._load()
            return self._inbox

    async def _load(self) -> Inbox:
        await asyncio.to_thread(self._store.open)
        if self._store.restored is not None:
            log.error("farm.restored", extra={"cause": str(self._store.restored)})
        self._epoch = await asyncio.to_thread(self._store.raise_epoch)
        farm = Farm(self._settings.farm, epoch=self._epoch, autostart=self._settings.autostart)
        saved = await asyncio.to_thread(self._store.load)
        farm.restore(saved, self._clock(), None if self._started_again else self._settings.nodes)
        await asyncio.to_thread(self._store.save, farm.changes())
        farm.commit()
        views = ViewLog(self._epoch)
        views.publish(farm)
        inbox = Inbox(farm, views, self._store.save)
        crew = self._crew = Crew(
            lambda node: self._link_to(node, self._store.farm_id),
            self._epoch,
            inbox.put,
            self._clock,
            self._spawn,
        )
        log.info("farm.loaded", extra={"epoch": self._epoch, "jobs": len(farm.state.jobs)})
        self._spawn(inbox.work(crew.carry_out))
        for node in farm.state.in_order():
            crew.open(node.member.settings)
        self._spawn(self._open_when(inbox, crew, list(farm.state.nodes)))
        self._spawn(self._tick(inbox))
        if self._meter is not None:
            self._spawn(self._measure(inbox, self._meter))
        self._spawn(keep_copies(self._store))
        self._spawn(self._log_room.keep(lambda: inbox.farm.state.jobs))
        return inbox

    async def _open_when(self, inbox: Inbox, crew: Crew, nodes: Sequence[str]) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(crew.all_adopted(nodes), ADOPTION_S)
        inbox.put(ev.FarmOpened(self._clock()))

    async def _measure(self, inbox: Inbox, meter: Callable[[FarmView], None]) -> None:
        view = EMPTY_VIEW
        while True:
            async with inbox.settled:
                delta = inbox.views.since(view.epoch, view.version, inbox.farm.state)
            view = view.with_changes(delta)
            meter(view)
            await asyncio.sleep(MEASURE_S)

    async def _tick(self, inbox: Inbox) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            inbox.put(ev.ClockTicked(self._clock()))

    # --- what people do ---

    async def submit(self, request: JobRequest) -> tuple[JobId, Shown]:
        """Queue a job; see `gateway.Farm.submit`."""
        inbox = await self._ready()
        names = inbox.farm.state.member_names()
        now = self._clock()
        spec = await asyncio.to_thread(
            admit,
            request,
            JobId(uuid.uuid4().hex),
            now,
            nodes=names,
            storage=self._storage,
            engines=self._engines,
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

    async def add_node(self, node: NodeSettings) -> Shown:
        """See `gateway.Farm.add_node`."""
        return await self._act(ev.NodeAdded(self._clock(), node))

    async def remove_node(self, node: str) -> Shown:
        """See `gateway.Farm.remove_node`."""
        return await self._act(ev.NodeRemoved(self._clock(), node))

    async def pause_node(self, node: str, reason: str) -> Shown:
        """See `gateway.Farm.pause_node`."""
        return await self._act(ev.NodePaused(self._clock(), node, reason))

    async def resume_node(self, node: str) -> Shown:
        """See `gateway.Farm.resume_node`."""
        return await self._act(ev.NodeResumed(self._clock(), node))

    async def kill_frames(self, node: str) -> Shown:
        """See `gateway.Farm.kill_frames`."""
        return await self._act(ev.NodeFramesKilled(self._clock(), node))

    async def list_nodes(self, nodes: Sequence[NodeSettings], anew: bool) -> Shown:
        """Take in the nodes of the configuration file; see `events.NodesListed`."""
        return await self._act(ev.NodesListed(self._clock(), tuple(nodes), anew))

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

    async def why_job(self, job: JobId, frame: int | None = None) -> Why:
        """See `gateway.Farm.why_job`."""
        inbox = await self._ready()
        error = ""
        if frame is not None:
            last = await asyncio.to_thread(self._store.attempts, job, frame, 1)
            error = last[0].error if last else ""
        async with inbox.settled:
            asked = inquire(inbox.farm, self._clock())
            return asked.job(job) if frame is None else asked.frame(job, frame, error)

    async def why_node(self, node: str) -> Why:
        """See `gateway.Farm.why_node`."""
        inbox = await self._ready()
        async with inbox.settled:
            return inquire(inbox.farm, self._clock()).node(node)

    async def _act(self, action: ev.Action) -> Shown:
        inbox = await self._ready()
        return self._epoch, await inbox.act(action)

    # --- small parts ---

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

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
