"""A renderer that only the configuration knows: POV-Ray, over a real sshd."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.server import Server, until
from tests.engines.examples import povray_example, project
from tests.fakes.need import need
from tests.fakes.sshd import Sshd
from tests.fakes.standin import standin

SCENE = """
#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 1, -4> look_at 0 }
light_source { <5, 5, -5> rgb 1 }
sphere { <clock * 2 - 1, 0, 0>, 1 pigment { rgb <1, 0.3, clock> } }
"""


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd, base: Path) -> Iterator[Server]:
    """Two nodes that have POV-Ray, as docs/renderers.md describes it, and one for Terragen."""
    need(None if shutil.which("povray") else "POV-Ray is not installed (Debian: povray)")
    folder = tmp_path_factory.mktemp("povray")
    # The key by which files of the original name it.
    terragen = {"terragenpath_linux": standin(folder, "terragen")}
    names = ["hex1", "hex2"]
    with Server(folder, sshd, names, base, renderers=povray_example(), **terragen) as running:
        running.nodes_online()
        yield running


@pytest.fixture
def orbit(base: Path, request: pytest.FixtureRequest) -> Path:
    """The project that docs/renderers.md shows."""
    folder = base / f"pov ray's $(show) {request.node.name}"
    folder.mkdir()
    (folder / "orbit.pov").write_text(SCENE)
    (folder / "orbit.ini").write_text(project())
    return folder / "orbit.ini"


def submit(farm: Server, project: Path, first: int, last: int, **options: object) -> str:
    """Queue a job; the file's ending says which renderer it is for."""
    return farm.submit(project, first, last, render_engine=None, **options)


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


def test_an_animation(farm: Server, orbit: Path) -> None:
    job = submit(farm, orbit, 1, 6)
    done = farm.wait(job)
    assert done["render_engine"] == "povray"
    assert done["frames_done"] == 6
    frames = orbit.parent / "frames"
    names = [f"orbit_{frame:02}.png" for frame in range(1, 7)]
    assert sorted(path.name for path in frames.iterdir()) == names, "and nothing hidden"
    subprocess.run(
        ["povray", "orbit.ini", "+SF5", "+EF5", "+Oalone_.png", "-D"],
        cwd=orbit.parent,
        check=True,
        capture_output=True,
    )
    assert np.array_equal(pixels(frames / names[4]), pixels(orbit.parent / "alone_05.png"))
    assert not np.array_equal(pixels(frames / names[0]), pixels(frames / names[5]))
    said = farm.http.get(f"/job/log/{job}/5").json()["text"]
    assert "Rendered 76800 of 76800 pixels (100%)" in said


def test_extra_arguments_and_an_output(farm: Server, orbit: Path) -> None:
    job = submit(farm, orbit, 3, 3, args=["+W40", "+H30"], output="//small/s_", publish="direct")
    farm.wait(job)
    assert pixels(orbit.parent / "small" / "s_03.png").shape[:2] == (30, 40)


def test_a_frame_that_is_stopped_leaves_nothing_running(farm: Server, orbit: Path) -> None:
    job = submit(farm, orbit, 1, 24, args=["+W8000", "+H6000", "+A0.0", "+R9", "-P"])
    until(lambda: any(node["progress"] for node in farm.status(job)["node_status"].values()))
    assert povrays(orbit.parent)
    farm.get(f"/job/stop/{job}")
    until(lambda: not povrays(orbit.parent), why="POV-Ray goes on")
    until(lambda: not list(orbit.parent.glob("frames/.rcontrol-*")), why="hidden folders stay")


def test_what_it_says_fails_the_job(farm: Server, orbit: Path) -> None:
    (orbit.parent / "orbit.pov").write_text("sphere { oops")
    job = submit(farm, orbit, 1, 1)
    failed = farm.wait(job, "Failed")
    assert "Parse Error: Expected 'numeric expression', undeclared" in failed["reason"]


def test_terragen_as_an_old_client_submits_it(farm: Server, base: Path) -> None:
    project = base / "valley" / "valley.tgd"
    project.parent.mkdir()
    place = project.parent / "frames" / "valley.{frame}.png"
    project.write_text(json.dumps({"says": "terragen-4", "saves": [str(place)]}))
    job = farm.submit(project, 1, 4, render_engine="tgd")
    done = farm.wait(job)
    assert done["render_engine"] == "tgd"
    names = [f"valley.{frame:04}.png" for frame in range(1, 5)]
    assert sorted(path.name for path in place.parent.iterdir()) == names
    assert len(Path(f"{project}.calls").read_text().splitlines()) == 4
    picture = farm.http.get(f"/job/picture/{job}/1")
    assert picture.status_code == 404, "nobody knows where it is"
    assert picture.json()["error_code"] == 404


def test_a_job_that_no_renderer_knows(farm: Server, base: Path) -> None:
    (base / "shot.c4d").touch()
    order = {"path": "shot.c4d", "start_frame": 1, "end_frame": 1, "nodes": ["hex1"]}
    answer = farm.http.post("/job/new", json=order)
    assert answer.status_code == 400
    assert "there is blend (.blend), povray (.ini), tgd (.tgd)" in answer.json()["explanation"]


def test_check_finds_it_and_its_version(farm: Server, sshd: Sshd) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rcontrol", "check", "-c", str(farm.config), "--json"],
        env={**os.environ, "HOME": str(sshd.home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    for report in json.loads(done.stdout):
        versions = {found["program"]: found["version"] for found in report["programs"]}
        assert versions["povray"].startswith("POV-Ray 3."), versions


def povrays(folder: Path) -> list[int]:
    """Return the running POV-Rays that work in a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if (process / "cwd").readlink() == folder and b"povray" in (
                process / "comm"
            ).read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found
