"""`rcontrol check` on nodes behind a real sshd."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from rcontrol.cli.connect import ExitStatus
from rcontrol.cli.main import app
from tests.check.conftest import sshd
from tests.fakes.sshd import Sshd

__all__ = ["sshd"]


def checked(folder: Path, *words: str, **keys: Any) -> Result:
    storage = folder / "storage"
    storage.mkdir(exist_ok=True)
    config = folder / "rcontrol.yaml"
    executables = {"terragen": "/bin/true", "blender": "/bin/true"}
    standard = {"render_nodes": ["hex1", "hex2"], "executables": executables}
    config.write_text(yaml.safe_dump({"fileserver_base_dir": str(storage), **standard, **keys}))
    return CliRunner().invoke(app, ["check", "-c", str(config), *words])


@pytest.mark.usefixtures("sshd")
def test_all_is_well(tmp_path: Path) -> None:
    result = checked(tmp_path)
    assert result.exit_code == 0, result.output
    [head, *rows] = [line.split() for line in result.stdout.splitlines()]
    assert head == ["node", "reached", "renderers", "storage", "free", "clock", "result"]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("hex1", "yes", "ok"),
        ("hex2", "yes", "ok"),
    ]


def test_what_is_wrong_is_said_below(tmp_path: Path, sshd: Sshd) -> None:
    sshd.known_hosts.write_text("")
    down = {"name": "down", "host": "127.0.0.1", "port": 1}
    result = checked(tmp_path, render_nodes=["hex1", down])
    assert result.exit_code == ExitStatus.FAILED
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["hex1", "no", "1", "problem"]
    assert lines[-2].startswith("hex1: the host key of [127.0.0.1]")
    assert lines[-1].startswith("down: 127.0.0.1:1 refused the connection; start sshd there")


@pytest.mark.usefixtures("sshd")
def test_json(tmp_path: Path) -> None:
    missing = {"name": "hex2", "executables": {"blender": "/no/blender"}}
    result = checked(tmp_path, "--json", render_nodes=["hex1", missing])
    assert result.exit_code == ExitStatus.FAILED
    [good, bad] = json.loads(result.stdout)
    assert (good["node"], good["storage"], good["problems"]) == ("hex1", "same", [])
    assert bad["programs"][0] == {"program": "blender", "path": "", "version": ""}
    assert "/no/blender cannot be run there" in bad["problems"][0]


def test_mistakes(tmp_path: Path) -> None:
    assert checked(tmp_path, nonsense=1).exit_code == ExitStatus.USAGE
    result = checked(tmp_path, fileserver_base_dir=str(tmp_path / "nothing"))
    assert result.exit_code == ExitStatus.FAILED
    assert "is no folder here" in result.stderr
