"""What breaks, and what the farm makes of it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import Server, alive, descendants, renderers, until
from tests.fakes.sshd import Sshd, free_port
from tests.scenes import build_scene, executables

FRAMES = 16


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd, base: Path) -> Iterator[Server]:
    """A farm whose server is killed and stopped."""
    with Server(
        tmp_path_factory.mktemp("broken"),
        sshd,
        ("hex1", "hex2"),
        base,
        executables=executables("blender"),
        autostart=False,
    ) as running:
        running.nodes_online()
        yield running


def slow_scene(base: Path, name: str) -> Path:
    """Frames of about half a second."""
    return build_scene(base / name / "cube.blend", size=(200, 150), samples=64, frames=FRAMES)


def started(server: Server, scene: Path) -> str:
    job = server.submit(scene, 1, FRAMES)
    server.get(f"/job/start/{job}")
    return job


def some_done(server: Server, job: str) -> dict[str, int]:
    """Wait until a few frames are done; return file name -> time of last change."""
    until(lambda: server.status(job)["frames_done"] >= 3)
    done = server.status(job)["frames_done"]
    out = Path(server.status(job)["file_path"]).parent / "out"
    times = {path.name: path.stat().st_mtime_ns for path in out.glob("f_*")}
    assert len(times) >= done
    return dict(sorted(times.items())[:1])


def assert_whole(server: Server, job: str, kept: dict[str, int]) -> None:
    out = Path(server.status(job)["file_path"]).parent / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        f"f_{frame:04}.png" for frame in range(1, FRAMES + 1)
    ]
    for name, changed in kept.items():
        assert (out / name).stat().st_mtime_ns == changed, f"{name} was rendered again"


def progress(server: Server, job: str, node: str) -> float:
    """Return how far the node's frame has come, in percent."""
    return float(server.status(job)["node_status"][node]["progress"])


def attempts(server: Server, job: str) -> list[tuple[int, str]]:
    """Return (frame, error) of every attempt that came to an end, from the farm's own database."""
    import sqlite3

    with sqlite3.connect(server.work / "farm.db") as database:
        rows = database.execute("SELECT frame, error FROM attempts WHERE job_id = ?", (job,))
        return [(int(frame), str(error or "")) for frame, error in rows]


@pytest.mark.parametrize("actor", ["JobManager", "NodeActor"])
def test_a_killed_actor_costs_no_frame(server: Server, base: Path, actor: str) -> None:
    scene = slow_scene(base, f"killed {actor}")
    job = started(server, scene)
    kept = some_done(server, job)
    pid = server.actor_pid(actor)
    os.kill(pid, signal.SIGKILL)
    server.wait(job)
    assert_whole(server, job, kept)
    assert not alive(pid)
    ended = attempts(server, job)
    assert sorted(each for each in ended if not each[1]) == [
        (frame, "") for frame in range(1, FRAMES + 1)
    ]
    # What a NodeActor took with it had not reached the node: no renderer had begun with it.
    for frame in (frame for frame, error in ended if error):
        assert actor == "NodeActor"
        for lost in server.get(f"/job/attempts/{job}/{frame}"):
            if lost["error"] and lost["log"]:
                log = server.get(f"/job/log/{job}/{frame}?attempt={lost['id']}")
                assert "Fra:" not in log["text"], (lost, log)
    until(lambda: not renderers(str(scene)))


def test_a_killed_server_goes_on_where_it_was(farm: Server, base: Path) -> None:
    scene = slow_scene(base, "killed server")
    job = started(farm, scene)
    waiting = farm.submit(scene, 1, 1, "hex1")
    farm.get(f"/job/stop/{waiting}")
    farm.get(f"/node/disable/hex2/{waiting}")
    kept = some_done(farm, job)
    before = farm.status(job)
    rendering = set(renderers(str(scene)))
    farm.kill_everything()
    farm.start()
    again = farm.status(job)
    assert again["status"] == "Rendering"
    assert again["frames_done"] >= before["frames_done"]
    assert [each["id"] for each in farm.get("/job/info")][-2:] == [job, waiting]
    assert farm.status(waiting)["status"] == "Stopped"
    farm.wait(job)
    assert_whole(farm, job, kept)
    assert sorted(attempts(farm, job)) == [(frame, "") for frame in range(1, FRAMES + 1)]
    assert "session.adopted" in farm.log
    assert rendering
    until(lambda: not renderers(str(scene)))


def test_a_stopped_server_leaves_nothing_behind_and_resumes(farm: Server, base: Path) -> None:
    scene = slow_scene(base, "stopped server")
    job = started(farm, scene)
    kept = some_done(farm, job)
    assert farm.stop() == 0
    assert not renderers(str(scene))
    farm.start()
    farm.wait(job)
    assert_whole(farm, job, kept)


def test_what_a_killed_server_leaves_of_ray_is_cleared_up_at_the_next_start(farm: Server) -> None:
    assert farm.process is not None
    before = descendants(farm.process.pid)
    farm.process.kill()
    farm.process.wait(10.0)
    farm.start()
    until(lambda: not [pid for pid in before if alive(pid)])


