"""The JobManager's one way in: events are handled in order, and saved before anyone is told."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from rcontrol.errors import Refused, StoreDamaged, StoreError
from rcontrol.farm import events as ev
from rcontrol.farm.commands import Command
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import Changes
from rcontrol.farm.viewlog import ViewLog

log = logging.getLogger(__name__)

RETRY_SAVE_S = 1.0
"""Pause after a save that failed, before the nodes' reports are tried again."""
LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class _Item:
    event: ev.Event
    answer: asyncio.Future[int] | None
    """Gets the version that shows the action; None: a report, which nobody waits for."""


class Inbox:
    """Owns the farm. While one batch is being saved, the next gathers: a burst costs one save.

    If a save fails, the farm returns to what is on disk: actions of the batch are answered with
    the StoreError, reports are handled again with the next batch.
    """

    def __init__(
        self,
        farm: Farm,
        views: ViewLog,
        save: Callable[[Changes], None],
    ) -> None:
        self.farm = farm
        self.views = views
        self._save = save
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self._unsaved: list[_Item] = []
        self.settled = asyncio.Condition()
        """Held while the farm is ahead of the disk; notified with every new version."""

    def put(self, event: ev.Event) -> None:
        """Hand in a report."""
        self._queue.put_nowait(_Item(event, None))

    async def act(self, action: ev.Action) -> int:
        """Hand in an action and return the version of the views that shows it.

        Raises:
            Refused: it was turned down.
            StoreError: it could not be saved; nothing changed.
        """
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Item(action, answer))
        return await answer

    async def work(self, carry_out: Callable[[Command], None]) -> None:
        """Handle what comes in; commands are carried out once their cause is saved.

        For ever, until it raises StoreDamaged: whoever loads the farm anew has the last copy.
        """
        while True:
            batch = self._unsaved + await self._next_batch()
            self._unsaved = []
            async with self.settled:
                commands = await self._process(batch)
                for command in commands:
                    carry_out(command)
                self.settled.notify_all()

    async def _next_batch(self) -> list[_Item]:
        try:
            batch = [await asyncio.wait_for(self._queue.get(), self._patience())]
        except TimeoutError:
            return []
        while not self._queue.empty() and len(batch) < LARGEST_BATCH:
            batch.append(self._queue.get_nowait())
        return batch

    def _patience(self) -> float | None:
        return RETRY_SAVE_S if self._unsaved else None

    async def _process(self, batch: list[_Item]) -> list[Command]:
        commands: list[Command] = []
        handled: list[_Item] = []
        for item in batch:
            try:
                commands += self.farm.handle(item.event)
            except Refused as refusal:
                _answer(item, refusal)
            else:
                handled.append(item)
        changes = self.farm.changes()
        if changes:
            try:
                await asyncio.to_thread(self._save, changes)
            except StoreError as error:
                self._take_back(handled, error)
                if isinstance(error, StoreDamaged):
                    raise
                return []
        _log_changes(self.farm, changes)
        self.farm.commit()
        version = self.views.publish(self.farm)
        for item in handled:
            if item.answer is not None and not item.answer.done():
                item.answer.set_result(version)
        return commands

    def _take_back(self, handled: list[_Item], error: StoreError) -> None:
        log.error("farm.not_saved", extra={"cause": error.cause})
        self.farm.rollback()
        self.views.publish(self.farm)
        for item in handled:
            _answer(item, error)
        self._unsaved = [
            item
            for item in handled
            if item.answer is None and not isinstance(item.event, ev.ClockTicked)
        ]


def _answer(item: _Item, error: Exception) -> None:
    if item.answer is not None and not item.answer.done():
        item.answer.set_exception(error)


def _log_changes(farm: Farm, changes: Changes) -> None:
    """Tell the log what has just been saved."""
    for ended in changes.attempts:
        if ended.blame is not None:
            attempt = ended.attempt
            facts = {"job": attempt.job, "frame": attempt.frame, "node": attempt.node}
            log.warning(
                "attempt.failed", extra={**facts, "blame": ended.blame, "error": ended.error}
            )
    for job, before, now in farm.state.jobs.touched():
        if now is None:
            log.info("job.deleted", extra={"job": job})
        elif before is None or before.status is not now.status:
            facts = {"job": job, "job_name": now.spec.name, "status": now.status}
            log.info("job.status", extra={**facts, "reason": now.reason})
    for node, was, is_now in farm.state.nodes.touched():
        if is_now is not None and (was is None or was.member.duty is not is_now.member.duty):
            facts = {"node": node, "duty": is_now.member.duty}
            log.info("node.duty", extra={**facts, "reason": is_now.member.duty_reason})
        if was is not None and is_now is not None and was.status is not is_now.status:
            facts = {"node": node, "status": is_now.status, "reason": is_now.reason}
            log.info("node.status", extra=facts)
