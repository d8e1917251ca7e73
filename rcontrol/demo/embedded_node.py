"""Render nodes without machines: SSH servers on 127.0.0.1 that run commands as this user.

They are real SSH servers and reached as every node is, so a farm of them shows what a farm does,
without an account, a key or a service having to be set up.
"""

import asyncio
import getpass
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import asyncssh

log = logging.getLogger(__name__)

_SHELL: Final = "/bin/sh"
_PIECE: Final = 1 << 16
_SESSIONS_UNTIL_SWEPT: Final = 100
_KILL_TIMEOUT_S: Final = 5.0


class EmbeddedNodes:
    """SSH servers, one for each name, each on a port of its own.

    Keys and known_hosts are made in `folder`; nothing outside of it is read or written. Leaving
    the context ends the servers and every process that was started through them.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, tuple(names)
        self._key = folder / "client_key"
        self._known_hosts = folder / "known_hosts"
        self._servers: dict[str, asyncssh.SSHAcceptor] = {}
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._commands: set[asyncio.Task[None]] = set()
        self._sessions: set[int] = set()
        """Ids of the process sessions (getsid(2)) of all commands of which something may live."""

    async def __aenter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        client_key = asyncssh.generate_private_key("ssh-ed25519")
        self._key.unlink(missing_ok=True)
        self._key.touch(mode=0o600)
        client_key.write_private_key(str(self._key))
        authorized = asyncssh.import_authorized_keys(client_key.export_public_key().decode())
        try:
            for name in self._names:
                self._servers[name] = await asyncssh.listen(
                    "127.0.0.1",
                    0,
                    server_host_keys=[host_key],
                    authorized_client_keys=authorized,
                    acceptor=self._connections.add,
                    process_factory=self._serve,
                    encoding=None,
                    line_editor=False,
                    allow_scp=False,
                )
        except BaseException:
            await self._close()
            raise
        public = " ".join(host_key.export_public_key().decode().split()[:2])
        self._known_hosts.write_text(
            "".join(f"[127.0.0.1]:{port} {public}\n" for port in self.ports.values())
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each node, by its name."""
        return {name: server.get_port() for name, server in self._servers.items()}

    def settings(self) -> list[dict[str, str | int]]:
        """What a configuration says of these nodes; see `NodeSettings`."""
        return [
            {
                "name": name,
                "host": "127.0.0.1",
                "port": port,
                "user": getpass.getuser(),
                "key": str(self._key),
                "known_hosts": str(self._known_hosts),
            }
            for name, port in self.ports.items()
        ]

    async def _close(self) -> None:
        for server in self._servers.values():
            server.close()
        for connection in self._connections:
            connection.abort()
        await asyncio.gather(*(c.wait_closed() for c in self._connections))
        await asyncio.gather(*(s.wait_closed() for s in self._servers.values()))
        await asyncio.to_thread(_end, self._sessions)
        await asyncio.gather(*self._commands)
        self._servers.clear()

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = asyncio.create_task(self._run(process))
        self._commands.add(command)
        command.add_done_callback(self._commands.discard)
        if len(self._sessions) > _SESSIONS_UNTIL_SWEPT:
            alive = {session for _, session in await asyncio.to_thread(_processes)}
            self._sessions &= alive

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Run one command; a dropped connection closes its streams and no more, as with sshd."""
        if process.command is None:
            process.stderr.write(b"there is no shell here; give a command\n")
            process.exit(1)
            return
        stdout, stderr = await _Pipe.open(), await _Pipe.open()
        child = await asyncio.create_subprocess_exec(
            _SHELL,
            "-c",
            process.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=stdout.end,
            stderr=stderr.end,
            start_new_session=True,
            cwd=Path.home(),
        )
        self._sessions.add(child.pid)
        os.close(stdout.end)
        os.close(stderr.end)
        assert child.stdin is not None
        feeding = asyncio.create_task(_feed(process.stdin, child.stdin))
        draining = asyncio.ensure_future(
            asyncio.wait(
                [
                    asyncio.create_task(_drain(stdout.reader, process.stdout)),
                    asyncio.create_task(_drain(stderr.reader, process.stderr)),
                ]
            )
        )
        closed = asyncio.create_task(process.wait_closed())
        await asyncio.wait({draining, closed}, return_when=asyncio.FIRST_COMPLETED)
        if closed.done():
            child.stdin.close()
            stdout.close()
            stderr.close()
        status = await child.wait()
        feeding.cancel()
        with suppress(OSError):  # the connection is gone
            if status < 0:
                process.exit_with_signal(signal.Signals(-status).name.removeprefix("SIG"))
            else:
                process.exit(status)
        await asyncio.wait({feeding, closed, draining})
        stdout.close()
        stderr.close()


@dataclass(frozen=True, slots=True)
class _Pipe:
    """A pipe that can be read, and closed while somebody still writes into it."""

    end: int
    """File descriptor for the writer."""
    reader: asyncio.StreamReader
    transport: asyncio.ReadTransport

    @classmethod
    async def open(cls) -> "_Pipe":
        loop = asyncio.get_running_loop()
        begin, end = os.pipe()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(begin, "rb", 0)
        )
        return cls(end, reader, transport)

    def close(self) -> None:
        self.transport.close()


async def _feed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncssh.Error):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    sink.close()


async def _drain(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    while piece := await source.read(_PIECE):
        with suppress(OSError, asyncssh.Error):
            sink.write(piece)
            await sink.drain()


def _processes() -> list[tuple[int, int]]:
    """Pid and session id of every process."""
    if Path("/proc/self").exists():
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    else:
        listing = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, check=True)
        pids = [int(word) for word in listing.stdout.split()]
    found = []
    for pid in pids:
        with suppress(OSError):  # it has ended meanwhile, or is hidden
            found.append((pid, os.getsid(pid)))
    return found


def _end(sessions: set[int]) -> None:
    """Kill what lives in these process sessions."""
    deadline = time.monotonic() + _KILL_TIMEOUT_S
    while time.monotonic() < deadline:
        members = [pid for pid, session in _processes() if session in sessions]
        if not members:
            return
        for pid in members:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    log.warning("demo.processes_left", extra={"count": len(members)})


@contextmanager
def nodes_running(folder: Path, names: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Run embedded nodes on an event loop of their own; yield their settings."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="embedded-nodes", daemon=True)
    thread.start()
    nodes = EmbeddedNodes(folder, names)
    try:
        asyncio.run_coroutine_threadsafe(nodes.__aenter__(), loop).result(30.0)
        try:
            yield nodes.settings()
        finally:
            asyncio.run_coroutine_threadsafe(nodes.__aexit__(), loop).result(30.0)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10.0)
        loop.close()
