"""The scripts of `rcontrol check` under every shell a node may have."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from rcontrol.check.nodes import PROBE
from rcontrol.check.programs import NOT_THERE, VERSION
from tests.fakes.need import need
from tests.sessions.node import NODES, mac_tools


@pytest.fixture(params=[*NODES, "zsh"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    name = request.param
    if name == "mac":
        tools = tmp_path_factory.mktemp("tools")
        mac_tools(tools)
        return ["env", f"PATH={tools}", str(shutil.which("bash"))]
    need(None if shutil.which(name) else f"{name} is not installed (Debian: {name})")
    return {"busybox": ["busybox", "sh"], "zsh": ["zsh", "--emulate", "sh"]}.get(name, [name])


def run(shell: list[str], script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*shell, "-c", script, "sh", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def said(shell: list[str], *arguments: str) -> dict[str, str]:
    done = run(shell, PROBE, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_the_same_storage(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("word")
    found = said(shell, str(tmp_path), "theirs", "word", "ours")
    assert (found["system"], found["storage"]) == ("Linux", "written")
    assert abs(int(found["time"]) - time.time()) < 5
    assert abs(int(found["free"]) - shutil.disk_usage(tmp_path).free // 1024) < 1_000_000
    assert (tmp_path / "ours").read_text() == "word\n"


def test_another_storage(shell: list[str], tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("another word")
    assert said(shell, str(tmp_path), "theirs", "word", "ours")["storage"] == "other"
    assert said(shell, str(tmp_path / "none"), "theirs", "word", "ours")["storage"] == "missing"
    assert not (tmp_path / "ours").exists()


def test_storage_that_takes_nothing(shell: list[str], tmp_path: Path) -> None:
    found = said(shell, str(tmp_path), "", "word", "no/such/folder")
    assert found["storage"] == "seen"
    assert "no/such/folder" in found["unwritable"]


def test_a_program(shell: list[str], tmp_path: Path) -> None:
    program = tmp_path / "my 'odd' $renderer"
    program.write_text('#!/bin/sh\necho "it $1"\nexit 3\n')
    program.chmod(0o755)
    done = run(shell, VERSION, str(program), "a b")
    assert (done.returncode, done.stdout) == (3, f"{program}\nit a b\n")
    assert run(shell, VERSION, str(program)).stdout == f"{program}\n"
    assert run(shell, VERSION, "no-such-program", "x").returncode == NOT_THERE
