"""The main job: a .blend goes in over REST, verified frames come out."""

import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rcontrol.client import Client
from tests.e2e.server import Server, until
from tests.fakes.sshd import Sshd
from tests.scenes import blender, bpy_python, build_scene, executables


def pixels(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_blend_goes_in_and_verified_frames_come_out(server: Server, base: Path) -> None:
    scene = build_scene(base / "cube" / "cube.blend", frames=10, size=(200, 150), samples=64)
    job = server.submit(scene, 1, 10)
    assert server.status(job)["status"] == "Waiting"
    server.get(f"/job/start/{job}")
    seen = set()
    progress = []
    while (now := server.status(job))["status"] == "Rendering":
        progress.append(now["progress"])
        seen |= {(name, node["rendering"]) for name, node in now["node_status"].items()}
        time.sleep(0.05)
    assert now["status"] == "Finished", now
    assert now["progress"] == 100.0
    assert now["time_remaining"] == 0.0
    assert now["time_elapsed"] > 0.0
    assert now["time_avg"] == pytest.approx(now["time_elapsed"] / 10)
    assert len(set(progress)) > 3, "progress was followed"
    assert {("hex1", True), ("hex2", True)} <= seen
    files = sorted(path.name for path in (scene.parent / "out").iterdir())
    assert files == [f"f_{frame:04}.png" for frame in range(1, 11)]
    alone = scene.parent / "alone"
    for frame in (1, 7):
        subprocess.run(
            [blender(), "-b", str(scene), "-o", f"{alone}/f_", "-f", str(frame)],
            check=True,
            capture_output=True,
        )
        name = f"f_{frame:04}.png"
        assert np.array_equal(pixels(scene.parent / "out" / name), pixels(alone / name))
    info = server.get(f"/job/info/{job}")
    assert info["time_stop"] > info["time_start"] > 0.0


def test_what_is_missing_is_rendered(server: Server, base: Path) -> None:
    """Every other frame, then what the folder lacks: holes, and a frame whose file is empty."""
    scene = build_scene(base / "gaps" / "cube.blend", frames=9, size=(64, 48))
    out = scene.parent / "out"
    client = Client(str(server.http.base_url))
    job = client.submit(str(scene), frames="1-9x4,2")
    client.start(job)
    assert server.wait(job)["frames_total"] == 4
    assert sorted(path.name for path in out.iterdir()) == [f"f_000{n}.png" for n in (1, 2, 5, 9)]
    (out / "f_0002.png").write_bytes(b"")
    times = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.stat().st_size}
    (found,) = client.missing_frames(str(out))["sequences"]
    assert (found["pattern"], found["missing"], found["empty"]) == ("f_####.png", "2-4,6-8", "2")
    job = client.submit(str(scene), frames=found["missing"])
    client.start(job)
    server.wait(job)
    (found,) = client.missing_frames(str(out), frames="1-9")["sequences"]
    assert (found["present"], found["missing"]) == ("1-9", "")
    assert {path: path.stat().st_mtime_ns for path in times} == times, "none was rendered again"
    client.close()


BPY_ALONE = """
import sys
import bpy

path, output, frame = sys.argv[1:]
bpy.ops.wm.open_mainfile(filepath=path)
scene = bpy.context.scene
scene.render.filepath = output
scene.frame_start = scene.frame_end = int(frame)
bpy.ops.render.render(animation=True)
"""


def test_the_bpy_wheel_renders_too(tmp_path: Path, sshd: Sshd, base: Path) -> None:
    scene = build_scene(base / "wheel" / "cube.blend", frames=6)
    node = {"name": "wheel", "executables": executables("bpy")}
    with Server(tmp_path / "farm", sshd, [node], base) as server:
        job = server.submit(scene, 1, 6)
        server.wait(job)
    assert len(list((scene.parent / "out").iterdir())) == 6
    alone = scene.parent / "alone"
    subprocess.run(
        [bpy_python(), "-c", BPY_ALONE, str(scene), f"{alone}/f_", "4"],
        check=True,
        capture_output=True,
    )
    name = "f_0004.png"
    assert np.array_equal(pixels(scene.parent / "out" / name), pixels(alone / name))


def test_options_override_the_scene(server: Server, base: Path) -> None:
    scene = build_scene(base / "options" / "cube.blend", more_scenes=["Other View"])
    plain = server.submit(scene, 3, 3, output="//plain/f_")
    other = server.submit(
        scene, 3, 3, scene="Other View", output="//other/f_", args=["--threads", "1"]
    )
    for job in (plain, other):
        server.get(f"/job/start/{job}")
        server.wait(job)
    first, second = (pixels(scene.parent / name / "f_0003.png") for name in ("plain", "other"))
    assert not np.array_equal(first, second)


