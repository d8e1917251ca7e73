"""The commands, against a real server."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from rcontrol.cli.connect import ExitStatus
from rcontrol.cli.main import EXIT_STATUSES, app
from rcontrol.client import Client
from rcontrol.errors import ConfigError, SessionError, StoreError
from tests.cli.conftest import Run
from tests.fakes.farm import FakeFarm


@pytest.fixture
def job(client: Client) -> str:
    return client.submit("cube.blend", 1, 4, ["hex1", "hex2"], name="[red]film")


def test_submit(run: Run, client: Client, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base)
    job = run("submit", "cube.blend", "-s", "1", "-e", "9").stdout.strip()
    found = client.job(job)
    assert found["path"] == str(base / "cube.blend")
    assert (found["start_frame"], found["end_frame"]) == (1, 9)
    assert all(node["enabled"] for node in found["node_status"].values())


def test_submit_an_expression(run: Run, client: Client) -> None:
    job = run("submit", "cube.blend", "--frames", "1-10x4,20").stdout.strip()
    assert client.job(job)["frames"] == "1-9x4,20"
    assert "1-9x4,20, 0/4 done" in run("status", job).stdout
    refused = run("submit", "cube.blend", "-f", "20-10", expect=ExitStatus.REFUSED).output
    assert "frames: '20-10' ends before it begins; write 10-20" in refused
    assert len(client.jobs()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-s", "1"], "say which frames"),
        ([], "say which frames"),
        (["-s", "1", "-e", "2", "-f", "3"], "leave --start and --end out"),
    ],
)
def test_submit_says_which_frames_in_one_way(run: Run, words: list[str], said: str) -> None:
    assert said in run("submit", "cube.blend", *words, expect=ExitStatus.USAGE).output


def test_a_long_expression_is_cut(run: Run, client: Client) -> None:
    job = client.submit("cube.blend", frames=",".join(map(str, range(1, 99, 2))))
    shown = run("status", job).stdout
    assert "1,3,5," in shown
    assert ",... , " not in shown
    assert ",..., 0/49 done" in shown


@pytest.mark.parametrize("command", ["why", "logs", "attempts"])
def test_a_frame_may_begin_with_a_minus(run: Run, job: str, command: str) -> None:
    assert "has no frame -5" in run(command, job, "-5", expect=ExitStatus.REFUSED).output
    assert "has no frame -5" in run(command, "--server", "", job, "-5", expect=3).output


def test_move_and_clear(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    other = client.submit("cube.blend", 1, 1, ["hex1"])
    run("move", other[:9], "--before", job[:9])
    assert [found["id"] for found in client.jobs()] == [other, job]
    run("move", other)
    assert [found["id"] for found in client.jobs()] == [job, other]
    assert "there is no job" in run("move", job, "--before", "zz", expect=3).output
    client.start(other)
    farm.finish("hex1")
    run("clear")
    assert [found["id"] for found in client.jobs()] == [job]


def test_submit_with_everything(run: Run, client: Client, base: Path) -> None:
    words = ["submit", "films/only-there.blend", "--start", "1", "--end", "2", "--json"]
    options = ["--nodes", "hex1,mac1", "--name", "N", "--output", f"{base}/o/", "--scene", "S"]
    result = run(*words, *options, "--direct", "--priority", "5", "--", "--debug", "-x")
    found = client.job(json.loads(result.stdout)["job_id"])
    assert found["path"] == str(base / "films" / "only-there.blend")
    assert found["name"] == "N"
    assert found["options"] == {
        "output": f"{base}/o/",
        "scene": "S",
        "args": ["--debug", "-x"],
        "publish": "direct",
        "priority": 5,
    }
    enabled = [name for name, node in found["node_status"].items() if node["enabled"]]
    assert enabled == ["hex1", "mac1"]


def test_submit_for_a_renderer(run: Run, url: str) -> None:
    job = run("submit", "cube.blend", "-s", "1", "-e", "2", "--engine", "tgd").stdout.strip()
    found = httpx.get(f"{url}/job/status/{job}", trust_env=False).json()
    assert found["render_engine"] == "tgd"
    refused = run("submit", "cube.blend", "-f", "1", "--engine", "c4d", expect=ExitStatus.REFUSED)
    assert "'c4d' is not known here; there is blend, tgd, maya" in refused.output


def test_list(run: Run, client: Client, job: str) -> None:
    client.start(job)
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["job", "name", "status", "frames", "done", "elapsed", "left"]
    assert lines[1].split() == [job[:8], "[red]film", "Rendering", "0/4", "0.0", "%"]
    assert json.loads(run("list", "--json").stdout) == client.jobs()


def test_status(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    client.start(job)
    farm.fail("hex1", final=True)
    out = run("status", job[:6]).stdout
    assert job in out
    assert "Failed" in out
    assert "Error: no" in out
    assert [line.split()[:2] for line in out.splitlines()[-3:]] == [
        ["hex1", "yes"],
        ["hex2", "yes"],
        ["mac1", "no"],
    ]
    assert json.loads(run("status", "--json", job).stdout) == client.job(job)


def test_text_of_others_cannot_steer_the_terminal(run: Run, farm: FakeFarm, job: str) -> None:
    farm.lose("hex1", "boo\x1b[2Jm\nmore")
    out = run("nodes").stdout
    assert "\x1b" not in out
    assert "boo [2Jm more" in out


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ([], "start", "Rendering"),
        ([], "stop", "Stopped"),
        (["stop"], "enqueue", "Waiting"),
    ],
)
def test_actions(
    run: Run, client: Client, job: str, before: list[str], action: str, after: str
) -> None:
    other = client.submit("cube.blend", 1, 1)
    for earlier in before:
        run(earlier, job, other)
    assert run(action, job[:8], other[:8]).output == ""
    assert [found["status"] for found in client.jobs()] == [after, after]


def test_why(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    said = "autostart is off: switch it on or start the job\n"
    assert run("why", job[:8]).stdout == said
    assert run("why", job, "2").stdout == f"its job is Waiting: {said}"
    farm.lose("mac1", "boo\x1bm: no route to host")
    assert run("why", "--node", "mac1").stdout == "it is offline: boo m: no route to host\n"
    assert json.loads(run("why", job, "--json").stdout) == client.why_job(job)
    assert "has no frame 77" in run("why", job, "77", expect=ExitStatus.REFUSED).output
    for words in ([], [job, "--node", "mac1"]):
        assert "say one job" in run("why", *words, expect=ExitStatus.USAGE).output


def test_delete(run: Run, client: Client, job: str) -> None:
    run("delete", job)
    assert client.jobs() == []


def test_nodes(run: Run, client: Client, farm: FakeFarm, job: str) -> None:
    client.start(job)
    farm.begin("hex1")
    farm.lose("mac1", "no route to host")
    lines = [line.strip().split(maxsplit=2) for line in run("nodes").stdout.splitlines()[1:]]
    assert lines[0] == ["hex1", "online", f"{job[:8]}/1"]
    assert lines[2] == ["mac1", "offline", "no route to host"]
    assert json.loads(run("nodes", "--json").stdout) == client.nodes()


def test_enable_and_disable(run: Run, client: Client, job: str) -> None:
    run("enable", job[:8], "mac1")
    run("disable", job[:8], "hex1")
    status = client.job(job)["node_status"]
    assert [name for name, node in status.items() if node["enabled"]] == ["hex2", "mac1"]


def test_autostart(run: Run) -> None:
    assert run("autostart").stdout == "off\n"
    assert run("autostart", "on").stdout == "on\n"
    assert json.loads(run("autostart", "--json").stdout) == {"autostart": True}
    assert run("autostart", "off").stdout == "off\n"
    run("autostart", "maybe", expect=2)


def test_an_id_may_be_cut_as_long_as_it_is_one(run: Run, client: Client) -> None:
    jobs = [client.submit("cube.blend", 1, 1) for _ in range(17)]
    first = next(a for a in jobs if sum(b[0] == a[0] for b in jobs) > 1)[0]
    result = run("status", first, expect=ExitStatus.USAGE)
    assert all((job in result.stderr) == (job[0] == first) for job in jobs)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["status", "nothing"], ExitStatus.REFUSED),
        (["status", ""], ExitStatus.REFUSED),
        (["delete", "{job}"], ExitStatus.REFUSED),
        (["enable", "{job}", "nobody"], ExitStatus.REFUSED),
        (["submit", "x.blend", "-s", "5", "-e", "1"], ExitStatus.REFUSED),
        (["submit", "x.blend", "-s", "1", "-e", "2", "--nodes", "a"], ExitStatus.REFUSED),
        (["submit", "x.blend", "-s", "one", "-e", "2"], ExitStatus.USAGE),
        (["submit", "x.blend"], ExitStatus.USAGE),
        (["burn"], ExitStatus.USAGE),
        (["serve"], ExitStatus.USAGE),
        (["list", "--server", "http://127.0.0.1:9"], ExitStatus.NO_SERVER),
        (["--server", "http://127.0.0.1:9", "list"], ExitStatus.NO_SERVER),
    ],
)
def test_what_goes_wrong(
    run: Run, client: Client, job: str, words: list[str], status: ExitStatus
) -> None:
    client.start(job)
    result = run(*(word.format(job=job) for word in words), expect=status)
    assert result.stdout == ""
    assert result.stderr
    if status is not ExitStatus.USAGE:
        assert result.stderr.count("\n") == 1
        assert result.stderr.startswith("rcontrol: ")


def test_a_farm_in_trouble(run: Run, farm: FakeFarm) -> None:
    farm.trouble = StoreError("db", "the disk is full")
    assert "the disk is full" in run("list", expect=ExitStatus.NO_SERVER).stderr


def test_help_tells_the_exit_statuses(run: Run) -> None:
    out = run("--help").stdout
    for line in EXIT_STATUSES.splitlines()[2:]:
        assert line in out
    assert {line.split()[0] for line in EXIT_STATUSES.splitlines()[2:]} == {
        str(status.value) for status in ExitStatus
    }


@pytest.mark.parametrize(
    ("command", "module", "function"),
    [
        (["serve", "-c", "/etc/farm.yaml"], "actors.launch", "serve"),
        (["demo", "/etc/farm.yaml"], "rcontrol.demo.run", "run_demo"),
    ],
)
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (0, 0),
        (3, 3),
        (ConfigError("farm.yaml", "timeout", "is no number", "write one"), ExitStatus.USAGE),
        (SessionError("hex1", "no"), ExitStatus.FAILED),
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED),
    ],
)
def test_serve_and_demo(
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    module: str,
    function: str,
    outcome: Any,
    status: int,
) -> None:
    asked = []

    def stand_in(path: Path) -> int:
        asked.append(path)
        if isinstance(outcome, BaseException):
            raise outcome
        return int(outcome)

    double = ModuleType(module)
    setattr(double, function, stand_in)
    monkeypatch.setitem(sys.modules, module, double)
    assert CliRunner().invoke(app, command).exit_code == status
    assert asked == [Path("/etc/farm.yaml")]
