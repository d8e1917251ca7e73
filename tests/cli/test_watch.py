"""Watching a job: lines for pipes, JSON for programs, a bar for people, and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from rcontrol.client import Client
from tests.fakes.farm import FakeFarm

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from rcontrol.cli.main import app; app()"]

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []
    env = os.environ | {"RCONTROL_SERVER": url, "PYTHONPATH": str(ROOT)}

    def start(*args: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, *args], stdout=stdout, stderr=subprocess.PIPE, text=True, env=env
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def job(client: Client) -> str:
    job = client.submit("cube.blend", 1, 2, ["hex1"])
    client.start(job)
    return job


def _out(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def test_lines_until_it_is_finished(start: Start, farm: FakeFarm, job: str) -> None:
    watching = start("watch", job[:8])
    assert _out(watching).readline() == "Rendering 0/2 frames\n"
    farm.finish("hex1")
    assert _out(watching).readline() == "Rendering 1/2 frames\n"
    farm.finish("hex1")
    out, err = watching.communicate(timeout=30)
    assert (out, err) == ("Finished 2/2 frames\n", "")
    assert watching.returncode == 0


def test_without_an_id_the_job_that_renders(start: Start, farm: FakeFarm, job: str) -> None:
    watching = start("watch", "--json")
    assert json.loads(_out(watching).readline())["id"] == job
    farm.fail("hex1", final=True)
    out, err = watching.communicate(timeout=30)
    assert json.loads(out.splitlines()[-1])["status"] == "Failed"
    assert err == "rcontrol: Failed: Error: no\n"
    assert watching.returncode == 1


def test_a_stopped_job_is_at_its_end(start: Start, client: Client, job: str) -> None:
    client.stop(job)
    watching = start("watch", job)
    out, err = watching.communicate(timeout=30)
    assert out == "Stopped 0/2 frames\n"
    assert err == "rcontrol: Stopped: by a person\n"
    assert watching.returncode == 1


def test_nothing_to_watch(start: Start) -> None:
    watching = start("watch")
    assert watching.communicate(timeout=30)[1].startswith("rcontrol: no job renders")
    assert watching.returncode == 2


def test_a_job_deleted_meanwhile(start: Start, client: Client, job: str) -> None:
    watching = start("watch", job)
    _out(watching).readline()
    client.stop(job)
    client.delete(job)
    watching.communicate(timeout=30)
    assert watching.returncode in (1, 3)


def test_submit_and_watch(start: Start, client: Client, farm: FakeFarm) -> None:
    words = ["submit", "cube.blend", "-s", "1", "-e", "1", "--nodes", "hex1", "--watch"]
    watching = start(*words)
    job = _out(watching).readline().strip()
    assert _out(watching).readline() == "Waiting 0/1 frames\n"
    client.start(job)
    farm.finish("hex1")
    _, err = watching.communicate(timeout=30)
    assert err == f"autostart is off: `rcontrol start {job[:8]}`\n"
    assert watching.returncode == 0


def test_ctrl_c_leaves_the_job_alone(start: Start, client: Client, job: str) -> None:
    watching = start("watch", job)
    _out(watching).readline()
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=30)
    assert err == "rcontrol: no longer watching; the job goes on\n"
    assert watching.returncode == 130
    assert client.job(job)["status"] == "Rendering"


def test_a_person_sees_a_bar(start: Start, farm: FakeFarm, job: str) -> None:
    farm.finish("hex1")
    farm.finish("hex1")
    screen, terminal = os.openpty()
    watching = start("watch", job, stdout=terminal)
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(screen, 4096):
            shown += chunk
    except OSError:  # Linux: the other end is closed
        pass
    watching.communicate(timeout=30)
    os.close(screen)
    assert watching.returncode == 0
    assert b"2/2 frames" in shown
    assert b"100.0 %" in shown
