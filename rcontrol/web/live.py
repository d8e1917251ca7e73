"""The farm's changes as server-sent events, made once for all pages.

A stream begins with a `snapshot` and goes on with `changes`, half a second apart at least. Each
has an id. Who comes back with `Last-Event-ID` gets what it missed, as long as that is kept, and
so does a page that reads slowly; after that it gets a new snapshot. No backlog grows.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from rcontrol.errors import FarmUnavailable
from rcontrol.farm.model import JobId
from rcontrol.farm.views import EMPTY_VIEW, FarmView, JobView
from rcontrol.gateway import Farm
from rcontrol.web import wire

EVERY_S: Final = 0.5
"""Between two changes, at least."""
BEAT_S: Final = 10.0
"""A stream without news shows this often that it lives."""
CHANGES_KEPT: Final = 40
"""Twenty seconds of a busy farm."""
BYTES_KEPT: Final = 1 << 20
PIECE: Final = 1 << 16
"""Bytes handed to a connection at once: it takes no more before its reader has read them."""


class Live:
    """One farm's changes for any number of pages. Follows the farm only while a page looks."""

    def __init__(self, farm: Farm, clock: Callable[[], float]) -> None:
        self._farm = farm
        self._clock = clock
        self._series = secrets.token_hex(4)
        """Tells this server's numbers from those of the one before it."""
        self._number = 0
        self._view: FarmView = EMPTY_VIEW
        self._facts_at: dict[JobId, int] = {}
        """Job -> number of the change in which more than its progress changed."""
        self._trouble = ""
        self._kept: deque[bytes] = deque()
        """The newest changes, up to `_number`."""
        self._snapshot: tuple[int, bytes] = (-1, b"")
        self._news = asyncio.Condition()
        self._readers = 0
        self._following: asyncio.Task[None] | None = None
        self._closed = False

    async def stream(self, last_id: str = "") -> AsyncIterator[bytes]:
        """Yield events in pieces until `close`; `last_id` is that of the last event received."""
        self._readers += 1
        if self._following is None:
            self._look()
            self._following = asyncio.create_task(self._follow())
        try:
            seen = self._number_of(last_id)
            while not self._closed:
                seen, events = await self._after(seen)
                for start in range(0, len(events), PIECE):
                    yield events[start : start + PIECE]
        finally:
            self._readers -= 1
            if not self._readers and self._following is not None:
                self._following.cancel()
                self._following = None

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        async with self._news:
            self._news.notify_all()

    # --- one page ---

    def _number_of(self, last_id: str) -> int:
        """Return the number of an event of this series; -1: it is of another one."""
        series, _, number = last_id.partition("-")
        if series != self._series or not number.isdecimal():
            return -1
        return min(int(number), self._number)

    async def _after(self, seen: int) -> tuple[int, bytes]:
        """Return the newest number and the events that lead there, or a beat after a while."""
        if seen == self._number:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S), self._news:
                    await self._news.wait_for(lambda: self._closed or seen != self._number)
        missed = self._number - seen
        if not missed:
            return seen, b"event: beat\ndata:\n\n"
        if seen < 0 or missed > len(self._kept):
            return self._number, self._whole()
        return self._number, b"".join(list(self._kept)[-missed:])

    def _whole(self) -> bytes:
        number, event = self._snapshot
        if number != self._number:
            content = {
                "at": self._clock(),
                "trouble": self._trouble,
                "autostart": self._view.autostart,
                "notice": wire.notice(self._view),
                "jobs": [self._row(view) for view in self._view.jobs.values()],
                "nodes": [wire.node_state(node) for node in self._view.nodes],
            }
            event = self._event("snapshot", content)
            self._snapshot = (self._number, event)
        return event

    # --- all pages ---

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._farm.changed(self._view)
            if self._look():
                async with self._news:
                    self._news.notify_all()
            await asyncio.sleep(EVERY_S)

    def _look(self) -> bool:
        """Take in what has changed. False: nothing."""
        view, trouble = self._view, ""
        try:
            view = self._farm.view()
        except FarmUnavailable as error:
            trouble = str(error)
        if view is self._view and trouble == self._trouble:
            return False
        self._number += 1
        before, self._view, self._trouble = self._view, view, trouble
        self._keep(self._event("changes", self._difference(before, view)))
        return True

    def _difference(self, before: FarmView, now: FarmView) -> Mapping[str, Any]:
        changed = [job for id_, job in now.jobs.items() if job is not before.jobs.get(id_)]
        for job in changed:
            old = before.jobs.get(job.job.id)
            if old is None or _facts(old) != _facts(job):
                self._facts_at[job.job.id] = self._number
        gone = [job for job in before.jobs if job not in now.jobs]
        for job_id in gone:
            self._facts_at.pop(job_id, None)
        known = {node.name: node for node in before.nodes}
        return {
            "at": self._clock(),
            "trouble": self._trouble,
            "autostart": now.autostart,
            "notice": wire.notice(now),
            "jobs": [self._row(job) for job in changed],
            "gone": gone,
            "nodes": [wire.node_state(node) for node in now.nodes if node != known.get(node.name)],
            "names": [node.name for node in now.nodes],
        }

    def _row(self, view: JobView) -> Mapping[str, Any]:
        revision = self._facts_at.get(view.job.id, 0)
        return {**wire.job_row(view, self._clock()), "revision": revision}

    def _event(self, kind: str, content: Mapping[str, Any]) -> bytes:
        data = json.dumps(content, allow_nan=False, separators=(",", ":"))
        return f"event: {kind}\nid: {self._series}-{self._number}\ndata: {data}\n\n".encode()

    def _keep(self, event: bytes) -> None:
        self._kept.append(event)
        while len(self._kept) > CHANGES_KEPT or sum(map(len, self._kept)) > BYTES_KEPT:
            self._kept.popleft()


def _facts(view: JobView) -> object:
    """Return what of a job changes when something happens to it, not with every frame."""
    job = view.job
    return job.status, job.reason, job.place, job.nodes, job.started_at, dict(view.left_out)
