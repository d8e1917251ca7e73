"""Every endpoint of the wire contract, by GET and by POST."""

from pathlib import Path
from typing import Any

import pytest

from rcontrol.farm.model import JobId
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api

BOTH = pytest.mark.parametrize("method", ["GET", "POST"])

NODE_IDLE = {"rendering": False, "enabled": True, "frame": None, "progress": 0.0}


@BOTH
def test_the_queue_in_short(api: Api, farm: FakeFarm, job: JobId, base: Path, method: str) -> None:
    answer = api(method, "/job/summary")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.json() == {
        "state": {"autostart": False},
        "jobs": [
            {
                "id": job,
                "file_path": str(base / "cube.blend"),
                "status": "Waiting",
                "progress": 0.0,
                "time_remaining": 0.0,
            }
        ],
    }


@BOTH
def test_a_job_in_the_words_of_2018(
    api: Api, farm: FakeFarm, job: JobId, base: Path, method: str
) -> None:
    _render_a_while(api, farm, job)
    found = api(method, f"/job/status/{job}").json()
    assert {key: found[key] for key in STATUS_2018} == {
        "id": job,
        "file_path": str(base / "cube.blend"),
        "start_frame": 1,
        "end_frame": 4,
        "render_engine": "blend",
        "status": "Rendering",
        "progress": 37.5,
        "time_avg": 30.0,
        "time_elapsed": 30.0,
        "time_remaining": 50.0,
        "node_status": NODES_RENDERING,
    }
    assert found["frames_done"] == 1
    assert found["reason"] == ""
    assert found["options"] == {
        "output": "",
        "scene": "",
        "args": [],
        "publish": "fenced",
        "priority": 0,
    }


@BOTH
def test_a_job_in_the_words_of_2022(
    api: Api, farm: FakeFarm, job: JobId, base: Path, method: str
) -> None:
    started = _render_a_while(api, farm, job)
    found = api(method, f"/job/info/{job}").json()
    assert {key: found[key] for key in INFO_2022} == {
        "id": job,
        "path": str(base / "cube.blend"),
        "start_frame": 1,
        "end_frame": 4,
        "status": "Rendering",
        "time_start": started,
        "time_stop": 0.0,
        "time_elapsed": 30.0,
        "time_avg_per_frame": 30.0,
        "time_remaining": 50.0,
        "progress": 37.5,
        "node_status": NODES_RENDERING,
    }
    assert api(method, "/job/info").json() == [found]


STATUS_2018 = (
    "id",
    "file_path",
    "start_frame",
    "end_frame",
    "render_engine",
    "status",
    "progress",
    "time_avg",
    "time_elapsed",
    "time_remaining",
    "node_status",
)
INFO_2022 = (
    "id",
    "path",
    "start_frame",
    "end_frame",
    "status",
    "time_start",
    "time_stop",
    "time_elapsed",
    "time_avg_per_frame",
    "time_remaining",
    "progress",
    "node_status",
)
NODES_RENDERING: dict[str, dict[str, Any]] = {
    "hex1": NODE_IDLE,
    "hex2": {"rendering": True, "enabled": True, "frame": 2, "progress": 50.0},
    "mac1": NODE_IDLE | {"enabled": False},
}


def _render_a_while(api: Api, farm: FakeFarm, job: JobId) -> float:
    """Start a job; 30 s later hex1 is through with frame 1 and hex2 at half of frame 2."""
    started = farm.now
    api.post(f"/job/start/{job}")
    farm.begin("hex1")
    farm.begin("hex2")
    farm.tick(30.0)
    farm.finish("hex1")
    farm.progress("hex2", 50.0)
    return started


