"""`rcontrol frames`, `rcontrol submit --missing` and `framechecker`."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rcontrol.cli.connect import ExitStatus
from rcontrol.cli.framechecker import app as framechecker
from rcontrol.client import Client
from tests.cli.conftest import Run

SHOWN = [
    ["sequence", "frames"],
    ["a.####.exr", "2", "of", "4", "2", "missing:", "2-3;", "files", "without", "content:", "3"],
    ["b#.png", "2", "of", "2", "complete"],
]


@pytest.fixture
def shot(base: Path) -> Path:
    """Frames 1 and 4 and an empty 3 of one sequence; all of another one."""
    for name in ("a.0001.exr", "a.0004.exr", "b1.png", "b2.png"):
        (base / "films" / name).write_bytes(b"picture")
    (base / "films" / "a.0003.exr").touch()
    return base / "films"


def check(*args: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(framechecker, args)
    assert result.exit_code == expect, result.output
    return result


def test_missing(run: Run, client: Client, shot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run("frames", "missing", "films", expect=ExitStatus.FAILED).stdout
    assert [line.split() for line in shown.splitlines()] == SHOWN
    monkeypatch.chdir(shot.parent)
    answer = json.loads(run("frames", "missing", "films", "--json", expect=1).stdout)
    assert answer == client.missing_frames(str(shot))
    assert "complete" in run("frames", "missing", "films", "-f", "1").stdout
    both = run("frames", "missing", "films", "-s", "1", "-f", "1", expect=ExitStatus.REFUSED)
    assert "frames: say either this or start_frame and end_frame" in both.output
    run("frames", "missing", "/etc", expect=ExitStatus.REFUSED)


def test_a_folder_without_a_sequence(run: Run, base: Path) -> None:
    shown = run("frames", "missing", "films", "-f", "1-4", expect=ExitStatus.FAILED)
    assert shown.output == f"no sequence of frames in {base}/films\n"


def test_submitting_what_is_missing(run: Run, client: Client, shot: Path) -> None:
    words = ("submit", "cube.blend", "--missing", "films")
    several = run(*words, expect=ExitStatus.USAGE).output
    assert "films has several sequences; say which one with --sequence: a.####" in several
    other = run(*words, "--sequence", "c#.png", expect=ExitStatus.USAGE).output
    assert "films has no c#.png; there is a.####.exr, b#.png" in other
    whole = run(*words, "--sequence", "b#.png")
    assert whole.stdout == ""
    assert "nothing is missing: b#.png has all 2 frames" in whole.stderr
    assert json.loads(run(*words, "--sequence", "b#.png", "--json").stdout) == {"job_id": None}
    assert client.jobs() == []
    job = run(*words, "--sequence", "a.####.exr", "--start", "1", "--end", "6").stdout.strip()
    assert client.job(job)["frames"] == "2-3,5-6"
    for left in shot.glob("b*"):
        left.unlink()
    assert client.job(run(*words).stdout.strip())["frames"] == "2-3"
    assert "leave --start" in run(*words, "-s", "1", "-f", "1", expect=ExitStatus.USAGE).output


def test_submitting_all_where_there_is_nothing_yet(run: Run, client: Client, base: Path) -> None:
    words = ("submit", "cube.blend", "--missing", "films")
    assert "say which frames" in run(*words, expect=ExitStatus.USAGE).output
    assert client.job(run(*words, "-f", "1-9x4").stdout.strip())["frames"] == "1-9x4"


def test_framechecker(shot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = check(str(shot), expect=1).stdout
    assert [line.split() for line in shown.splitlines()] == SHOWN
    monkeypatch.chdir(shot)
    assert check(expect=1).stdout == shown
    answer = json.loads(check("--json", "-s", "0", "-e", "1", expect=1).stdout)
    assert answer["path"] == str(shot)
    assert answer["wanted"] == "0-1"
    assert [one["missing"] for one in answer["sequences"]] == ["0", "0"]
    check("-s", "1", "-e", "1")
    check("--frames", "1")


def test_framechecker_follows_links(shot: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.exr").write_bytes(b"picture")
    (shot / "a.0003.exr").unlink()
    (shot / "a.0003.exr").symlink_to(tmp_path / "elsewhere.exr")
    (shot / "a.0002.exr").symlink_to("nowhere")
    answer = json.loads(check(str(shot), "--json", expect=1).stdout)
    assert answer["sequences"][0]["missing"] == "2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "framechecker: nowhere: No such file or directory"),
        (["pyproject.toml"], "Not a directory"),
        ([".", "-s", "2", "-e", "1"], "end_frame: must not be before start_frame (2)"),
        ([".", "-f", "b"], "frames: 'b' cannot be read"),
        ([".", "--start", "one"], "--start"),
    ],
)
def test_framechecker_exits_with_2_on_a_mistake(words: list[str], said: str) -> None:
    assert said in check(*words, expect=2).output


def test_framechecker_is_installed_under_its_old_name() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["framechecker"] == "rcontrol.cli.framechecker:app"
