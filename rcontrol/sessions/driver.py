"""Keeps one node connected and its slots busy."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from rcontrol.engines.base import Engine
from rcontrol.errors import NodeUnreachable, Refused, SessionError
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.events import (
    AttemptFailed,
    AttemptReport,
    AttemptReturned,
    AttemptStarted,
    Event,
    FrameRendered,
    NodeCameUp,
    NodeWentDown,
)
from rcontrol.farm.model import AttemptId, Blame, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions.line import choose
from rcontrol.sessions.reach import Reach
from rcontrol.sessions.records import Found
from rcontrol.sessions.session import RenderSession
from rcontrol.sessions.slot import Slot
from rcontrol.sessions.sweep import end_sessions, find_sessions
from rcontrol.sessions.wire import folder_name
from rcontrol.ssh import Connection

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 8.0
"""Between two tries to connect; doubles from the first to the longest. With the time that a try may
take, a node that is back renders within 15 s."""
SHORTEST_KEEPALIVE_S: Final = 5.0
LONGEST_KEEPALIVE_S: Final = 15.0


class NodeDriver:
    """Renders what is queued on one node, over one connection that it keeps up.

    Exactly one FrameRendered, AttemptFailed or AttemptReturned is reported for every attempt
    queued or found, whatever breaks. When it connects for the first time it looks for sessions
    that another driver of this farm has left at a frame, and reports AttemptStarted for each
    before NodeCameUp. A frame outlives the connection as long as its session's lease. All methods
    belong to the loop that runs `run`.
    """

    def __init__(
        self,
        node: NodeSettings,
        farm_id: str,
        sessions: SessionSettings,
        report: Callable[[Event], None],
        logs: LogWriter,
        *,
        engine: Callable[[str], Engine],
        epoch: int = 0,
        connect: Callable[[NodeSettings, float], Awaitable[Connection]] = Connection.open,
    ) -> None:
        """`logs` keeps what renderers say; `engine` finds one by its name. Where drivers want the
        same session, the one of the newest `epoch` gets it."""
        self._node, self._farm, self._settings = node, farm_id, sessions
        self._report, self._connect, self._engine = report, connect, engine
        self._logs = logs
        self._line: deque[RenderFrame] = deque()
        self._open: dict[AttemptId, RenderFrame] = {}
        """Without an outcome so far."""
        self.epoch = epoch
        self._place = (folder_name(farm_id), folder_name(node.name))
        self._reach = Reach(node.name)
        self._slots = [
            Slot(environment, self._make_session, sessions.idle_s, self._take, self._hand_out)
            for environment in node.slots
        ]
        self._serving: set[asyncio.Task[None]] = set()
        self._looked = False
        """Whether sessions of other drivers have been looked for."""
        self._down_because: str | None = "connecting"
        """None: connected."""
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    async def run(self) -> None:
        """Connect, take over what is found, serve, and connect again; until `close`."""
        self._running = asyncio.current_task()
        self._serving = {asyncio.create_task(slot.run()) for slot in self._slots}
        pause_s = FIRST_PAUSE_S
        try:
            while not self._closed:
                try:
                    if await self._serve():
                        pause_s = FIRST_PAUSE_S
                except Exception as error:
                    log.exception("driver.failed", extra={"node": self._node.name})
                    self._go_down(f"rcontrol failed: {error!r}")
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await self._stop()

    def queue(self, order: RenderFrame) -> None:
        """Line an order up; while there is no connection it fails at once, by the node's fault."""
        if order.attempt in self._open:
            return
        self._open[order.attempt] = order
        if self._closed:
            self._conclude(AttemptReturned(*self._facts(order)))
            return
        if self._down_because is not None:
            error = f"not connected: {self._down_because}"
            self._conclude(AttemptFailed(*self._facts(order), 0.0, error, Blame.NODE))
            return
        self._line.append(order)
        self._hand_out()

    def withdraw(self, attempt: AttemptId) -> None:
        """Give an attempt back that is still in line."""
        for order in self._line:
            if order.attempt == attempt:
                self._line.remove(order)
                self._conclude(AttemptReturned(*self._facts(order)))
                return

    def cancel(self, attempt: AttemptId) -> None:
        """Give an attempt back whatever its state; its renderer is ended first."""
        self.withdraw(attempt)
        for slot in self._slots:
            slot.cancel(attempt)

    def close_sessions(self, job: JobId) -> None:
        """End the resident renderers of a job, each when it has no frame."""
        for slot in self._slots:
            slot.close_session(job)

    def attempts(self) -> tuple[AttemptReport, ...]:
        """Return AttemptStarted for every attempt begun, AttemptReturned for every one in line."""
        waiting = {order.attempt for order in self._line}
        return tuple(
            (AttemptReturned if attempt in waiting else AttemptStarted)(*self._facts(order))
            for attempt, order in self._open.items()
        )

    async def close(self) -> None:
        """End all sessions, give all attempts back, and close the connection."""
        self._closed = True
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait({self._running})
        self._go_down("closed")
        # Slots that could not be waited for report to nobody.
        for order in list(self._open.values()):
            self._conclude(AttemptReturned(*self._facts(order)))

    async def _serve(self) -> bool:
        """Connect and serve until the connection is lost; False: there was none."""
        try:
            connection = await self._connect(self._node, keepalive_s(self._settings))
        except NodeUnreachable as error:
            self._go_down(error.cause)
            return False
        try:
            return await self._serve_over(connection)
        except asyncio.CancelledError:
            # Sessions are ended while they can be reached.
            await self._stop()
            raise
        finally:
            connection.close()
            self._reach.close("closed")

    async def _serve_over(self, connection: Connection) -> bool:
        try:
            await self._sweep(connection)
        except (NodeUnreachable, SessionError) as error:
            self._go_down(error.cause)
            return False
        self._reach.open(connection)
        self._down_because = None
        self._report(NodeCameUp(time.time(), self._node.name))
        self._hand_out()
        cause = await connection.wait_closed()
        self._reach.close(cause)
        self._go_down(cause)
        return True

    async def _sweep(self, connection: Connection) -> None:
        """Take over what others have left at a frame, and end all else but what renders here."""
        if not self._looked:
            found = await find_sessions(connection, self._place, self.epoch)
            for session in found:
                self._adopt(session)
            self._looked = True
        kept = [slot.session for slot in self._slots if slot.session is not None]
        await end_sessions(connection, self._place, self._settings, self.epoch, "except", *kept)

    def _adopt(self, found: Found) -> None:
        """Go on with a session in a slot of the environment that it was started in."""
        node = self._node.name
        fitting = (slot for slot in self._slots if slot.environment == found.environment)
        slot = next((slot for slot in fitting if slot.idle), None)
        if slot is None:
            cause = "there is no free slot of its environment"
            log.warning("session.unusable", extra={"node": node, "cause": cause})
            return
        try:
            session = self._make_session(found.environment, found.spec, found)
        except Refused as refusal:
            log.warning("session.unusable", extra={"node": node, "cause": str(refusal)})
            return
        orders = [
            RenderFrame(node, given.attempt, given.frame, found.spec) for given in found.orders
        ]
        slot.give(*orders, found=session)
        for order in orders:
            log.info("session.adopted", extra={"node": node, "attempt": order.attempt})
            self._open[order.attempt] = order
            self._report(AttemptStarted(*self._facts(order)))

    def _make_session(
        self, environment: Mapping[str, str], spec: JobSpec, found: Found | None = None
    ) -> RenderSession:
        return RenderSession(
            self._reach,
            self._farm,
            self._node,
            environment,
            spec,
            self._engine(spec.engine),
            self._settings,
            self.epoch,
            self._logs,
            found,
        )

    async def _stop(self) -> None:
        """End all sessions that can be reached."""
        self._go_down("closed")
        for slot in self._slots:
            slot.stop()
        if self._serving:
            await asyncio.wait(self._serving)

    def _go_down(self, cause: str) -> None:
        """Report it unless that is known, and give back what is in line."""
        if self._down_because != cause:
            self._down_because = cause
            self._report(NodeWentDown(time.time(), self._node.name, cause))
        while self._line:
            self._conclude(AttemptReturned(*self._facts(self._line.popleft())))

    def _hand_out(self) -> None:
        while self._down_because is None and (pair := choose(self._line, self._slots)):
            order, slot = pair
            self._line.remove(order)
            slot.give(order)
            self._report(AttemptStarted(*self._facts(order)))

    def _take(self, report: AttemptReport) -> None:
        if isinstance(report, FrameRendered | AttemptFailed | AttemptReturned):
            self._conclude(report)
        else:
            self._report(report)

    def _conclude(self, outcome: FrameRendered | AttemptFailed | AttemptReturned) -> None:
        if self._open.pop(outcome.attempt, None) is not None:
            self._report(outcome)

    def _facts(self, order: RenderFrame) -> tuple[float, str, AttemptId, JobId, int]:
        return time.time(), self._node.name, order.attempt, order.spec.id, order.frame


def keepalive_s(settings: SessionSettings) -> float:
    """Return how often a sign of life is asked for.

    A connection that swallows everything is to be known before the renderers behind it pass for
    silent, and before their lease is over: TCP itself goes on trying for a quarter of an hour.
    """
    shortest = min(settings.lease_s, settings.silence_s) / 4
    return min(max(shortest, SHORTEST_KEEPALIVE_S), LONGEST_KEEPALIVE_S)
