"""The systemd units."""

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actors.launch import CLOSE_S
from rcontrol.cli.connect import ExitStatus
from rcontrol.config.keys import FileKeys
from tests.fakes.need import need

CONF = Path(__file__).parents[1] / "conf"
UNITS = sorted(CONF.glob("*.service"))
INSTALLED = "/opt/rcontrol/bin"
"""Where docs/operating.md has the programs installed."""


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text().replace("\\\n", " "))
    return parser["Service"]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The units, with the programs of this installation."""
    programs = Path(sys.executable).parent
    for path in UNITS:
        text = path.read_text().replace(INSTALLED, str(programs))
        (tmp_path / path.name).write_text(text)
    return tmp_path


def systemd(*command: str | Path) -> subprocess.CompletedProcess[str]:
    need(None if shutil.which("systemd-analyze") else "systemd-analyze is not installed")
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        ["systemd-analyze", *command], capture_output=True, text=True, check=False, env=environment
    )


def test_there_are_two() -> None:
    assert [path.name for path in UNITS] == ["rcontrol-ray.service", "rcontrol.service"]


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_systemd_takes_them(here: Path, name: str) -> None:
    done = systemd("verify", "--man=no", here / name)
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def test_systemd_would_say_if_it_did_not(here: Path) -> None:
    broken = here / "rcontrol.service"
    broken.write_text(broken.read_text().replace("KillMode=mixed", "KillMode=gently"))
    done = systemd("verify", "--man=no", broken)
    assert "gently" in done.stderr


@pytest.mark.parametrize("name", [path.name for path in UNITS])
def test_they_are_hardened(here: Path, name: str) -> None:
    done = systemd("security", "--offline=yes", "--no-pager", "--threshold=35", here / name)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_stopping_is_given_the_time_it_takes() -> None:
    service = unit(CONF / "rcontrol.service")
    drain = FileKeys.model_fields.get("drain")
    drain_s = 0.0 if drain is None else float(drain.default)
    assert float(service["TimeoutStopSec"]) >= drain_s + CLOSE_S + 20
    assert service["KillMode"] == "mixed"
    assert int(service["RestartPreventExitStatus"]) == ExitStatus.USAGE


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_what_they_start_is_there(path: Path) -> None:
    program, *arguments = shlex.split(unit(path)["ExecStart"])
    name = Path(program).name
    installed = Path(sys.executable).with_name(name)
    assert program == f"{INSTALLED}/{name}"
    options = [word.partition("=")[0] for word in arguments if word.startswith("-")]
    shown = subprocess.run(
        [installed, arguments[0], "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert [option for option in options if option not in shown] == []


def test_both_read_one_token_that_is_made_once(tmp_path: Path) -> None:
    ray, server = (unit(path) for path in UNITS)
    assert "RAY_AUTH_TOKEN_PATH=/var/lib/rcontrol/cluster-token" in server["Environment"]
    # Two lines of Environment; the parser keeps the last one.
    assert "RAY_AUTH_TOKEN_PATH=/var/lib/rcontrol/cluster-token" in UNITS[0].read_text()
    command = shlex.split(ray["ExecStartPre"].replace("\\\\", "\\"))
    token = tmp_path / "token"
    made = []
    for _ in range(2):
        subprocess.run(command, check=True, env={**os.environ, "RAY_AUTH_TOKEN_PATH": str(token)})
        made.append(token.read_text())
    assert made[0] == made[1]
    assert len(made[0]) == 64
    assert token.stat().st_mode & 0o777 == 0o600
