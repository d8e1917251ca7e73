"""The node's side alone: its scripts, run by a shell of choice without SSH."""

import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from rcontrol.sessions import node_scripts
from tests.fakes.need import need

DEADLINE_S = 30.0
PLACE = ("farm", "hex1")
SHELLS = ("dash", "bash", "busybox")


def until(met: Callable[[], bool], what: str) -> None:
    """Poll until something holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(") ")[2][0] != "Z"


class Follower:
    """An attachment."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.output = b""
        self.errors = b""

    def send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def order(self, text: str, facts: str = "{}") -> None:
        self.send(f">{facts}\t{text}")

    def read(self, met: Callable[[], bool], what: str) -> None:
        """Read both streams until something holds."""
        assert self.process.stdout
        assert self.process.stderr
        deadline = time.monotonic() + DEADLINE_S
        out, err = self.process.stdout.fileno(), self.process.stderr.fileno()
        while not met():
            assert time.monotonic() < deadline, f"{what}: {self.output!r} {self.errors!r}"
            for ready in select.select([out, err], [], [], 0.05)[0]:
                if ready == out:
                    self.output += os.read(out, 65536)
                else:
                    self.errors += os.read(err, 65536)

    def detach(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


class LocalNode:
    """Runs the scripts under one shell, with a TMPDIR of its own."""

    def __init__(self, shell: str, folder: Path) -> None:
        found = shutil.which(shell)
        need(None if found else f"{shell} is not installed")
        assert found
        programs = folder / "programs"
        programs.mkdir()
        (programs / "sh").symlink_to(found)
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self.environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.tmp),
        }

    @property
    def base(self) -> Path:
        return self.tmp / f"rcontrol-{os.getuid()}"

    def folder(self, session: str = "s1") -> Path:
        return self.base / "farm" / "hex1" / session

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", script, "sh", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(
        self,
        *argv: str,
        session: str = "s1",
        lease_s: int = 60,
        grace: int = 3,
        low: str = "normal",
        settings: str = "",
    ) -> subprocess.CompletedProcess[str]:
        resident = node_scripts.RESIDENT
        return self.run(
            node_scripts.START,
            *(*PLACE, session, str(lease_s), str(grace), low, resident, "{}", settings, *argv),
        )

    def attach(self, offset: int = 0, owner: str = "1.me", session: str = "s1") -> Follower:
        return Follower(
            subprocess.Popen(
                ["sh", "-c", node_scripts.ATTACH, "sh", *PLACE, session, owner, str(offset)],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )

    def end(self, which: str, *sessions: str) -> list[str]:
        done = self.run(node_scripts.END, *PLACE, "3", "1", which, *sessions)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def group(self, session: str = "s1") -> int:
        """The renderer's process group, once it is known."""
        pid = self.folder(session) / "pid"
        until(pid.exists, "no pid")
        return int(pid.read_text().split()[0])

    def supervisor(self, session: str = "s1") -> int:
        pid = self.group(session)
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat.rpartition(") ")[2].split()[1])