@BOTH
@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ([], "start", "Rendering"),
        ([], "stop", "Stopped"),
        (["start"], "stop", "Stopped"),
        (["stop"], "start", "Rendering"),
        (["stop"], "enqueue", "Waiting"),
        (["stop"], "reset_status", "Waiting"),
    ],
)
def test_actions_answer_with_an_empty_body_and_have_happened(
    api: Api, job: JobId, method: str, before: list[str], action: str, after: str
) -> None:
    for earlier in before:
        api.post(f"/job/{earlier}/{job}")
    answer = api(method, f"/job/{action}/{job}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(f"/job/info/{job}").json()["status"] == after


@BOTH
def test_delete(api: Api, job: JobId, method: str) -> None:
    assert api(method, f"/job/delete/{job}").content == b""
    assert api.get("/job/info").json() == []


@BOTH
def test_enable_and_disable_a_node_for_one_job(api: Api, job: JobId, method: str) -> None:
    other = api.post("/job/new", json=ORDER).json()["job_id"]
    assert api(method, f"/node/enable/mac1/{job}").content == b""
    assert api(method, f"/node/disable/hex1/{job}").content == b""
    assert _enabled(api, job) == {"hex1": False, "hex2": True, "mac1": True}
    assert _enabled(api, other) == {"hex1": True, "hex2": True, "mac1": False}


def _enabled(api: Api, job: str) -> dict[str, bool]:
    status = api.get(f"/job/status/{job}").json()["node_status"]
    return {name: node["enabled"] for name, node in status.items()}


@BOTH
def test_nodes(api: Api, farm: FakeFarm, job: JobId, method: str) -> None:
    assert api(method, "/node/list").json() == ["hex1", "hex2", "mac1"]
    api.post(f"/job/start/{job}")
    farm.begin("hex1")
    farm.lose("mac1", "no route to host")
    states = api(method, "/node/state").json()
    assert [state["state"] for state in states] == ["online", "online", "offline"]
    assert states[0]["rendering"] == [{"job_id": job, "frame": 1, "progress": 0.0}]
    assert states[2] == api(method, "/node/state/mac1").json()
    assert states[2] == {
        "name": "mac1",
        "state": "offline",
        "reason": "no route to host",
        "since": farm.now,
        "rest_until": 0.0,
        "slots": 1,
        "rendering": [],
        "duty": "serving",
        "duty_reason": "",
        "duty_since": 1000.0,
        "frames_done": 0,
        "average": 0.0,
    }


@BOTH
def test_autostart(api: Api, method: str) -> None:
    assert api(method, "/config/autostart").json() == {"autostart": False}
    assert api(method, "/config/autostart/enable").content == b""
    assert api(method, "/config/autostart").json() == {"autostart": True}
    assert api(method, "/config/autostart/disable").content == b""
    assert api(method, "/config/autostart").json() == {"autostart": False}


@BOTH
def test_the_farm_as_a_whole(api: Api, method: str, farm: FakeFarm) -> None:
    quiet = {"autostart": False, "draining_until": 0.0, "notice": ""}
    assert api(method, "/farm/state").json() == quiet
    farm.drain(60.0)
    state = api(method, "/farm/state").json()
    assert state["draining_until"] == farm.now + 60.0
    assert "the server is about to end" in state["notice"]


@pytest.mark.parametrize("body", [{"path": "/"}, {"path": ""}, {}, {"path": None}])
def test_the_base_directory_has_many_names(api: Api, base: Path, body: dict[str, object]) -> None:
    answer = api.post("/storage/ls", json=body).json()
    assert answer["current"] == str(base)
    assert {entry["name"]: entry["type"] for entry in answer["contents"]} == {
        "cube.blend": "f",
        "films": "d",
    }
    keys = {"name", "path", "type", "size", "atime", "mtime", "ctime", "ext"}
    assert all(set(entry) == keys for entry in answer["contents"])


def test_folders_may_be_named_absolutely_or_relatively(api: Api, base: Path) -> None:
    relative = api.post("/storage/ls", json={"path": "films"}).json()
    assert relative == api.post("/storage/ls", json={"path": str(base / "films")}).json()
    assert relative["contents"][0]["path"] == str(base / "films" / "teapot.blend")


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"render_engine": "blend"},
        {"start_frame": "1", "end_frame": " 4 "},
        {"an_old_clients_own": 1},
    ],
)
def test_submitting_as_old_clients_do(api: Api, extra: dict[str, object]) -> None:
    job = api.post("/job/new", json=ORDER | extra).json()["job_id"]
    found = api.get(f"/job/status/{job}").json()
    assert (found["start_frame"], found["end_frame"]) == (1, 4)
    assert found["render_engine"] == "blend"


