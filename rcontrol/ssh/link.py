"""The life of one connection, seen from the event loop: it is up, until it is down for a cause."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from paramiko import SSHException

from rcontrol.errors import NodeUnreachable
from rcontrol.ssh.dial import Line

log = logging.getLogger(__name__)

T = TypeVar("T")


async def in_thread(call: Callable[[], T], undo: Callable[[T], object]) -> T:
    """Run a blocking call beside the loop; if its caller stops waiting, `undo` what comes of it."""
    running = asyncio.ensure_future(asyncio.to_thread(call))

    def ended(done: asyncio.Future[T]) -> None:
        if not done.cancelled() and done.exception() is None:
            undo(done.result())

    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        running.add_done_callback(ended)
        raise


class Link:
    """Knows whether a connection lives; what runs over it asks here why it died."""

    def __init__(self, node: str, line: Line, keepalive_s: float) -> None:
        self.node = node
        self.transport = line.transport
        self._line = line
        self._keepalive_s = keepalive_s
        self._loop = asyncio.get_running_loop()
        self._died: asyncio.Future[str] = self._loop.create_future()
        # of its own, so that a ping never waits behind other calls that block
        self._pings = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ssh-ping")
        self.transport.on_end = self._tell_end
        self._keepalive = asyncio.create_task(self._keep_alive())
        if not self.transport.is_active():
            self._tell_end()

    async def died(self) -> str:
        """Wait for the end; returns its cause."""
        return await asyncio.shield(self._died)

    async def lost(self) -> NodeUnreachable:
        """The error to raise after something failed as it does on a dead connection."""
        return NodeUnreachable(self.node, await self.died())

    async def ping(self) -> bool:
        """Ask the other side for a sign of life; False: the connection is dead."""
        if self._died.done():
            return False
        call = self._loop.run_in_executor(
            self._pings, self.transport.global_request, "keepalive@openssh.com", None, True
        )
        try:
            async with asyncio.timeout(self._keepalive_s):
                await call
        except TimeoutError:
            self.end(
                f"no sign of life within {self._keepalive_s:g} s; the network or the node is down"
            )
        except EOFError:  # noticed here before the transport tells it
            self._ended()
        except (SSHException, OSError) as error:
            self.end(f"the connection broke ({str(error) or type(error).__name__})")
        return self.transport.is_active()

    def end(self, cause: str) -> None:
        """Close the connection; only the first cause counts."""
        if self._died.done():
            return
        self._died.set_result(cause)
        log.info("ssh.ended", extra={"node": self.node, "cause": cause})
        self._keepalive.cancel()
        # cancelling those that queue would look to their callers as if they were cancelled
        self._pings.shutdown(wait=False)
        self._line.hang_up()

    async def _keep_alive(self) -> None:
        # ends by being cancelled in `end`, from wherever that is called
        while True:
            await asyncio.sleep(self._keepalive_s)
            await self.ping()

    def _tell_end(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody to tell
            self._loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        error = self.transport.saved_exception
        said = str(error) if error is not None else ""
        self.end(
            "the other side closed the connection"
            + (f" ({said})" if said else "")
            + "; see the log of its sshd"
        )
