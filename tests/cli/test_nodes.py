"""`rcontrol nodes` and what is below it, against a real server."""

import json
from datetime import datetime

import pytest

from rcontrol.cli.connect import ExitStatus
from rcontrol.client import Client
from tests.cli.conftest import Run
from tests.fakes.farm import FakeFarm


def rows(out: str) -> dict[str, list[str]]:
    lines = [line.strip().split(maxsplit=2) for line in out.splitlines()[1:]]
    return {name: rest for name, *rest in lines}


def test_a_node_is_added_with_all_its_settings(run: Run, client: Client, farm: FakeFarm) -> None:
    words = ["--host", "10.0.0.9", "--port", "2222", "--user", "igp", "--key", "/k"]
    more = ["--known-hosts", "/h", "--os", "mac", "--low-priority"]
    slots = ["--slot", "CUDA_VISIBLE_DEVICES=0,1 OMP_NUM_THREADS=4", "--slot", "A='b c'"]
    run("nodes", "add", "hex9", *words, *more, *slots, "--executable", "blender=/opt/blender")
    settings = farm.settings_of("hex9")
    assert (settings.host, settings.port, settings.user) == ("10.0.0.9", 2222, "igp")
    assert (settings.key, settings.known_hosts, settings.os) == ("/k", "/h", "mac")
    assert settings.low_priority
    assert settings.slots == (
        {"CUDA_VISIBLE_DEVICES": "0,1", "OMP_NUM_THREADS": "4"},
        {"A": "b c"},
    )
    assert settings.executables == {"blender": "/opt/blender"}
    run("nodes", "add", "hex8", "--slots", "3")
    assert len(farm.settings_of("hex8").slots) == 3
    assert client.node_names()[-2:] == ["hex9", "hex8"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["add", "hex1"], ExitStatus.REFUSED),
        (["add", "a b"], ExitStatus.REFUSED),
        (["add", "hex9", "--slot", "nonsense"], ExitStatus.USAGE),
        (["add", "hex9", "--slot", "A='b"], ExitStatus.USAGE),
        (["add", "hex9", "--slot", "A=b", "--slots", "2"], ExitStatus.USAGE),
        (["add", "hex9", "--executable", "blender"], ExitStatus.USAGE),
        (["remove", "nobody"], ExitStatus.REFUSED),
        (["pause", "nobody"], ExitStatus.REFUSED),
        (["kill", "hex1"], ExitStatus.REFUSED),
        (["remove"], ExitStatus.USAGE),
        (["burn", "hex1"], ExitStatus.USAGE),
    ],
)
def test_mistakes(run: Run, client: Client, words: list[str], status: int) -> None:
    run("nodes", *words, expect=status)
    assert client.node_names() == ["hex1", "hex2", "mac1"]


def test_nodes_are_paused_and_resumed(run: Run, farm: FakeFarm) -> None:
    run("nodes", "pause", "hex1", "hex2", "--reason", "new fans")
    since = datetime.fromtimestamp(farm.now).astimezone()
    assert rows(run("nodes").stdout)["hex1"] == [
        "paused",
        f"new fans since {since:%Y-%m-%d %H:%M}",
    ]
    farm.lose("hex2", "no route")
    assert rows(run("nodes").stdout)["hex2"][1].endswith("; offline: no route")
    run("nodes", "resume", "hex1", "hex2")
    assert rows(run("nodes").stdout)["hex1"] == ["online"]


def test_a_removed_node_leaves_once_its_frame_is_done(
    run: Run, client: Client, farm: FakeFarm
) -> None:
    job = client.submit("cube.blend", 1, 4)
    client.start(job)
    farm.begin("hex1")
    run("nodes", "remove", "hex1")
    assert rows(run("nodes").stdout)["hex1"] == ["leaving", f"{job[:8]}/1"]
    assert client.node_names() == ["hex2", "mac1"]
    farm.finish("hex1")
    assert "hex1" not in rows(run("nodes").stdout)


def test_a_frame_is_killed(run: Run, client: Client, farm: FakeFarm) -> None:
    job = client.submit("cube.blend", 1, 4, ["hex1"])
    client.start(job)
    farm.begin("hex1")
    run("nodes", "kill", "hex1")
    assert client.nodes()[0]["rendering"] == []


def test_a_server_that_drains_says_so_beside_the_table(run: Run, farm: FakeFarm) -> None:
    assert run("nodes").stderr == ""
    farm.drain(60.0)
    for command in ("nodes", "list"):
        result = run(command, "--json")
        assert "about to end" in result.stderr
        assert isinstance(json.loads(result.stdout), list)


def test_the_file_is_reloaded(run: Run, farm: FakeFarm) -> None:
    farm.config.write_text(farm.config.read_text().replace("'hex2', ", ""))
    assert list(rows(run("nodes", "reload").stdout)) == ["hex1", "mac1"]
    assert [node["name"] for node in json.loads(run("nodes", "reload", "--json").stdout)] == [
        "hex1",
        "mac1",
    ]
    farm.config.write_text("nonsense")
    assert "is the text" in run("nodes", "reload", expect=ExitStatus.REFUSED).stderr
