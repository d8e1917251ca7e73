"""One slot of a node: renders one frame at a time, with at most one session.

While a frame is being rendered, the files of the one before it are looked at and published: the
renderer does not wait for that.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rcontrol.errors import NodeUnreachable, Refused, SessionError
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.events import (
    AttemptFailed,
    AttemptProgressed,
    AttemptReport,
    AttemptReturned,
    FrameRendered,
)
from rcontrol.farm.model import AttemptId, Blame, JobId, JobSpec
from rcontrol.sessions.outcomes import Complete, Failed, Made, Outcome, Stale
from rcontrol.sessions.session import RenderSession

log = logging.getLogger(__name__)

PATIENCE_S: Final = 2.0
"""How long a frame may still be published when its session is to end now."""
PROGRESS_EVERY_S: Final = 0.5
"""Progress of an attempt is reported at most twice a second."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The attempt is to end now, without a verdict."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The slot is to end, and its session with it."""


Interruption = Cancelled | Closing


class Slot:
    """Takes orders by `give` while `idle` and reports exactly one outcome for each.

    An outcome is reported when nothing of a failed or cancelled attempt runs any more; without a
    connection its lease sees to that, or the next sweep. A frame that the renderer is through with
    when an interruption comes is published all the same.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        make_session: Callable[[Mapping[str, str], JobSpec], RenderSession],
        idle_s: float,
        report: Callable[[AttemptReport], None],
        freed: Callable[[], None],
    ) -> None:
        """`environment` is set for all renderers of this slot."""
        self.environment = environment
        self._make_session, self._idle_s = make_session, idle_s
        self._report, self._freed = report, freed
        self._session: RenderSession | None = None
        self._orders: deque[RenderFrame] = deque()
        """The first one is being rendered; more than one only in a session that was taken over."""
        self._cancelled: set[AttemptId] = set()
        self._publishing: asyncio.Task[None] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._interruption: asyncio.Future[Interruption] | None = None
        self._stopping: Closing | None = None
        self._close_after: JobId | None = None

    @property
    def idle(self) -> bool:
        """Whether it can be given an order."""
        return not self._orders and self._waiting is not None and not self._waiting.done()

    @property
    def job(self) -> JobId | None:
        """The job of its session."""
        return None if self._session is None else self._session.spec.id

    @property
    def session(self) -> str | None:
        """Name of the session that has a frame on its hands; None: there is none."""
        busy = self._orders or (self._publishing is not None and not self._publishing.done())
        return self._session.name if busy and self._session is not None else None

    def give(self, *orders: RenderFrame, found: RenderSession | None = None) -> None:
        """Begin with a frame; only while `idle`.

        `found`: a session that was given these orders before; its renderer is at the last of them.
        """
        assert self.idle, "a slot renders one frame at a time"
        self._orders.extend(orders)
        self._session = found or self._session
        self._interruption = asyncio.get_running_loop().create_future()
        self._close_after = None
        self._wake()

    def cancel(self, attempt: AttemptId) -> None:
        """End an attempt that is being rendered here."""
        if any(order.attempt == attempt for order in self._orders):
            self._cancelled.add(attempt)
            self._interrupt_cancelled()

    def close_session(self, job: JobId) -> None:
        """End a session of this job: now when idle, else after the frame."""
        if self.job != job:
            return
        self._close_after = job
        self._wake()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopping = Closing()
        self._interrupt(self._stopping)
        self._wake()

    async def run(self) -> None:
        """Serve orders until stopped."""
        while self._stopping is None:
            await self._wait()
            if self._orders:
                await self._serve(self._orders[0])
            elif self._stopping is None:
                await self._end_session()
        await self._end_session(PATIENCE_S)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _interrupt_cancelled(self) -> None:
        # The renderer is through with all but the last one.
        if len(self._orders) == 1 and self._orders[0].attempt in self._cancelled:
            self._interrupt(Cancelled())

    def _interrupt(self, why: Interruption) -> None:
        if self._interruption is not None and not self._interruption.done():
            self._interruption.set_result(why)

    async def _wait(self) -> None:
        """Wait for an order; without one, a session that was asked for or unused is to end."""
        if self._orders or (self._close_after is not None and self._close_after == self.job):
            return
        self._waiting = asyncio.get_running_loop().create_future()
        self._freed()
        await asyncio.wait({self._waiting}, timeout=self._idle_s if self._session else None)
        self._waiting = None

    async def _serve(self, order: RenderFrame) -> None:
        assert self._interruption is not None
        begun = time.monotonic()
        work = asyncio.create_task(self._render(order))
        either: set[asyncio.Future[Any]] = {work, self._interruption}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
        outcome: Complete | Made | Failed | None
        if work.cancelled():
            await self._end_session(PATIENCE_S)
            outcome = None
        elif error := work.exception():
            outcome = _defect(order, error)
        else:
            outcome = work.result()
        if isinstance(outcome, Failed):
            await self._end_session()
        # One at a time: storage that is slower than the renderer holds it back.
        await self._published()
        if isinstance(outcome, Made):
            assert self._session is not None
            publishing = self._publish(order, self._session, outcome, begun)
            self._publishing = asyncio.create_task(publishing)
        else:
            self._conclude(order, outcome, time.monotonic() - begun)
        self._orders.popleft()
        self._cancelled.discard(order.attempt)
        self._interruption = asyncio.get_running_loop().create_future() if self._orders else None
        self._interrupt_cancelled()
        if self._session is not None and self._session.spent and not self._orders:
            await self._end_session()

    async def _publish(
        self, order: RenderFrame, session: RenderSession, made: Made, begun: float
    ) -> None:
        outcome: Complete | Failed | None = None
        try:
            outcome = await session.publish(made)
        except asyncio.CancelledError:
            log.info("slot.not_published", extra={"attempt": order.attempt})
        except Exception as error:
            outcome = _defect(order, error)
        if not isinstance(outcome, Complete):
            # What renders now may go on; nothing new is given to this renderer.
            self.close_session(order.spec.id)
        self._conclude(order, outcome, time.monotonic() - begun)

    async def _published(self, patience_s: float | None = None) -> None:
        """Wait until nothing is being published; after `patience_s` the attempt is given back."""
        if self._publishing is None:
            return
        await asyncio.wait({self._publishing}, timeout=patience_s)
        if not self._publishing.done():
            self._publishing.cancel()
            await asyncio.wait({self._publishing})
        self._publishing = None

    async def _render(self, order: RenderFrame) -> Complete | Made | Failed:
        progress = self._progress_of(order)
        for _ in range(2):
            try:
                session = await self._session_for(order)
            except SessionError as error:
                return Failed(error.cause, Blame.NODE)
            except NodeUnreachable as error:
                return Failed(f"connection lost: {error.cause}", Blame.NODE)
            except Refused as error:
                return Failed(str(error), Blame.JOB, final=True)
            outcome: Outcome = await session.render(order, progress)
            if not isinstance(outcome, Stale):
                return outcome
        return Failed("the project file changed again and again while it was loaded", Blame.JOB)

    async def _session_for(self, order: RenderFrame) -> RenderSession:
        if self._session is not None and (self.job != order.spec.id or self._session.spent):
            await self._end_session()
        if self._session is None:
            # Known before its start, so that a cancelled start is ended, too.
            self._session = self._make_session(self.environment, order.spec)
            await self._session.start(order)
        return self._session

    def _progress_of(self, order: RenderFrame) -> Callable[[float], None]:
        told: float | None = None
        told_at = float("-inf")

        def progress(percent: float) -> None:
            nonlocal told, told_at
            now = time.monotonic()
            if percent != told and now - told_at >= PROGRESS_EVERY_S:
                told, told_at = percent, now
                self._report(
                    AttemptProgressed(
                        time.time(), order.node, order.attempt, order.spec.id, order.frame, percent
                    )
                )

        return progress

    def _conclude(
        self, order: RenderFrame, outcome: Complete | Failed | None, seconds: float
    ) -> None:
        facts = (time.time(), order.node, order.attempt, order.spec.id, order.frame)
        match outcome:
            case Complete():
                self._report(FrameRendered(*facts, outcome.seconds, outcome.files))
            case Failed(error, blame, final):
                self._report(AttemptFailed(*facts, seconds, error, blame, final))
            case None:
                self._report(AttemptReturned(*facts))

    async def _end_session(self, patience_s: float | None = None) -> None:
        """End the session; what cannot be ended now is ended by its lease or the next sweep.

        `patience_s`: how long a frame may still be published.
        """
        await self._published(patience_s)
        session = self._session
        if session is None:
            return
        try:
            await session.end()
        except (SessionError, NodeUnreachable) as error:
            log.warning("session.not_ended", extra={"session": session.name, "cause": error.cause})
        # Kept until here: a cancelled end is tried again.
        self._session = None
        self._close_after = None


def _defect(order: RenderFrame, error: BaseException) -> Failed:
    log.error("slot.failed", exc_info=error, extra={"attempt": order.attempt})
    return Failed(f"rcontrol failed: {error!r}", Blame.FARM)
