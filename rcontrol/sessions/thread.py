"""A node's driver on a thread of its own, away from whoever gives the orders."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from rcontrol.engines.base import Engine
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.events import AttemptReturned, Event
from rcontrol.farm.model import AttemptId, JobId
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions.driver import NodeDriver

log = logging.getLogger(__name__)


class DriverThread:
    """The methods of a NodeDriver, callable from any thread; they return at once.

    `report` is called on the driver's thread.
    """

    def __init__(
        self,
        node: NodeSettings,
        farm_id: str,
        sessions: SessionSettings,
        report: Callable[[Event], None],
        logs: LogWriter,
        engine: Callable[[str], Engine],
    ) -> None:
        self._node, self._report, self._logs = node, report, logs
        self._driver = NodeDriver(node, farm_id, sessions, report, logs, engine=engine)
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name=f"driver {node.name}", daemon=True)

    def start(self, epoch: int) -> None:
        """Connect, and stay connected. Where drivers want one session, the newest epoch gets it."""
        self._driver.epoch = epoch
        self._thread.start()

    def queue(self, order: RenderFrame) -> None:
        """Line a frame up; exactly one outcome is reported for it."""
        if not self._call(self._driver.queue, order):
            facts = (time.time(), self._node.name, order.attempt, order.spec.id, order.frame)
            self._report(AttemptReturned(*facts))

    def withdraw(self, attempt: AttemptId) -> None:
        """Give an attempt back unless it has begun."""
        self._call(self._driver.withdraw, attempt)

    def cancel(self, attempt: AttemptId) -> None:
        """End an attempt whatever its state."""
        self._call(self._driver.cancel, attempt)

    def close_sessions(self, job: JobId) -> None:
        """End idle renderers of a job."""
        self._call(self._driver.close_sessions, job)

    def stop(self, timeout: float) -> None:
        """End everything; blocks up to `timeout` seconds."""
        self._call(self._closing.set)
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._logs.close()

    def _call(self, method: Callable[..., None], *arguments: object) -> bool:
        """Have it called on the driver's thread; False: that has ended."""
        try:
            self._loop.call_soon_threadsafe(method, *arguments)
        except RuntimeError:
            return False
        return True

    def _main(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        running = asyncio.create_task(self._driver.run())
        await self._closing.wait()
        await self._driver.close()
        await asyncio.wait({running})
