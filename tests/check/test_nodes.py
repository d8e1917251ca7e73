"""Nodes on a real sshd are tried, well and ill."""

import sys
from pathlib import Path

import pytest

from rcontrol.check.nodes import check
from rcontrol.check.reports import NodeReport, ProgramReport
from rcontrol.config.renderers import shipped
from rcontrol.engines.registry import Engines
from rcontrol.errors import StorageError
from rcontrol.farm.settings import NodeSettings
from tests.fakes.sshd import Sshd

ENGINES = Engines(shipped())


def program(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def tried(base: Path, *nodes: NodeSettings) -> list[NodeReport]:
    reports = check(nodes, base, ENGINES)
    assert not list(base.iterdir()), "nothing is left in the storage"
    return reports


def one(base: Path, **settings: object) -> NodeReport:
    executables = settings.pop("executables", {"terragen": "/bin/true"})
    [report] = tried(base, NodeSettings("hex1", executables=executables, **settings))  # type: ignore[arg-type]
    return report


def elsewhere(sshd: Sshd, base: Path, seen: Path) -> None:
    """Have the node see another folder where the storage should be, as with a wrong mount."""
    sshd.stop()
    rewrite = f'sed -u "s#{base}#{seen}#g" | sh -c "$SSH_ORIGINAL_COMMAND"'
    sshd.more_options = f"ForceCommand {rewrite}"
    sshd.start()


@pytest.fixture
def blender(tmp_path: Path) -> str:
    """It prints what Blender prints; a real one is tried in tests/e2e."""
    return program(tmp_path, "blender", 'echo "Color management: note"\necho "Blender 4.5.1 LTS"')


def test_a_node_that_is_well(sshd: Sshd, base: Path, blender: str) -> None:
    report = one(base, executables={"blender": blender, "terragen": "/bin/true"})
    assert report.reached
    assert report.programs == [
        ProgramReport("blender", blender, "Blender 4.5.1 LTS"),
        ProgramReport("terragen", "/bin/true"),
    ]
    assert report.storage == "same"
    assert report.free_mb > 0
    assert abs(report.clock_skew_s) < 5
    assert (report.problems, report.notes) == ([], [])


def test_nodes_are_tried_at_once_and_reported_in_order(sshd: Sshd, base: Path) -> None:
    down = NodeSettings("down", host="127.0.0.1", port=1)
    stranger = NodeSettings("stranger", host="127.0.0.1", port=sshd.port, known_hosts="/dev/null")
    good = NodeSettings("hex2", executables={"terragen": "/bin/true", "blender": "/bin/true"})
    reports = tried(base, down, stranger, good)
    assert [report.node for report in reports] == ["down", "stranger", "hex2"]
    assert [report.reached for report in reports] == [False, False, True]
    assert "start sshd there, or correct the port" in reports[0].problems[0]
    assert "trust it with: " in reports[1].problems[0]


def test_programs_that_are_missing_or_broken(sshd: Sshd, base: Path, tmp_path: Path) -> None:
    broken = program(tmp_path, "bl'ender", "echo cannot open libX11.so.6 >&2; exit 127")
    report = one(base, executables={"blender": broken, "bpy": "/no/python", "terragen": "nothing"})
    assert [found.path for found in report.programs] == [broken, "", ""]
    assert report.problems == [
        f"{broken} does not start: cannot open libX11.so.6; try `ssh hex1 {broken} --version`",
        "/no/python cannot be run there; install it, or correct executables.bpy",
        "nothing is not on its PATH; install it, or set executables.terragen",
    ]


def test_a_blender_that_nobody_configured(sshd: Sshd, base: Path) -> None:
    sshd.stop()
    sshd.more_options = "SetEnv PATH=/bin:/nowhere"
    sshd.start()
    elsewhere_only = one(base, executables={"terragen": "/bin/true"})
    assert any("blender" in found.program for found in elsewhere_only.programs)
    assert elsewhere_only.problems == []


def test_a_python_with_bpy(sshd: Sshd, base: Path) -> None:
    report = one(base, executables={"bpy": sys.executable})
    [found] = report.programs
    if found.version:
        assert found.version.startswith("bpy ")
    else:
        assert "No module named 'bpy'" in report.problems[0]


def test_storage_that_is_another(sshd: Sshd, base: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    elsewhere(sshd, base, tmp_path / "other")
    report = one(base)
    assert report.storage == "other"
    assert report.problems[-1] == (
        f"its {base} is not the storage that the server has; mount the same share there as here"
    )
    assert not list((tmp_path / "other").iterdir())


def test_storage_that_is_missing(sshd: Sshd, base: Path, tmp_path: Path) -> None:
    elsewhere(sshd, base, tmp_path / "nothing")
    report = one(base)
    assert report.storage == "missing"
    assert report.problems[-1].endswith("mount the shared storage there, at the same path as here")


def test_storage_that_the_server_lacks(base: Path) -> None:
    with pytest.raises(StorageError, match="is no folder here; mount it"):
        check([NodeSettings("hex1")], base / "nothing", ENGINES)


def test_a_node_that_runs_something_else(sshd: Sshd, base: Path) -> None:
    assert one(base, os="mac").problems == [
        "it runs Linux, but is configured as mac; see macs and os"
    ]


def test_odd_names_reach_no_shell(sshd: Sshd, tmp_path: Path) -> None:
    base = tmp_path / 'it\'s $(touch x) `touch y` "z" %s\\n'
    base.mkdir()
    report = one(base)
    assert (report.storage, report.problems) == ("same", [])
