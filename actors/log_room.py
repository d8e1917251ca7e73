"""The attempts at a frame with their logs, and the room that all logs may take."""

import asyncio
import logging
import time
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from rcontrol.farm.model import Attempt, AttemptId, EndedAttempt
from rcontrol.farm.views import AttemptView
from rcontrol.framelogs import jobs_with_logs, sweep
from rcontrol.framelogs.layout import made_as

log = logging.getLogger(__name__)

SWEEP_EVERY_S: Final = 30.0
SHARE: Final = 0.02
"""Of its time that sweeping may take, however many logs there are."""
MOST_ATTEMPTS: Final = 1000
"""At one frame that are shown; the last ones."""
MEGABYTE: Final = 1_000_000


class LogRoom:
    """Removes the oldest logs, and those of deleted jobs, while it is kept."""

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self._folder, self._limit = folder, limit_mb * MEGABYTE
        self._soon = asyncio.Event()

    def sweep_soon(self) -> None:
        """A job was deleted."""
        self._soon.set()

    async def keep(self, jobs: Callable[[], Container[str]]) -> None:
        """Sweep now and then, for ever; `jobs` returns those that there are."""
        while True:
            self._soon.clear()
            began = time.monotonic()
            try:
                await self._sweep(jobs)
            except OSError as error:
                log.warning("attempt.logs_not_swept", extra={"cause": str(error)})
            pause_s = max(SWEEP_EVERY_S, (time.monotonic() - began) / SHARE)
            # Not wait_for: of Python 3.11 it loses a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._soon.wait()

    async def _sweep(self, jobs: Callable[[], Container[str]]) -> None:
        # In this order: a job that is submitted meanwhile has no logs yet.
        found = await asyncio.to_thread(jobs_with_logs, self._folder)
        there = jobs()
        gone = [job for job in found if job not in there]
        removed = await asyncio.to_thread(sweep, self._folder, gone, self._limit)
        if removed:
            log.info("attempt.logs_removed", extra={"count": removed})


def attempts_at(
    running: Iterable[Attempt], ended: Sequence[EndedAttempt], logs: Iterable[str]
) -> tuple[AttemptView, ...]:
    """Return all that is known of the attempts at one frame, as they were made."""
    kept = set(logs)
    unknown = "how it ended is not known"
    views = {log: AttemptView(AttemptId(log), 0, "", 0, 0, 0, unknown, None, True) for log in kept}
    for attempt in running:
        views[attempt.id] = _view(attempt, attempt.id in kept)
    for each in ended:
        views[each.attempt.id] = replace(
            _view(each.attempt, each.attempt.id in kept),
            ended_at=each.ended_at,
            seconds=each.seconds,
            error=each.error,
            blame=each.blame,
        )
    ordered = sorted(views.values(), key=lambda view: made_as(view.id))
    return tuple(replace(view, number=number) for number, view in enumerate(ordered, 1))


def _view(attempt: Attempt, has_log: bool) -> AttemptView:
    """Return an attempt that runs."""
    return AttemptView(attempt.id, 0, attempt.node, attempt.started_at, 0, 0, "", None, has_log)
