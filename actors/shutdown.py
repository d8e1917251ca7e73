"""How the server ends when it is told to: first the frames under way, then everything."""

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from rcontrol.errors import RcontrolError
from rcontrol.farm.views import FarmView
from rcontrol.farm.words import counted, length

log = logging.getLogger(__name__)

RETRY_S: Final = 0.2
"""Pause while the JobManager is being started again."""


class Drainable(Protocol):
    """The farm, as far as its end goes: `ray_farm.RayFarm`."""

    def view(self) -> FarmView:
        """See `gateway.Farm`."""
        ...

    async def drain(self, within_s: float) -> int:
        """See `JobManager.drain`."""
        ...


class Shutdown:
    """What SIGTERM and SIGINT do.

    The first lets frames under way be finished while requests are still answered; the second does
    not wait for them any more; the third does not even wait for open requests.
    """

    def __init__(self, farm: Drainable, drain_s: float, end: Callable[[], None]) -> None:
        """`drain_s` 0.0: frames are not waited for. `end`, called again, ends at once."""
        self._farm, self._drain_s, self._end = farm, drain_s, end
        self._draining: asyncio.Task[None] | None = None

    def signalled(self) -> None:
        """Take in a signal; on the server's event loop."""
        if self._draining is None and self._drain_s > 0:
            self._draining = asyncio.create_task(self._drain())
        elif self._draining is not None and not self._draining.done():
            _say("ending now; frames under way go back")
            self._draining.cancel()
        else:
            self._end()

    async def _drain(self) -> None:
        frames = self._under_way()
        log.info("farm.draining", extra={"frames": frames, "at_most_s": self._drain_s})
        _say(
            f"draining: {counted(frames, 'frame')} under way, at most {length(self._drain_s)}; "
            "signal again to end now"
        )
        try:
            left = await self._wait()
            log.info("farm.drained", extra={"frames_left": left})
            if left:
                _say(f"ending; {counted(left, 'frame')} took too long and will be rendered again")
        finally:
            self._end()

    async def _wait(self) -> int:
        """Return how many frames are left when there are none, or when time is up."""
        deadline = time.monotonic() + self._drain_s
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_s + RETRY_S):
                while (within_s := deadline - time.monotonic()) > 0:
                    try:
                        return await self._farm.drain(within_s)
                    except RcontrolError:
                        # A JobManager that Ray starts again gives out frames until it is told.
                        await asyncio.sleep(RETRY_S)
        return self._under_way()

    def _under_way(self) -> int:
        try:
            return sum(len(node.running) for node in self._farm.view().nodes)
        except RcontrolError:
            return 0


def _say(words: str) -> None:
    print(f"rcontrol: {words}", file=sys.stderr, flush=True)
