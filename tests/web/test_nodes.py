"""Nodes come and go, pause and are freed, over REST."""

from typing import Any

import pytest

from rcontrol.farm.model import JobId
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api


def states(api: Api) -> dict[str, Any]:
    return {node["name"]: node for node in api.get("/node/state").json()}


def act(api: Api, path: str, **more: Any) -> None:
    answer = api.post(path, **more)
    assert (answer.status_code, answer.content) == (200, b""), answer.text


def test_a_node_is_added_and_old_clients_see_it(api: Api, job: JobId) -> None:
    act(api, "/node/add", json={"name": "hex9", "host": "10.0.0.9", "slots": 2})
    assert api.get("/node/list").json() == ["hex1", "hex2", "mac1", "hex9"]
    assert states(api)["hex9"]["slots"] == 2
    status = api.get(f"/job/status/{job}").json()["node_status"]
    assert status["hex9"]["enabled"] is False
    act(api, f"/node/enable/hex9/{job}")
    assert api.get(f"/job/status/{job}").json()["node_status"]["hex9"]["enabled"] is True


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "hex1"}, 409, "hex1 is a node of this farm already"),
        ({}, 400, "name: "),
        ({"name": "a b"}, 400, "name: is 'a b'; write a name without blanks"),
        ({"name": "-oProxyCommand=x"}, 400, "name: "),
        ({"name": "a/b"}, 400, "name: "),
        ({"name": "hex9", "port": 0}, 400, "port: "),
        ({"name": "hex9", "port": "22"}, 400, "port: "),
        ({"name": "hex9", "colour": "red"}, 400, "colour: "),
        ({"name": "hex9", "slots": 0}, 400, "slots: makes 0 slots; write 1 to 1000"),
        ({"name": "hex9", "slots": []}, 400, "slots: "),
        ({"name": "hex9", "slots": [{"A B": "1"}]}, 400, "no name of an environment variable"),
        ({"name": "hex9", "slots": [{"TMPDIR": "/x"}]}, 400, "which the farm sets itself"),
        ({"name": "hex9", "slots": [{"A": 1}]}, 400, "slots.0.A: "),
        ({"name": "hex9", "slots": [{"A": "x\ny"}]}, 400, "slots.0.A: holds a line break"),
        ({"name": "hex9", "executables": {"blender": "b/c"}}, 400, "executables.blender: "),
        (
            {"name": "hex9", "executables": {"blendr": "/b"}},
            400,
            "executables.blendr: is not a known key; did you mean blender?",
        ),
    ],
)
def test_a_node_that_makes_no_sense_is_refused(
    api: Api, body: object, status: int, words: str
) -> None:
    answer = api.post("/node/add", json=body)
    assert answer.status_code == status
    assert words in answer.json()["explanation"]
    assert api.get("/node/list").json() == ["hex1", "hex2", "mac1"]


def test_what_the_file_says_of_all_nodes_holds_for_an_added_one(api: Api, farm: FakeFarm) -> None:
    farm.config.write_text(farm.config.read_text() + "ssh_user: igp\nblenderpath_linux: /b\n")
    act(api, "/node/add", json={"name": "hex9"})
    settings = farm.settings_of("hex9")
    assert (settings.user, settings.executables) == ("igp", {"blender": "/b"})


def test_a_removed_node_is_shown_until_its_frame_is_done(
    api: Api, farm: FakeFarm, job: JobId
) -> None:
    act(api, f"/job/start/{job}")
    farm.begin("hex1")
    act(api, "/node/remove/hex1")
    assert api.get("/node/list").json() == ["hex2", "mac1"]
    assert list(api.get(f"/job/info/{job}").json()["node_status"]) == ["hex2", "mac1"]
    leaving = states(api)["hex1"]
    assert (leaving["duty"], leaving["rendering"][0]["frame"]) == ("leaving", 1)
    for path in ("/node/remove/hex1", "/node/pause/hex1", f"/node/enable/hex1/{job}"):
        assert api.post(path).status_code == 404
    order = api.post("/job/new", json={**ORDER, "nodes": ["hex1"]})
    assert (order.status_code, order.json()["message"]) == (404, "Node not found")
    farm.finish("hex1")
    assert "hex1" not in states(api)
    assert api.get(f"/job/info/{job}").json()["frames_done"] == 1
    again = api.post("/node/add", json={"name": "hex1"})
    assert again.status_code == 409
    assert "reload its nodes to have it back" in again.json()["explanation"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pause_says_why_and_since_when(api: Api, farm: FakeFarm, method: str) -> None:
    assert api(method, "/node/pause/hex1").status_code == 200
    act(api, "/node/pause/hex1", json={"reason": "new fans"})
    paused = states(api)["hex1"]
    assert paused["state"] == "online"
    assert (paused["duty"], paused["duty_reason"]) == ("paused", "new fans")
    assert paused["duty_since"] == farm.now
    assert api(method, "/node/resume/hex1").status_code == 200
    assert (states(api)["hex1"]["duty"], states(api)["hex1"]["duty_reason"]) == ("serving", "")


@pytest.mark.parametrize("body", [{"reason": 5}, {"reason": "x" * 501}, [], "x"])
def test_a_pause_with_nonsense_is_refused(api: Api, body: object) -> None:
    assert api.post("/node/pause/hex1", json=body).status_code == 400
    assert states(api)["hex1"]["duty"] == "serving"


def test_a_killed_frame_is_given_out_again(api: Api, farm: FakeFarm, job: JobId) -> None:
    answer = api.post("/node/kill/hex1")
    assert (answer.status_code, answer.json()["message"]) == (409, "Not possible for this node")
    act(api, f"/job/start/{job}")
    farm.begin("hex1")
    act(api, "/node/kill/hex1")
    assert states(api)["hex1"]["rendering"] == []
    assert 1 in {farm.finish("hex1"), farm.finish("hex1")}
    assert api.get(f"/job/info/{job}").json()["frames_failed"] == 0


def test_nodes_are_reloaded_from_the_file(api: Api, farm: FakeFarm) -> None:
    act(api, "/node/add", json={"name": "zoo"})
    good = farm.config.read_text()
    farm.config.write_text(good.replace("'hex2'", "'hex7'"))
    act(api, "/node/reload")
    assert api.get("/node/list").json() == ["hex1", "hex7", "mac1", "zoo"]
    farm.config.write_text(good + "nonsense: 1\n")
    answer = api.get("/node/reload")
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "Configuration file cannot be used",
    )
    assert ":3: nonsense: is not a known key" in answer.json()["explanation"]
    assert api.get("/node/list").json() == ["hex1", "hex7", "mac1", "zoo"]
