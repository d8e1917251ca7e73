"""A running `rcontrol serve`, its nodes on a real sshd, and an old client's way to talk to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, Self

import httpx
import yaml

from tests.fakes.sshd import free_port

PATIENCE_S = 90.0


def until(
    what: Callable[[], Any],
    patience_s: float = PATIENCE_S,
    why: Callable[[], object] | str = "",
) -> Any:
    """Return the first true result of `what`; fail when it takes longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not (result := what()):
        if time.monotonic() > deadline:
            words = why if isinstance(why, str) else why()
            raise AssertionError(words or f"still {result!r} after {patience_s} s")
        time.sleep(0.05)
    return result


class Homed(Protocol):
    """What says whose SSH files the server reads."""

    @property
    def home(self) -> Path: ...


class Server:
    """One installation: work folder, configuration, process."""

    def __init__(
        self,
        folder: Path,
        sshd: Homed,
        nodes: Sequence[str | dict[str, Any]],
        base: Path,
        **settings: Any,
    ) -> None:
        self.folder, self.base = folder, base
        folder.mkdir(parents=True, exist_ok=True)
        self._home = sshd.home
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.config = folder / "rcontrol.yaml"
        self.work = folder / "work"
        self.settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self._port,
            "work_dir": str(self.work),
            "fileserver_base_dir": str(base),
            "render_nodes": list(nodes),
            "ray": {"dashboard_port": free_port()},
            "drain": 0,
            **settings,
        }
        self.config.write_text(yaml.safe_dump(self.settings))
        self.environment: dict[str, str] = {}
        """Of its process, on top of this one's."""
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=self.url, timeout=30.0, trust_env=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.http.close()

    @property
    def log(self) -> str:
        """The farm's log so far."""
        file = self.work / "rcontrol.log"
        return file.read_text() if file.exists() else ""

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self.process is not None, "not started"
        return self.process.pid

    def start(self) -> None:
        self._launch()
        until(self._answers, why="the server does not answer")

    def _launch(self) -> None:
        with (self.folder / "stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rcontrol", "serve", "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env={**os.environ, "HOME": str(self._home), **self.environment},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it has written to its terminal so far, at all its starts."""
        return (self.folder / "stderr").read_text()

    def stop(self, timeout_s: float = 40.0) -> int:
        """End it in order and return its exit status."""
        self.terminate()
        return self.ended(timeout_s)

    def terminate(self) -> None:
        """Tell it to end."""
        assert self.process is not None
        self.process.terminate()

    def ended(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait until it has ended, and return its exit status."""
        assert self.process is not None
        status = self.process.wait(timeout_s)
        self.process = None
        return status

    def kill_everything(self) -> None:
        """Kill -9 the server and its whole Ray at once."""
        assert self.process is not None
        doomed = [self.process.pid, *descendants(self.process.pid)]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10.0)
        until(lambda: not any(alive(pid) for pid in doomed))

    def actor_pid(self, name: str) -> int:
        """Return the pid of a process that Ray runs an actor in.

        Ray titles it after the call it is at, which for a frame is the frame's name: look again.
        """
        assert self.process is not None
        server = self.process.pid

        def found() -> list[int]:
            return [pid for pid in descendants(server) if command(pid).startswith(f"ray::{name}")]

        return int(until(found)[0])

    # --- what an old client does ---

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    def submit(self, path: Path | str, first: int, last: int, *nodes: str, **more: Any) -> str:
        """Queue a job with the JSON an old client sends: frame numbers are strings."""
        body = {
            "path": str(path),
            "start_frame": str(first),
            "end_frame": str(last),
            "nodes": list(nodes or self.get("/node/list")),
            "render_engine": "blend",
            **more,
        }
        answer = self.http.post("/job/new", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])

    def status(self, job: str) -> Any:
        return self.get(f"/job/status/{job}")

    def wait(self, job: str, status: str = "Finished", patience_s: float = PATIENCE_S) -> Any:
        """Poll until the job has a status, and return it."""
        deadline = time.monotonic() + patience_s
        while True:
            now = self.status(job)
            if now["status"] == status:
                return now
            assert now["status"] in ("Waiting", "Rendering"), now
            assert time.monotonic() < deadline, (now, self.log[-3000:])
            time.sleep(0.05)

    def wait_for_frames(self, job: str, number: int) -> None:
        """Wait until so many frames of a job are done."""
        until(lambda: self.status(job)["frames_done"] >= number, why=self.log[-3000:])

    def nodes_online(self, *names: str) -> None:
        """Wait until nodes are online."""

        def online() -> bool:
            states = {node["name"]: node["state"] for node in self.get("/node/state")}
            return all(states[name] == "online" for name in names or states)

        until(online, why=f"not online: {self.get('/node/state')}")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said[-3000:]
        with suppress(httpx.HTTPError):
            return self.http.get("/node/list").status_code == 200
        return False


def descendants(pid: int) -> list[int]:
    """Return all processes below one."""
    parents = dict(_parents())
    found: list[int] = []
    for child in parents:
        above = child
        while above in parents and above != pid:
            above = parents[above]
        if above == pid and child != pid:
            found.append(child)
    return found


def listening(pids: Iterable[int]) -> set[str]:
    """Return the addresses, in hex as /proc has them, at which processes listen on TCP."""
    inodes = set()
    for pid in pids:
        with suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    inodes.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                found.add(words[1].partition(":")[0])
    return found


def renderers(mark: str) -> list[int]:
    """Return the renderer processes whose command line holds `mark`: a scene's path."""
    return [
        pid for pid, _ in _parents() if mark in command(pid) and "--python-expr" in command(pid)
    ]


def command(pid: int) -> str:
    """Return a process's command line; empty once it is gone."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                stat = (folder / "stat").read_text()
                yield int(folder.name), int(stat.rpartition(")")[2].split()[1])
