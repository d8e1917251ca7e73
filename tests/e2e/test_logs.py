"""What renderers say, read while they say it and after things have died."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.server import Server, until
from tests.fakes.sshd import Sshd
from tests.scenes import build_scene, executables


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd, base: Path) -> Iterator[Server]:
    """A farm of one node: its NodeActor is the only one."""
    folder = tmp_path_factory.mktemp("logs")
    with Server(
        folder, sshd, ("hex1",), base, executables=executables("blender"), autostart=False
    ) as running:
        running.nodes_online()
        yield running


def one_long_frame(base: Path, name: str) -> Path:
    """A frame of several seconds, of many tiles: Blender prints a line for each."""
    path = base / name / "cube.blend"
    return build_scene(path, size=(480, 360), samples=300, frames=3, tile=24)


class Follower:
    """`rcontrol logs JOB FRAME -f`, and when each of its lines came."""

    def __init__(self, server: Server, job: str, frame: int) -> None:
        command = [sys.executable, "-m", "rcontrol", "logs", job, str(frame), "-f"]
        self.process = subprocess.Popen(
            [*command, "--server", server.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[tuple[float, str]] = []
        self._reading = Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.rstrip("\n")))

    def wait(self) -> str:
        assert self.process.wait(90) == 0, self.lines[-5:]
        self._reading.join()
        return "\n".join(line for _, line in self.lines)


def test_a_log_is_followed_while_its_node_actor_is_killed(server: Server, base: Path) -> None:
    scene = one_long_frame(base, "followed")
    job = server.submit(scene, 1, 2, "hex1")
    follower = Follower(server, job, 1)
    server.get(f"/job/start/{job}")
    until(lambda: any("Fra:1 " in line for _, line in follower.lines), why="nothing comes")
    assert server.status(job)["frames_done"] == 0, "it came while the frame was rendered"
    before = len(follower.lines)
    os.kill(server.actor_pid("NodeActor"), signal.SIGKILL)
    until(lambda: len(follower.lines) > before + 5, why="it does not go on")
    server.wait(job)
    text = follower.wait()
    assert "Blender " in text, "the first frame of a session has its start"
    assert "Fra:1 " in text
    assert "Fra:2 " not in text
    assert "are not kept" not in text, "it is whole"
    tiles = [int(found) for found in re.findall(r"Fra:1 .*Rendered (\d+)/\d+ Tiles", text)]
    assert tiles == sorted(tiles), "nothing was said twice"
    [attempt] = server.get(f"/job/attempts/{job}/1")
    assert (attempt["number"], attempt["node"], attempt["error"]) == (1, "hex1", "")
    assert attempt["log"]
    second = Follower(server, job, 2).wait()
    assert "Fra:2 " in second
    assert "Fra:1 " not in second


def test_logs_go_with_their_job(server: Server, base: Path) -> None:
    scene = build_scene(base / "gone" / "cube.blend", frames=2)
    job = server.submit(scene, 1, 2, "hex1")
    server.get(f"/job/start/{job}")
    server.wait(job)
    folder = server.work / "logs" / job
    until(lambda: len(list(folder.iterdir())) == 2)
    server.get(f"/job/delete/{job}")
    until(lambda: not folder.exists())
    assert server.http.get(f"/job/log/{job}/1").status_code == 404


def test_a_failure_can_be_read(server: Server, base: Path) -> None:
    scene = build_scene(base / "blind" / "cube.blend", camera=False)
    job = server.submit(scene, 1, 1, "hex1")
    server.get(f"/job/start/{job}")
    server.wait(job, "Failed")
    attempts = server.get(f"/job/attempts/{job}/1")
    assert {attempt["blame"] for attempt in attempts} == {"job"}, attempts
    for attempt in attempts:
        text = server.get(f"/job/log/{job}/1?attempt={attempt['id']}")["text"]
        assert "camera" in text.lower()


def test_a_stopped_attempt_is_kept_with_its_log(server: Server, base: Path) -> None:
    job = server.submit(one_long_frame(base, "stopped"), 1, 1, "hex1")
    server.get(f"/job/start/{job}")
    until(lambda: "Fra:1 " in said(server, job))
    server.get(f"/job/stop/{job}")
    [attempt] = server.get(f"/job/attempts/{job}/1")
    assert attempt["error"] == "ended because its job was stopped"
    assert (attempt["blame"], attempt["log"]) == ("", True)
    assert "Fra:1 " in Follower(server, job, 1).wait()
    server.get(f"/job/delete/{job}")


def said(server: Server, job: str) -> str:
    answer = server.http.get(f"/job/log/{job}/1")
    return str(answer.json()["text"]) if answer.status_code == 200 else ""
