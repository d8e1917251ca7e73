"""Nodes are added, removed, paused and freed while real jobs render."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rcontrol.cli.main import app
from rcontrol.client import Client
from tests.e2e.server import Server, command, descendants, until
from tests.fakes.sshd import Sshd
from tests.scenes import build_scene, executables

FRAMES = 16


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd, base: Path) -> Iterator[Server]:
    """A farm whose nodes come and go."""
    folder = tmp_path_factory.mktemp("coming")
    programs = executables("blender")
    with Server(folder, sshd, ["hex1"], base, executables=programs, autostart=False) as running:
        running.nodes_online()
        yield running


def nodes(server: Server, *words: str) -> str:
    """Run `rcontrol nodes`."""
    result = CliRunner().invoke(app, ["--server", server.url, "nodes", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def state(server: Server, name: str) -> Any:
    return next((node for node in server.get("/node/state") if node["name"] == name), None)


def started(server: Server, base: Path, name: str, *on: str, args: Sequence[str] = ()) -> str:
    scene = build_scene(base / name / "cube.blend", size=(200, 150), samples=64, frames=FRAMES)
    job = server.submit(scene, 1, FRAMES, *on, args=args)
    server.get(f"/job/start/{job}")
    return job


def renders(server: Server, name: str) -> bool:
    return bool(state(server, name)["rendering"])


def attempts(server: Server, job: str) -> list[Any]:
    with Client(server.url) as client:
        return [one for frame in range(1, FRAMES + 1) for one in client.attempts(job, frame)]


def test_nodes_come_and_go_while_a_job_renders(farm: Server, base: Path) -> None:
    job = started(farm, base, "come")
    farm.wait_for_frames(job, 1)
    nodes(farm, "add", "hex2")
    farm.nodes_online("hex2")
    assert farm.get("/node/list") == ["hex1", "hex2"]
    farm.get(f"/node/enable/hex2/{job}")
    until(lambda: renders(farm, "hex2"))
    nodes(farm, "remove", "hex1")
    assert farm.get("/node/list") == ["hex2"]
    assert list(farm.status(job)["node_status"]) == ["hex2"]
    until(lambda: state(farm, "hex1") is None)
    farm.wait(job)
    ended = attempts(farm, job)
    assert len(ended) == FRAMES, "each frame once"
    assert {one["node"] for one in ended} == {"hex1", "hex2"}
    assert not [one for one in ended if one["error"]]
    until(lambda: "node.closed node=hex1" in farm.log)
    assert not [pid for pid in descendants(farm.pid) if "NodeActor(hex1)" in command(pid)]


def test_what_people_said_survives_a_killed_server(farm: Server, base: Path) -> None:
    nodes(farm, "pause", "hex2", "-r", "new fans")
    farm.kill_everything()
    farm.start()
    assert farm.get("/node/list") == ["hex2"], "hex1 stays removed, hex2 added"
    paused = state(farm, "hex2")
    assert (paused["duty"], paused["duty_reason"]) == ("paused", "new fans")
    assert "new fans since" in nodes(farm)
    job = started(farm, base, "paused")
    farm.nodes_online("hex2")
    assert not renders(farm, "hex2")
    nodes(farm, "resume", "hex2")
    farm.wait_for_frames(job, 1)
    farm.get(f"/job/stop/{job}")


def test_the_file_is_edited_and_reloaded(farm: Server, base: Path, sshd: Sshd) -> None:
    tell = "import os; print('GPU is', os.environ.get('CUDA_VISIBLE_DEVICES'))"
    job = started(farm, base, "reload", args=["--python-expr", tell])
    until(lambda: renders(farm, "hex2"))
    slots = [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]
    listed = [{"name": "hex2", "slots": slots}, "hex1"]
    farm.config.write_text(yaml.safe_dump({**farm.settings, "render_nodes": listed}))
    nodes(farm, "reload")
    assert farm.get("/node/list") == ["hex2", "hex1"]
    until(lambda: len(state(farm, "hex2")["rendering"]) == 2)
    farm.config.write_text(yaml.safe_dump({**farm.settings, "render_nodes": []}))
    answer = farm.http.post("/node/reload")
    assert answer.status_code == 409
    assert "render_nodes" in answer.json()["explanation"]
    farm.wait(job)
    assert not [one for one in attempts(farm, job) if one["error"]], "nobody lost a frame"
    with Client(farm.url) as client:
        said = "".join(client.log(job, frame)["text"] for frame in range(1, FRAMES + 1))
    assert set(re.findall("GPU is .*", said)) == {"GPU is None", "GPU is 0", "GPU is 1"}


def test_a_frame_is_killed_and_rendered_again(farm: Server, base: Path) -> None:
    farm.nodes_online("hex1")
    job = started(farm, base, "kill", "hex1")
    farm.wait_for_frames(job, 1)
    until(lambda: renders(farm, "hex1"))
    nodes(farm, "kill", "hex1")
    now = farm.wait(job)
    assert now["frames_done"] == FRAMES
    killed = [one for one in attempts(farm, job) if one["error"]]
    assert [one["error"] for one in killed] == ["killed by a person"]
    assert [one["blame"] for one in killed] == [""]
    assert state(farm, "hex1")["state"] == "online"


def test_the_configuration_is_checked(farm: Server, sshd: Sshd) -> None:
    down = {"name": "down", "port": 1}
    farm.config.write_text(yaml.safe_dump({**farm.settings, "render_nodes": ["hex1", down]}))
    checked = subprocess.run(
        [sys.executable, "-m", "rcontrol", "check", "-c", str(farm.config), "--json"],
        env={**os.environ, "HOME": str(sshd.home)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 1, checked.stderr
    [hex1, unreachable] = json.loads(checked.stdout)
    assert hex1["problems"] == []
    assert hex1["storage"] == "same"
    [program] = hex1["programs"]
    assert re.match(r"(Blender|bpy) \d+\.\d+", program["version"])
    assert "refused the connection" in unreachable["problems"][0]
