"""The HTTP client against a real server."""

import pickle
import threading
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rcontrol import caller as module
from rcontrol.client import ApiError, Client, ServerUnreachable
from rcontrol.errors import FarmUnavailable, WaitTimeout
from tests.fakes.farm import FakeFarm
from tests.web.server import serving

NOBODY = "http://127.0.0.1:9"


def test_a_job_from_its_submission_to_its_end(client: Client, base: Path) -> None:
    job = client.submit(
        "cube.blend", 1, 3, ["hex1"], name="film", output="//o/", args=["-x"], priority=2
    )
    found = client.job(job)
    assert client.jobs() == [found]
    assert found["path"] == str(base / "cube.blend")
    assert found["options"] == {
        "output": "//o/",
        "scene": "",
        "args": ["-x"],
        "publish": "fenced",
        "priority": 2,
    }
    assert found["name"] == "film"
    client.start(job)
    assert client.job(job)["status"] == "Rendering"
    client.stop(job)
    client.enqueue(job)
    assert client.summary()["jobs"][0]["status"] == "Waiting"
    client.enable_node(job, "hex2")
    client.disable_node(job, "hex1")
    enabled = {name: node["enabled"] for name, node in client.job(job)["node_status"].items()}
    assert enabled == {"hex1": False, "hex2": True, "mac1": False}
    client.delete(job)
    assert client.jobs() == []


def test_all_nodes_render_unless_some_are_named(client: Client) -> None:
    job = client.job(client.submit("cube.blend", 1, 3))
    assert all(node["enabled"] for node in job["node_status"].values())


def test_nodes_autostart_and_storage(client: Client, base: Path) -> None:
    assert client.node_names() == ["hex1", "hex2", "mac1"]
    assert [node["state"] for node in client.nodes()] == ["online"] * 3
    assert client.autostart() is False
    client.set_autostart(True)
    assert client.autostart() is True
    assert client.ls()["current"] == str(base)
    assert client.ls("films")["contents"] == []


def test_why(client: Client) -> None:
    job = client.submit("cube.blend", 1, 4, ["hex1"])
    assert client.why_job(job)["reason"] == "autostart_off"
    assert client.why_job(job, 4)["why"].startswith("its job is Waiting")
    assert client.why_node("hex2")["reason"] == "no_job_renders"
    with pytest.raises(ApiError, match="has no frame 5"):
        client.why_job(job, 5)


def test_errors_hold_what_the_server_said(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.start("no/such job")
    assert (caught.value.status, caught.value.message) == (404, "Job ID not found")
    assert str(caught.value) == "Job ID not found: there is no job 'no/such job'"


def test_nobody_there() -> None:
    with Client(NOBODY) as client, pytest.raises(ServerUnreachable) as caught:
        client.jobs()
    assert NOBODY in str(caught.value)
    assert "rcontrol serve" in str(caught.value)


@pytest.mark.parametrize("url", ["farm:2020", "ftp://farm", "http://[", ""])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ServerUnreachable):
        Client(url).jobs()


@pytest.mark.parametrize("status", [200, 404])
def test_another_kind_of_server(status: int) -> None:
    async def page(_: object) -> PlainTextResponse:
        return PlainTextResponse("hello", status)

    with (
        serving(Starlette(routes=[Route("/{path:path}", page)])) as url,
        Client(url) as client,
        pytest.raises(ServerUnreachable),
    ):
        client.jobs()


@pytest.mark.parametrize(
    "error",
    [
        ApiError(404, "Job ID not found", "there is no job"),
        ServerUnreachable(NOBODY, "refused"),
        WaitTimeout("feed", "Rendering", 1.5),
    ],
)
def test_errors_can_be_pickled(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


def test_waiting_for_the_end(client: Client, farm: FakeFarm) -> None:
    job = client.submit("cube.blend", 1, 2, ["hex1"])
    client.start(job)
    seen = threading.Event()

    def render() -> None:
        assert seen.wait(20)
        farm.finish("hex1")
        farm.finish("hex1")

    renderer = threading.Thread(target=render)
    renderer.start()
    for info in client.follow(job, every_s=0.01):
        if info["status"] == "Rendering":
            seen.set()
    renderer.join()
    assert info["status"] == "Finished"
    assert client.wait(job)["frames_done"] == 2


def test_waiting_in_vain(client: Client) -> None:
    job = client.submit("cube.blend", 1, 2)
    with pytest.raises(WaitTimeout) as caught:
        client.wait(job, timeout_s=0.05, every_s=0.01)
    assert caught.value.status == "Waiting"


def test_a_server_that_is_away_for_a_while_is_waited_for(client: Client, farm: FakeFarm) -> None:
    job = client.submit("cube.blend", 1, 2)
    states = client.follow(job, every_s=0.01)
    assert next(states)["status"] == "Waiting"
    farm.trouble = FarmUnavailable("restarting")
    back = threading.Timer(0.2, lambda: setattr(farm, "trouble", None))
    back.start()
    assert next(states)["status"] == "Waiting"


def test_patience_has_an_end(
    client: Client, farm: FakeFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    job = client.submit("cube.blend", 1, 2)
    states = client.follow(job, every_s=0.01)
    next(states)
    farm.trouble = FarmUnavailable("gone for good")
    with pytest.raises(ApiError):
        next(states)


def test_who_never_answered_is_not_waited_for() -> None:
    with Client(NOBODY) as client, pytest.raises(ServerUnreachable):
        next(client.follow("feed"))


def test_a_proxy_does_not_stand_before_this_machine(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    with Client(url) as client:
        assert client.jobs() == []
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
