"""A `gateway.Farm` over the JobManager's handle: reads from a snapshot, actions through calls."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from actors.handles import answer
from rcontrol.config import NodeKeys, load, node_of
from rcontrol.errors import FarmUnavailable, RcontrolError
from rcontrol.farm.model import JobId
from rcontrol.farm.reasons import Why
from rcontrol.farm.views import EMPTY_VIEW, AttemptView, FarmDelta, FarmView, FrameResult
from rcontrol.gateway import JobRequest

log = logging.getLogger(__name__)

STALE_S: Final = 30.0
"""A view older than this without a word from the JobManager is not shown any more."""
GATHER_S: Final = 0.2
"""Pause between two questions for changes while nobody waits for an answer."""
RETRY_S: Final = 0.2
ACTION_S: Final = 30.0
"""An action whose result does not show within this time is answered with FarmUnavailable."""


class RayFarm:
    """The farm as the front end sees it.

    One long poll keeps the view current, however many read it. An action is answered when the
    view contains it, so that a client always reads its own writes.
    """

    def __init__(self, manager: Any, config: Path) -> None:
        """`manager` is the JobManager's Ray handle, `config` the configuration file."""
        self._manager, self._config = manager, config
        self._view: FarmView = EMPTY_VIEW
        self._heard_at = 0.0
        self._cause = "it has not answered yet"
        self._changed = asyncio.Condition()
        self._hurry = asyncio.Event()
        self._waiting = 0

    async def follow(self) -> None:
        """Keep the view current, for ever."""
        while True:
            try:
                delta = await self._ask_for_changes()
            except RcontrolError as error:
                self._cause = str(error)
                log.warning("farm.silent", extra={"cause": self._cause})
                await asyncio.sleep(RETRY_S)
                continue
            async with self._changed:
                self._view = self._view.with_changes(delta)
                self._heard_at = time.monotonic()
                self._changed.notify_all()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), GATHER_S)

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Return once there is a view. Raises FarmUnavailable."""
        await self._see(lambda view: view.epoch > 0, timeout_s)

    def view(self) -> FarmView:
        """See `gateway.Farm`."""
        if self._view.epoch == 0 or time.monotonic() - self._heard_at > STALE_S:
            raise FarmUnavailable(self._cause)
        return self._view

    async def changed(self, seen: FarmView) -> None:
        """See `gateway.Farm`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._view is not seen)

    async def why_job(self, job: JobId, frame: int | None = None) -> Why:
        """See `gateway.Farm`."""
        ask = self._manager.why_job.options(enable_task_events=False)
        why: Why = await answer(ask.remote(job, frame))
        return why

    async def why_node(self, node: str) -> Why:
        """See `gateway.Farm`."""
        ask = self._manager.why_node.options(enable_task_events=False)
        why: Why = await answer(ask.remote(node))
        return why

    async def submit(self, request: JobRequest) -> JobId:
        """See `gateway.Farm`."""
        job, version = await answer(self._manager.submit.remote(request))
        await self._shown(version)
        return JobId(job)

    async def start(self, job: JobId) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.start_job.remote(job)))

    async def stop(self, job: JobId) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.stop_job.remote(job)))

    async def enqueue(self, job: JobId) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.enqueue_job.remote(job)))

    async def delete(self, job: JobId) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.delete_job.remote(job)))

    async def move(self, job: JobId, before: JobId | None) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.move_job.remote(job, before)))

    async def clear_finished(self) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.clear_finished.remote()))

    async def frame_states(self, job: JobId) -> bytes:
        """See `gateway.Farm`."""
        return await answer(self._manager.frame_states.remote(job))

    async def frame_results(self, job: JobId, after: int, limit: int) -> Sequence[FrameResult]:
        """See `gateway.Farm`."""
        return await answer(self._manager.frame_results.remote(job, after, limit))

    async def picture(self, job: JobId, frame: int) -> str:
        """See `gateway.Farm`."""
        return await answer(self._manager.picture.remote(job, frame))

    async def attempts(self, job: JobId, frame: int) -> Sequence[AttemptView]:
        """See `gateway.Farm`."""
        ask = self._manager.attempts.options(enable_task_events=False)
        found: Sequence[AttemptView] = await answer(ask.remote(job, frame))
        return found

    async def set_node_enabled(self, job: JobId, node: str, enabled: bool) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.set_node_enabled.remote(job, node, enabled)))

    async def add_node(self, node: NodeKeys) -> None:
        """See `gateway.Farm`."""
        settings = await asyncio.to_thread(node_of, self._config, node)
        await self._shown(await answer(self._manager.add_node.remote(settings)))

    async def remove_node(self, node: str) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.remove_node.remote(node)))

    async def pause_node(self, node: str, reason: str) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.pause_node.remote(node, reason)))

    async def resume_node(self, node: str) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.resume_node.remote(node)))

    async def kill_frames(self, node: str) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.kill_frames.remote(node)))

    async def reload_nodes(self) -> None:
        """See `gateway.Farm`."""
        nodes = (await asyncio.to_thread(load, self._config)).nodes
        await self._shown(await answer(self._manager.list_nodes.remote(nodes, True)))

    async def set_autostart(self, on: bool) -> None:
        """See `gateway.Farm`."""
        await self._shown(await answer(self._manager.set_autostart.remote(on)))

    async def drain(self, within_s: float) -> int:
        """See `JobManager.drain`."""
        ask = self._manager.drain.options(enable_task_events=False)
        left: int = await answer(ask.remote(within_s))
        return left

    def _ask_for_changes(self) -> Awaitable[FarmDelta]:
        ask = self._manager.changes_since.options(enable_task_events=False)
        return answer(ask.remote(self._view.epoch, self._view.version))

    async def _shown(self, version: tuple[int, int]) -> None:
        self._waiting += 1
        self._hurry.set()
        try:
            await self._see(lambda view: (view.epoch, view.version) >= version, ACTION_S)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._hurry.clear()

    async def _see(self, shown: Callable[[FarmView], bool], timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: shown(self._view))
        except TimeoutError:
            raise FarmUnavailable(self._cause) from None
