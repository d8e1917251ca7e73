"""A render node of its own: an sshd, a temporary folder, and all processes that come of it."""

import glob
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.e2e.server import alive, descendants, until
from tests.fakes.sshd import Sshd

CRAWL_STEP_S = 0.5


class Node:
    """One node on this machine. CHAOS_NODE in its processes' environment tells them from others'.

    `address` is where its sshd listens; `within`: a command that runs another in the network that
    has this address.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        address: str = "127.0.0.1",
        within: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True)
        self.name = name
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self._mark = f"CHAOS_NODE={name}@{folder}".encode()
        environment = {"CHAOS_NODE": f"{name}@{folder}", "TMPDIR": str(self.tmp)}
        self.sshd = Sshd(
            folder / "sshd", (name,), address=address, environment=environment, within=within
        )

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
        return {server, *descendants(server), *self.sshd.connections(), *self._marked()}

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
        # Unlike Path.glob it does not mind folders that go while it looks.
        return [Path(path) for path in glob.glob(f"{self.tmp}/rcontrol-*/*/*/*")]  # noqa: PTH207

    def freeze(self, *, but: Iterable[int] = ()) -> None:
        """Stop everything on it at once, as a machine that hangs; `but` these processes."""
        frozen = set(but)
        # Until no process is new: one that was about to fork may have.
        while new := self.processes() - frozen:
            _send(signal.SIGSTOP, new)
            frozen |= new

    def thaw(self) -> None:
        """Let everything on it go on."""
        _send(signal.SIGCONT, self.processes())

    def crawl(self, for_s: float, share: float = 0.1) -> None:
        """Have everything on it run for this share of the time only."""
        over = time.monotonic() + for_s
        while time.monotonic() < over:
            self.freeze()
            time.sleep(CRAWL_STEP_S * (1.0 - share))
            self.thaw()
            time.sleep(CRAWL_STEP_S * share)

    def reboot(self, down_s: float = 3.0) -> None:
        """Kill everything on it at once; its sshd is back after a while, its /tmp is empty."""
        self.freeze()
        doomed = self.processes()
        _send(signal.SIGKILL, doomed)
        until(lambda: not any(alive(pid) for pid in doomed))
        self.sshd.kill()
        for left in self.tmp.iterdir():
            shutil.rmtree(left)
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
