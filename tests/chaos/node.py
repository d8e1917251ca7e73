"""A render node of its own: an sshd, a temporary folder, and all processes that come of it."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.server import alive, descendants, until
from tests.fakes.sshd import Sshd


class Node:
    """One node on this machine. CHAOS_NODE in its processes' environment tells them from others'.

    `address` is where its sshd listens; whoever calls `start` must be where that address is.
    """

    def __init__(self, folder: Path, name: str, address: str = "127.0.0.1") -> None:
        folder.mkdir(parents=True)
        self.name = name
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self._mark = f"CHAOS_NODE={name}@{folder}".encode()
        environment = {"CHAOS_NODE": f"{name}@{folder}", "TMPDIR": str(self.tmp)}
        self.sshd = Sshd(folder / "sshd", (name,), address=address, environment=environment)

    def settings(self) -> dict[str, Any]:
        """Return its entry in `render_nodes`."""
        return {
            "name": self.name,
            "host": self.sshd.address,
            "port": self.sshd.port,
            "key": str(self.sshd.client_key),
            "known_hosts": str(self.sshd.known_hosts),
        }

    def processes(self) -> set[int]:
        """Return everything that runs on it, its sshd included."""
        server = self.sshd.pid
        return {server, *descendants(server), *self._marked()}

    def renderers(self) -> dict[int, str]:
        """Return the renderers and what they have started: pid -> command line."""
        found = {}
        for pid in self._marked():
            with suppress(OSError):
                if b"\0RCONTROL_HIDDEN=" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes():
                    command = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if command and alive(pid):
                        found[pid] = command[:200].replace(b"\0", b" ").decode(errors="replace")
        return found

    def sessions(self) -> list[Path]:
        """Return the folders of sessions that it holds."""
        return list(self.tmp.glob("rcontrol-*/*/*/*"))

    def freeze(self) -> None:
        """Stop everything on it at once, as a machine that hangs."""
        frozen: set[int] = set()
        # Until no process is new: one that was about to fork may have.
        while new := self.processes() - frozen:
            _send(signal.SIGSTOP, new)
            frozen |= new

    def thaw(self) -> None:
        """Let everything on it go on."""
        _send(signal.SIGCONT, self.processes())

    def reboot(self, down_s: float = 3.0) -> None:
        """Kill everything on it at once; its sshd is back after a while."""
        self.freeze()
        doomed = self.processes()
        _send(signal.SIGKILL, doomed)
        until(lambda: not any(alive(pid) for pid in doomed))
        self.sshd.kill()
        time.sleep(down_s)
        self.sshd.start()

    def close(self) -> None:
        """End whatever is left on it."""
        _send(signal.SIGCONT, self.processes())
        left = self._marked()
        self.sshd.stop()
        _send(signal.SIGKILL, left)

    def _marked(self) -> set[int]:
        return set(_with_environment(self._mark))


def _with_environment(mark: bytes) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    yield int(folder.name)


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
