"""One SSH connection to a node."""

import asyncio
import logging
from dataclasses import dataclass

from paramiko import ChannelException, SSHException
from paramiko.channel import Channel

from rcontrol.errors import NodeUnreachable
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh.dial import CannotConnect, Line, dial
from rcontrol.ssh.hosts import BadSshConfig, resolve
from rcontrol.ssh.link import Link, in_thread
from rcontrol.ssh.process import Process
from rcontrol.ssh.script import COMMAND, payload

log = logging.getLogger(__name__)

_START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that has ended."""

    status: int
    """Its exit status; -1: it was ended by a signal."""
    stdout: str
    """Bytes that are not UTF-8 are surrogates; as an argument they become the same bytes again."""
    stderr: str
    """For people: bytes that are not UTF-8 are replaced."""


class Connection:
    """One authenticated SSH connection to a node.

    Belongs to the event loop in which it was opened. Nothing in it blocks that loop: what blocks
    in paramiko runs on threads, and what arrives wakes the loop.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    @classmethod
    async def open(
        cls, node: NodeSettings, keepalive_s: float = 15.0, *, timeout_s: float = 10.0
    ) -> "Connection":
        """Connect and log in.

        Name resolution, connecting, greeting and login may take `timeout_s` each. A connection
        that goes silent is noticed within two `keepalive_s`.
        Raises NodeUnreachable, whose cause says what to do.
        """

        def connect() -> Line:
            return dial(resolve(node), timeout_s, 2 * keepalive_s)

        try:
            line = await in_thread(connect, undo=Line.hang_up)
        except (CannotConnect, BadSshConfig) as error:
            log.info("ssh.refused", extra={"node": node.name, "cause": str(error)})
            raise NodeUnreachable(node.name, str(error)) from error
        log.info("ssh.connected", extra={"node": node.name})
        return cls(Link(node.name, line, keepalive_s))

    async def start(self, script: str, *arguments: str) -> Process:
        """Start a POSIX sh script with `$1`, `$2`, ...; its stdin is what `write` sends.

        Raises NodeUnreachable, and ValueError for a NUL in what is sent.
        """
        text = payload(script, arguments)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                process = await self._begin()
                try:
                    await process.write(text)
                except BaseException:
                    process.close()
                    raise
                return process
        except TimeoutError as error:
            cause = f"a command could not be started within {_START_TIMEOUT_S:g} s"
            raise NodeUnreachable(self._link.node, cause) from error

    async def run(self, script: str, *arguments: str, timeout_s: float = 30.0) -> Completed:
        """Run a POSIX sh script with `$1`, `$2`, ... and an empty stdin to its end.

        Raises NodeUnreachable when the connection drops or the time is over, and ValueError for a
        NUL in what is sent.
        """
        stdout, stderr = bytearray(), bytearray()
        try:
            async with asyncio.timeout(timeout_s):
                process = await self.start(script, *arguments)
                try:
                    process.end_input()
                    while chunk := await process.read():
                        stdout += chunk.stdout
                        stderr += chunk.stderr
                finally:
                    process.close()
        except TimeoutError as error:
            cause = f"a command did not end within {timeout_s:g} s; the node may be overloaded"
            raise NodeUnreachable(self._link.node, cause) from error
        status = process.exit_status
        return Completed(
            -1 if status is None else status,
            stdout.decode("utf-8", "surrogateescape"),
            stderr.decode("utf-8", "replace"),
        )

    async def wait_closed(self) -> str:
        """Wait until the connection is dead; returns the cause."""
        return await self._link.died()

    def close(self) -> None:
        """Close the connection; everything that waits for it is woken."""
        self._link.end("it was closed here")

    async def _begin(self) -> Process:
        """A channel on which the login shell waits for its script."""
        transport = self._link.transport
        try:
            channel = await in_thread(
                lambda: transport.open_session(timeout=_START_TIMEOUT_S), undo=Channel.close
            )
        except ChannelException as error:
            cause = (
                f"its sshd refused one more session ({error.text}); raise MaxSessions in its"
                " sshd_config"
            )
            raise NodeUnreachable(self._link.node, cause) from error
        except (SSHException, OSError, EOFError) as error:
            raise await self._not_started(error) from error
        process = Process(self._link, channel)
        try:
            await in_thread(lambda: channel.exec_command(COMMAND), undo=lambda _: None)
        except (SSHException, OSError, EOFError) as error:
            process.close()
            raise await self._not_started(error) from error
        except BaseException:
            process.close()  # also ends the thread that waits for the answer
            raise
        return process

    async def _not_started(self, error: Exception) -> NodeUnreachable:
        if not await self._link.ping():
            return await self._link.lost()
        return NodeUnreachable(self._link.node, f"its sshd did not run a command ({error})")
