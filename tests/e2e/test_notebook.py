"""The farm without HTTP: a notebook in a process of its own, and Ray's dashboard."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.server import Server, descendants, listening, until
from tests.scenes import build_scene

NOTEBOOK = """
import sys
import actors
from rcontrol.errors import WrongStatus

config, scene = sys.argv[1:]
farm = actors.connect(config)
job = farm.submit(scene, 1, 3, output="//book/f_", name="from a notebook")
farm.start(job)
last = None
for last in farm.watch(job, timeout_s=60):
    pass
print(last.job.status, last.done, last.percent)
[attempt] = farm.attempts(job, 2)
print(attempt.number, attempt.error, "Fra:2 " in farm.log(job, 2, attempt.id))
other = farm.submit(scene, 1, 3)
farm.stop(other)
try:
    farm.stop(other)
except WrongStatus as refused:
    print(refused)
farm.move(other, job)
print(list(farm.view().jobs).index(other) < list(farm.view().jobs).index(job))
farm.clear_finished()
print(job in farm.view().jobs)
farm.delete(other)
print(other in farm.view().jobs)
"""


def test_a_notebook_submits_watches_and_stops(server: Server, base: Path) -> None:
    scene = build_scene(base / "notebook" / "cube.blend")
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, str(server.config), str(scene)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HOME": str(server.folder)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-6:] == [
        "Finished 3 100.0",
        "1  True",
        "a job that is Stopped cannot be stopped",
        "True",
        "False",
        "False",
    ]
    assert len(list((scene.parent / "book").iterdir())) == 3
    assert not (server.folder / ".ray").exists(), "nothing is written to the user's home"


def test_the_dashboard_shows_actors_by_name_and_frames_as_tasks(server: Server, base: Path) -> None:
    scene = build_scene(base / "dashboard" / "cube.blend")
    job = server.submit(scene, 1, 2, name="dashed")
    server.get(f"/job/start/{job}")
    server.wait(job)
    url = f"http://127.0.0.1:{server.settings['ray']['dashboard_port']}"
    token = (server.work / "ray-token").read_text()
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as dashboard:

        def rows(what: str) -> list[dict[str, Any]]:
            answer = dashboard.get(f"/api/v0/{what}", params={"detail": "true"})
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = answer.json()["data"]["result"]["result"]
            return found

        actors = {(row["class_name"], row["name"]) for row in rows("actors")}
        assert {
            ("JobManager", "JobManager"),
            ("NodeActor", "node:hex1"),
            ("NodeActor", "node:hex2"),
        } <= actors
        until(lambda: {"dashed/1", "dashed/2"} <= {row["name"] for row in rows("tasks")}, 30.0)
        assert dashboard.get("/").status_code == 200
        assert httpx.get(f"{url}/api/v0/actors", trust_env=False).status_code in (401, 403)


def test_everything_listens_on_this_machine_alone(server: Server) -> None:
    assert server.process is not None
    addresses = listening([server.process.pid, *descendants(server.process.pid)])
    loopback = {
        "0100007F",
        "0000000000000000FFFF00000100007F",
        "00000000000000000000000001000000",
    }
    assert addresses
    assert addresses <= loopback