@pytest.mark.parametrize("extra", [{}, {"render_engine": "tgd"}])
def test_submitting_terragens_files_as_old_clients_do(
    api: Api, base: Path, extra: dict[str, object]
) -> None:
    (base / "valley.TGD").touch()
    job = api.post("/job/new", json=ORDER | {"path": "valley.TGD"} | extra).json()["job_id"]
    assert api.get(f"/job/status/{job}").json()["render_engine"] == "tgd"


def test_a_file_that_nothing_renders_is_told_what_is_rendered(api: Api, base: Path) -> None:
    (base / "shot.c4d").touch()
    answer = api.post("/job/new", json=ORDER | {"path": "shot.c4d"})
    assert answer.status_code == 400
    known = "there is blend (.blend), tgd (.tgd), maya (.ma .mb)"
    assert known in answer.json()["explanation"]


def test_submitting_with_options(api: Api) -> None:
    options: dict[str, Any] = {"output": "//out/", "scene": "Två", "args": ["--debug"]}
    options |= {"publish": "direct", "priority": 7}
    job = api.post("/job/new", json=ORDER | options | {"name": "Läuft"}).json()["job_id"]
    found = api.get(f"/job/info/{job}").json()
    assert found["options"] == options
    assert found["name"] == "Läuft"


def test_submitting_frames_as_people_write_them(api: Api, farm: FakeFarm) -> None:
    order = {key: value for key, value in ORDER.items() if not key.endswith("_frame")}
    order |= {"frames": "20, 1-10x4, 5", "nodes": ["hex1"]}
    job = api.post("/job/new", json=order).json()["job_id"]
    found = api.get(f"/job/info/{job}").json()
    assert (found["frames"], found["frames_total"]) == ("1-9x4,20", 4)
    assert (found["start_frame"], found["end_frame"]) == (1, 20)
    api.post(f"/job/start/{job}")
    assert [farm.finish("hex1") for _ in range(2)] == [1, 5]
    assert api.get(f"/job/status/{job}").json()["progress"] == 50.0
    assert api.get(f"/job/frames/{job}").json() == {
        "first": 1,
        "frames": "1-9x4,20",
        "states": "d2r2",
    }
    assert api.get(f"/job/why/{job}/6").json()["message"] == "Frame not found"
    assert [farm.finish("hex1") for _ in range(2)] == [9, 20]
    assert api.get(f"/job/status/{job}").json()["status"] == "Finished"


def test_a_range_is_shown_as_an_expression(api: Api, job: JobId) -> None:
    found = api.get(f"/job/status/{job}").json()
    assert (found["frames"], found["frames_total"]) == ("1-4", 4)


def test_counting_frames(api: Api) -> None:
    answer = api.post("/frames/count", json={"frames": "10-20, 1,4"})
    assert answer.json() == {"frames": "1,4,10-20", "count": 13, "first": 1, "last": 20}
    answer = api.post("/frames/count", json={"frames": "1-10,b"})
    assert answer.status_code == 400
    assert answer.json()["explanation"].startswith("frames: 'b' cannot be read; write frames (7)")


def test_the_reason_of_a_failed_job_can_be_read(api: Api, farm: FakeFarm, job: JobId) -> None:
    api.post(f"/job/start/{job}")
    farm.fail("hex1", final=True)
    found = api.get(f"/job/info/{job}").json()
    assert found["status"] == "Failed"
    assert found["reason"] == "Error: no"


@pytest.mark.parametrize("path", ["/job/summary/", "/node/list/", "/config/autostart/"])
def test_a_slash_at_the_end_is_tolerated(api: Api, path: str) -> None:
    assert api.get(path).status_code == 200


@BOTH
def test_why_nothing_happens(api: Api, job: JobId, method: str) -> None:
    off = "autostart is off: switch it on or start the job"
    assert api(method, f"/job/why/{job}").json() == {"reason": "autostart_off", "why": off}
    assert api(method, f"/job/why/{job}/2").json() == {
        "reason": "job_waits",
        "why": f"its job is Waiting: {off}",
    }
    api.post(f"/job/start/{job}")
    assert api(method, f"/job/why/{job}/2/").json()["reason"] == "in_line"
    assert api(method, "/node/why/mac1").json() == {
        "reason": "nothing_left",
        "why": "the rendering jobs have no frame left to give out",
    }