def test_overwrite_off_keeps_what_is_complete(server: Server, base: Path) -> None:
    scene = build_scene(base / "keep" / "cube.blend", overwrite=False)
    out = scene.parent / "out"
    out.mkdir()
    kept = out / "f_0001.png"
    Image.new("RGB", (8, 8), "red").save(kept)
    broken = out / "f_0002.png"
    broken.write_bytes(kept.read_bytes()[:-20])
    before = kept.stat().st_mtime_ns
    job = server.submit(scene, 1, 3)
    server.get(f"/job/start/{job}")
    server.wait(job)
    assert kept.stat().st_mtime_ns == before
    assert pixels(broken).shape[:2] == (48, 64), "a broken frame is rendered again"


@pytest.mark.parametrize(
    "name",
    [
        "with space.blend",
        'it\'s "quoted".blend',
        "semi;colon && $(touch PWNED) `id`.blend",
        "новая сцена ünï.blend",
        "-dash.blend",
        "new\nline.blend",
    ],
)
def test_odd_paths_render_or_are_refused_and_reach_no_shell(
    server: Server, base: Path, name: str
) -> None:
    scene = build_scene(base / "odd $(touch PWNED)" / name, output="//out put;/f_")
    answer = server.http.post(
        "/job/new",
        json={"path": str(scene), "start_frame": 1, "end_frame": 1, "nodes": ["hex1"]},
    )
    if answer.status_code == 400:
        assert "line" in answer.json()["explanation"], "only a newline may be refused"
        assert "\n" in name
        return
    job = answer.json()["job_id"]
    server.get(f"/job/start/{job}")
    server.wait(job)
    assert (scene.parent / "out put;" / "f_0001.png").exists()
    assert not list(base.rglob("PWNED"))
    assert not Path("PWNED").exists()


def test_jobs_started_by_hand_render_beside_each_other(server: Server, base: Path) -> None:
    scene = build_scene(base / "beside" / "cube.blend", size=(200, 150), samples=64, frames=30)
    first = server.submit(scene, 1, 10, output="//a/f_")
    second = server.submit(scene, 1, 10, output="//b/f_")
    for job in (first, second):
        server.get(f"/job/start/{job}")
    assert [server.status(job)["status"] for job in (first, second)] == ["Rendering"] * 2

    def both_under_way() -> bool:
        return all(0.0 < server.status(job)["progress"] < 100.0 for job in (first, second))

    until(both_under_way)
    for job in (first, second):
        server.wait(job)


def test_a_node_disabled_while_it_renders_finishes_its_frame(server: Server, base: Path) -> None:
    scene = build_scene(base / "disabled" / "cube.blend", size=(200, 150), samples=64, frames=30)
    job = server.submit(scene, 1, 12)
    server.get(f"/job/start/{job}")

    def rendering(name: str) -> Any:
        node = server.status(job)["node_status"][name]
        return node["frame"] if node["rendering"] else None

    frame = until(lambda: rendering("hex1"))
    server.get(f"/node/disable/hex1/{job}")
    assert server.status(job)["node_status"]["hex1"]["enabled"] is False
    until(lambda: rendering("hex1") is None)
    assert (scene.parent / "out" / f"f_{frame:04}.png").exists()
    done = server.status(job)["progress"]
    server.wait(job)
    assert done < 100.0
    assert server.status(job)["node_status"]["hex1"]["rendering"] is False
    assert len(list((scene.parent / "out").iterdir())) == 12


def test_autostart_and_enqueue(server: Server, base: Path) -> None:
    scene = build_scene(base / "autostart" / "cube.blend")
    first = server.submit(scene, 1, 3)
    second = server.submit(scene, 1, 3)
    third = server.submit(scene, 1, 3)
    server.get(f"/job/stop/{second}")
    assert server.get("/config/autostart") == {"autostart": False}
    server.get("/config/autostart/enable")
    try:
        server.wait(first)
        server.wait(third)
        assert server.status(second)["status"] == "Stopped"
        server.get(f"/job/enqueue/{second}")
        server.wait(second)
    finally:
        server.get("/config/autostart/disable")


def test_a_job_may_be_deleted_once_it_does_not_render(server: Server, base: Path) -> None:
    scene = build_scene(base / "deleted" / "cube.blend", frames=50)
    job = server.submit(scene, 1, 50)
    server.get(f"/job/start/{job}")
    refused = server.http.get(f"/job/delete/{job}")
    assert refused.status_code == 409
    assert "Rendering" in refused.json()["message"]
    server.get(f"/job/stop/{job}")
    server.get(f"/job/delete/{job}")
    assert server.http.get(f"/job/status/{job}").status_code == 404