def test_a_second_server_on_the_same_work_folder_is_refused(server: Server) -> None:
    import subprocess
    import sys

    second = subprocess.run(
        [sys.executable, "-m", "rcontrol", "serve", "-c", str(server.config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "another rcontrol serves from" in second.stderr
    assert server.get("/node/list") == ["hex1", "hex2"]


def test_a_killed_renderer_rests_its_node_and_the_frame_is_rendered(
    server: Server, base: Path
) -> None:
    scene = slow_scene(base, "killed renderer")
    job = started(server, scene)
    some_done(server, job)
    os.kill(until(lambda: renderers(str(scene)))[0], signal.SIGKILL)
    server.wait(job)
    assert any("kill" in error.lower() for _, error in attempts(server, job))


def test_stop_ends_this_jobs_renderers_and_no_others(server: Server, base: Path) -> None:
    # A node may rest after an earlier test.
    server.nodes_online()
    # Nobody waits for these frames.
    doomed = build_scene(base / "doomed" / "cube.blend", size=(400, 300), samples=8192, frames=9)
    spared = build_scene(base / "spared" / "cube.blend", size=(400, 300), samples=8192, frames=9)
    first = server.submit(doomed, 1, 4, "hex1")
    second = server.submit(spared, 1, 2, "hex2")
    for job in (first, second):
        server.get(f"/job/start/{job}")
    until(lambda: renderers(str(doomed)) and progress(server, second, "hex2"))
    other = renderers(str(spared))
    server.get(f"/job/stop/{first}")
    until(lambda: not renderers(str(doomed)), patience_s=5.0)
    assert renderers(str(spared)) == other
    assert server.status(first)["status"] == "Stopped"
    server.get(f"/job/stop/{second}")
    until(lambda: not renderers(str(spared)), patience_s=5.0)


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.3, 1.0])
def test_a_job_stopped_right_after_its_start_keeps_no_renderer(
    server: Server, base: Path, pause: float
) -> None:
    scene = build_scene(base / "early" / "cube.blend", size=(400, 300), samples=512, frames=9)
    job = server.submit(scene, 1, 9)
    server.get(f"/job/start/{job}")
    time.sleep(pause)
    server.get(f"/job/stop/{job}")
    seen_at = stopped_at = time.monotonic()
    while time.monotonic() < stopped_at + 6.0:
        if renderers(str(scene)):
            seen_at = time.monotonic()
        time.sleep(0.05)
    assert seen_at < stopped_at + 5.0, "a renderer was left, or came up late"


def no_camera(base: Path) -> Path:
    return build_scene(base / "no camera" / "cube.blend", camera=False)


def missing(base: Path) -> Path:
    return base / "missing" / "cube.blend"


def no_blend(base: Path) -> Path:
    path = base / "no blend" / "cube.blend"
    path.parent.mkdir()
    path.write_text("this is no .blend")
    return path


def unwritable(base: Path) -> Path:
    (base / "unwritable").mkdir()
    (base / "unwritable" / "out").write_text("a file where a folder is wanted")
    return build_scene(base / "unwritable" / "cube.blend")


def movie(base: Path) -> Path:
    return build_scene(base / "movie" / "cube.blend", file_format="AVI_JPEG")


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (no_camera, "no camera"),
        (missing, "No such file"),
        (no_blend, "blend"),
        (unwritable, "cannot save"),
        (movie, "movie"),
    ],
)
def test_a_job_that_cannot_be_rendered_fails_and_says_why(
    server: Server, base: Path, scene: object, words: str
) -> None:
    assert callable(scene)
    path = scene(base)
    job = server.submit(path, 1, 2)
    good = server.submit(build_scene(base / "good" / f"{path.parent.name}.blend"), 1, 2)
    server.get(f"/job/start/{job}")
    server.get(f"/job/start/{good}")
    failed = server.wait(job, "Failed")
    assert words in failed["reason"], failed
    assert len(attempts(server, job)) <= 6, attempts(server, job)
    server.wait(good)


def test_frames_of_bad_nodes_render_elsewhere_and_the_nodes_say_why(
    tmp_path: Path, sshd: Sshd, base: Path
) -> None:
    scene = build_scene(base / "bad nodes" / "cube.blend", frames=FRAMES)
    stranger = tmp_path / "id_stranger"
    from tests.fakes.sshd import keygen

    keygen(stranger)
    nodes: list[str | dict[str, Any]] = [
        "hex1",
        {"name": "down", "host": "127.0.0.1", "port": free_port()},
        {"name": "lonely", "key": str(stranger)},
        {"name": "bare", "executables": {"blender": "/nowhere/blender"}},
    ]
    blender = executables("blender")
    with Server(tmp_path / "farm", sshd, nodes, base, executables=blender) as server:
        server.nodes_online("hex1", "bare")
        job = server.submit(scene, 1, FRAMES)
        reasons: dict[str, str] = {}

        def finished() -> bool:
            for node in server.get("/node/state"):
                if node["reason"]:
                    reasons[node["name"]] = node["reason"]
            return bool(server.status(job)["status"] == "Finished")

        until(finished)
        until(lambda: finished() and {"down", "lonely", "bare"} <= reasons.keys())
    assert "refused" in reasons["down"]
    assert "key" in reasons["lonely"]
    assert "/nowhere/blender" in reasons["bare"]
    assert "hex1" not in reasons
