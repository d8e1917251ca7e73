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
NODES = (*SHELLS, "mac")
"""`mac` is bash, with nothing but what macOS has, too: see `LocalNode`."""
MAC_TOOLS = (
    *(
        "awk",
        "cat",
        "chmod",
        "cut",
        "date",
        "dd",
        "df",
        "env",
        "find",
        "grep",
        "head",
        "id",
        "kill",
    ),
    *("ls", "mkdir", "mkfifo", "mv", "nice", "od", "printf", "ps", "rm", "rmdir", "sed", "sleep"),
    *("sync", "tail", "touch", "tr", "true", "uname", "wc"),
)
"""Programs that POSIX names, and `sync`; of busybox where it has them, which knows few of GNU's
options."""


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


def mac_tools(folder: Path) -> None:
    """Put MAC_TOOLS into a folder."""
    busybox = shutil.which("busybox")
    need(None if busybox else "busybox is not installed (Debian: busybox)")
    assert busybox
    applets = subprocess.check_output([busybox, "--list"], text=True).split()
    # Busybox's ps cannot say when a process began, as macOS's can.
    own = set(applets) - {"ps"}
    for tool in MAC_TOOLS:
        found = busybox if tool in own else shutil.which(tool)
        need(None if found else f"{tool} is not installed")
        (folder / tool).symlink_to(str(found))


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


def as_on_mac(script: str) -> str:
    """Return a script that finds no /proc."""
    return script.replace("/proc/", "/no-proc/")


class LocalNode:
    """Runs the scripts under one shell, with a TMPDIR of its own.

    As `mac` it has no programs but MAC_TOOLS, neither setsid nor stdbuf and the like, and no /proc.
    """

    def __init__(self, shell: str, folder: Path) -> None:
        name = {"mac": "bash"}.get(shell, shell)
        found = shutil.which(name)
        need(None if found else f"{name} is not installed")
        assert found
        programs = folder / "programs"
        programs.mkdir()
        (programs / "sh").symlink_to(found)
        path = f"{programs}:{os.environ['PATH']}"
        self._script: Callable[[str], str] = str
        if shell == "mac":
            mac_tools(programs)
            path, self._script = str(programs), as_on_mac
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self.environment = {**os.environ, "PATH": path, "TMPDIR": str(self.tmp)}

    @property
    def base(self) -> Path:
        return self.tmp / f"rcontrol-{os.getuid()}"

    def folder(self, session: str = "s1") -> Path:
        return self.base / "farm" / "hex1" / session

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", self._script(script), "sh", *arguments],
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
        resident = self._script(node_scripts.RESIDENT)
        return self.run(
            node_scripts.START,
            *(*PLACE, session, str(lease_s), str(grace), low, resident, "{}", settings, *argv),
        )

    def attach(self, offset: int = 0, owner: str = "1.me", session: str = "s1") -> Follower:
        return Follower(
            subprocess.Popen(
                [
                    "sh",
                    "-c",
                    self._script(node_scripts.ATTACH),
                    "sh",
                    *PLACE,
                    session,
                    owner,
                    str(offset),
                ],
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
