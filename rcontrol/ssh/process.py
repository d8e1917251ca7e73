"""A command on a node whose streams stay open.

Event driven: paramiko's thread wakes the loop when something arrived, and nothing is read before.
`Channel.fileno` would do that with a pipe, but loses a wake-up when one stream is emptied at the
moment at which the other one is filled; `BufferedPipe.set_event`, on which it is built, does not.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from paramiko import SSHException
from paramiko.channel import Channel

from rcontrol.errors import NodeUnreachable
from rcontrol.ssh.link import Link

_MOST_AT_ONCE: Final = 1 << 20
_UNKNOWN: Final = -1
"""paramiko's exit status until one arrives; it ignores the signals by which a command may end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What arrived since the last time; at least one of both is not empty."""

    stdout: bytes
    stderr: bytes


class _LoopEvent(threading.Event):
    """Set on any thread, it calls back on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        super().__init__()
        self._loop, self._callback = loop, callback
        self._under_way = False

    def set(self) -> None:
        super().set()
        if not self._under_way:
            self._under_way = True
            with suppress(RuntimeError):  # the loop is closed: nobody is left to be woken
                self._loop.call_soon_threadsafe(self._arrive)

    def _arrive(self) -> None:
        self._under_way = False
        self._callback()


class _LoopCondition(threading.Condition):
    """Its notification calls back on the event loop; nobody waits on it."""

    def __init__(self, lock: threading.Lock, event: threading.Event) -> None:
        super().__init__(lock)
        self._event = event

    def notify_all(self) -> None:
        super().notify_all()
        self._event.set()


class Process:
    """A running command; see `Connection.start`. Keep it: dropping the object closes it."""

    def __init__(self, link: Link, channel: Channel) -> None:
        self._link, self._channel = link, channel
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._writing = asyncio.Lock()
        self._closed = False
        loop = asyncio.get_running_loop()
        channel.settimeout(0.0)
        arrival = _LoopEvent(loop, self._readable.set)
        channel.in_buffer.set_event(arrival)
        channel.in_stderr_buffer.set_event(arrival)
        channel.status_event = _LoopEvent(loop, self._readable.set)
        channel.out_buffer_cv = _LoopCondition(channel.lock, _LoopEvent(loop, self._writable.set))

    @property
    def exit_status(self) -> int | None:
        """None while it runs, -1 when a signal ended it. Final once `read` returned None."""
        status = self._channel.exit_status
        if status != _UNKNOWN:
            return status
        return _UNKNOWN if self._channel.closed else None

    async def read(self) -> Chunk | None:
        """Wait for output; None: both streams are at their end and the process is, too.

        Raises NodeUnreachable when the connection drops before that.
        """
        channel = self._channel
        while True:
            self._readable.clear()
            try:
                stdout = channel.recv(_MOST_AT_ONCE) if channel.recv_ready() else b""
                stderr = channel.recv_stderr(_MOST_AT_ONCE) if channel.recv_stderr_ready() else b""
            except (SSHException, OSError, EOFError) as error:  # making room for more failed
                raise await self._failure() from error
            if stdout or stderr:
                return Chunk(stdout, stderr)
            if self._closed:
                return None
            if self._has_ended:
                if channel.exit_status == _UNKNOWN and not await self._link.ping():
                    raise await self._link.lost()
                if not (channel.recv_ready() or channel.recv_stderr_ready()):
                    return None
                continue
            await self._readable.wait()

    async def write(self, data: bytes) -> None:
        """Hand bytes to its stdin; waits while the node takes no more.

        Raises BrokenPipeError when the process has ended, NodeUnreachable when the connection has.
        """
        async with self._writing:
            rest = memoryview(data)
            while rest:
                self._writable.clear()
                if self._has_ended:
                    raise await self._failure()
                try:
                    sent = self._channel.send(bytes(rest[:_MOST_AT_ONCE]))
                except TimeoutError:
                    await self._writable.wait()
                    continue
                except (SSHException, OSError, EOFError) as error:
                    raise await self._failure() from error
                if not sent:
                    raise await self._failure()
                rest = rest[sent:]
                await asyncio.sleep(0)  # a long text leaves room for others

    def end_input(self) -> None:
        """Close its stdin, after what has been written."""
        with suppress(SSHException, OSError, EOFError):  # a dead connection is told by `read`
            self._channel.shutdown_write()

    def close(self) -> None:
        """Give it up: its streams are closed; what that does to it is its own affair."""
        self._closed = True
        with suppress(SSHException, OSError, EOFError):
            self._channel.close()

    @property
    def _has_ended(self) -> bool:
        # its channel is open for a moment longer, and takes what nobody will read
        channel = self._channel
        told = bool(channel.eof_received) and channel.exit_status != _UNKNOWN
        return channel.closed or told

    async def _failure(self) -> NodeUnreachable | BrokenPipeError:
        if not self._closed and not await self._link.ping():
            return await self._link.lost()
        return BrokenPipeError("the process has ended or its stdin is closed")
