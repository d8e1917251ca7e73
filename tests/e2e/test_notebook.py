"""The farm without HTTP: a notebook in a process of its own, and Ray's dashboard."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

from tests.e2e.server import Server, descendants, listening, until
from tests.scenes import build_scene

DOCUMENTED = Path(__file__).parents[2] / "docs" / "notebook.ipynb"
SCRIPT = """
import sys
import actors
from rcontrol import client
from rcontrol.errors import RcontrolError

over, config, url, scene = sys.argv[1:]
farm = actors.connect(config) if over == "Ray" else client.connect(url)
job = farm.submit(scene, 1, 3, output=f"//{over}/f_", name=f"over {over}")
print(job.why())
job.start()
last = job.wait(timeout_s=60)
print(last["status"], last["frames_done"], last["progress"])
print(job.frames())
[attempt] = job.attempts(2)
print(attempt["number"], attempt["error"] or "-", attempt["log"], "Fra:2 " in job.log(2))
print(farm.missing_frames(f"{scene.rpartition('/')[0]}/{over}", "1-9x4"))
other = farm.submit(scene, frames="1,3")
other.stop()
try:
    other.stop()
except RcontrolError as refused:
    print("a job that is Stopped cannot be stopped" in str(refused))
other.move(before=job)
print(farm.jobs().index(other) < farm.jobs().index(job))
node = farm.node("hex2")
node.pause("a test")
print(node.info()["duty_reason"], "|", node.why())
node.resume()
other.disable("hex1")
print(other.info()["node_status"]["hex1"]["enabled"])
print(farm.autostart)
farm.clear_finished()
print(job in farm.jobs())
other.delete()
print(other in farm.jobs())
try:
    other.info()
except RcontrolError as missing:
    print(f"there is no job '{other.id}'" in str(missing))
"""


@pytest.mark.parametrize("over", ["Ray", "HTTP"])
def test_jobs_and_nodes_are_objects(server: Server, base: Path, over: str) -> None:
    scene = build_scene(base / "notebook" / "cube.blend")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, over, str(server.config), server.url, str(scene)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "HOME": str(server.folder)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-13:] == [
        "autostart is off: switch it on or start the job",
        "Finished 3 100.0",
        "{1: 'done', 2: 'done', 3: 'done'}",
        "1 - True True",
        "{'f_####.png': '5,9'}",
        "True",
        "True",
        "a test | it is paused: a test: resume it",
        "False",
        "False",
        "False",
        "False",
        "True",
    ]
    assert len(list((scene.parent / over).iterdir())) == 3
    assert not (server.folder / ".ray").exists(), "nothing is written to the user's home"


def test_the_notebook_of_the_documentation(server: Server, base: Path) -> None:
    scene = build_scene(base / "documented" / "cube.blend")
    notebook: Any = nbformat.read(DOCUMENTED, 4)  # type: ignore[no-untyped-call]
    [parameters] = [cell for cell in notebook.cells if cell.id == "parameters"]
    parameters.source = f"config = {str(server.config)!r}\nscene = {str(scene)!r}"
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(
        env={**os.environ, "HOME": str(server.folder)}
    )
    cells = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    def data(cell: str, kind: str) -> str:
        [found] = [one.data[kind] for one in cells[cell] if kind in one.get("data", ())]
        return str(found)

    def text(cell: str) -> str:
        return "".join(one.text for one in cells[cell] if one.get("name") == "stdout")

    assert "hex1" in data("connect", "text/html")
    card = data("submit", "text/html")
    assert "Finished" in card, "the display has followed to the end"
    assert "4 of 4 frames" in card
    assert "Finished 4 frames" in text("submit")
    assert data("frames", "text/plain") == "{1: 'done', 2: 'done', 3: 'done', 4: 'done'}"
    assert text("log").startswith("Saved: ")
    assert len(list((scene.parent / "from_notebook").iterdir())) == 4


def test_a_notebook_that_dies_leaves_the_farm_alone(server: Server, base: Path) -> None:
    scene = build_scene(base / "killed" / "cube.blend", samples=64)
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(server.config), str(scene)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(server.folder)},
    )
    with waiting:
        assert waiting.stdout is not None
        job = waiting.stdout.readline().strip()
        # The server hears of it a moment later.
        until(lambda: server.http.get(f"/job/status/{job}").status_code == 200)
        server.wait_for_frames(job, 1)
        manager = server.actor_pid("JobManager")
        waiting.kill()
    server.wait(job)
    assert server.actor_pid("JobManager") == manager


WAITING = """
import sys
import actors

job = actors.connect(sys.argv[1]).submit(sys.argv[2], 1, 8, output="//out/f_")
job.start()
print(job.id, flush=True)
job.wait()
"""


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

        actors = {(row["class_name"], row["name"], row["repr_name"]) for row in rows("actors")}
        assert {
            ("JobManager", "JobManager", "JobManager"),
            ("NodeActor", "node:hex1", "NodeActor(hex1)"),
            ("NodeActor", "node:hex2", "NodeActor(hex2)"),
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
