"""Every error that clients meet."""

import pytest

from rcontrol.errors import FarmUnavailable, SessionError, StoreDamaged, StoreError, StoreFull
from rcontrol.farm.model import JobId
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api

CASES = [
    ("GET", "/", 404, "Invalid endpoint"),
    ("GET", "//job/summary", 404, "Invalid endpoint"),
    ("GET", "/jobs", 404, "Invalid endpoint"),
    ("GET", "/nothing/here", 404, "Invalid endpoint"),
    ("GET", "/%0A%00", 404, "Invalid endpoint"),
    ("GET", "/job", 400, "Option not specified"),
    ("POST", "/job/", 400, "Option not specified"),
    ("GET", "/job//summary", 400, "Option not specified"),
    ("GET", "/node", 400, "Option not specified"),
    ("GET", "/config", 400, "Option not specified"),
    ("POST", "/storage", 400, "Option not specified"),
    ("GET", "/job/burn", 404, "Invalid endpoint option"),
    ("GET", "/job/%7Bid%7D", 404, "Invalid endpoint option"),
    ("GET", "/node/burn", 404, "Invalid endpoint option"),
    ("GET", "/config/burn", 404, "Invalid endpoint option"),
    ("GET", "/config/autostart/burn", 404, "Invalid endpoint option"),
    ("POST", "/storage/burn", 404, "Invalid endpoint option"),
    ("GET", "/job/summary/more", 404, "Invalid endpoint option"),
    ("GET", "/job/summary//", 404, "Invalid endpoint option"),
    *[
        (method, f"/job/{option}{slash}", 400, "Job ID not specified")
        for option in ("status", "start", "stop", "enqueue", "reset_status", "delete")
        for slash in ("", "/")
        for method in ("GET", "POST")
    ],
    *[
        (method, f"/job/{option}/feed", 404, "Job ID not found")
        for option in ("status", "info", "start", "stop", "enqueue", "reset_status", "delete")
        for method in ("GET", "POST")
    ],
    *[
        (method, f"/node/{option}{rest}", status, message)
        for method in ("GET", "POST")
        for option in ("enable", "disable")
        for rest, status, message in [
            ("", 400, "No node specified"),
            ("/", 400, "No node specified"),
            ("//feed", 400, "No node specified"),
            ("/nobody", 404, "Node not found"),
            ("/nobody/feed", 404, "Node not found"),
            ("/hex1", 400, "Job ID not specified"),
            ("/hex1/", 400, "Job ID not specified"),
            ("/hex1/feed", 404, "Job ID not found"),
        ]
    ],
    ("GET", "/node/state/nobody", 404, "Node not found"),
    ("GET", "/job/new", 400, "No data"),
    ("POST", "/job/new", 400, "No data"),
    ("POST", "/storage/ls", 400, "No data"),
    ("GET", "/storage/ls", 405, "Method not allowed"),
    ("GET", "/storage", 405, "Method not allowed"),
    ("PUT", "/job/summary", 405, "Method not allowed"),
    ("DELETE", "/job/delete/feed", 405, "Method not allowed"),
    ("PATCH", "/job/new", 405, "Method not allowed"),
    ("OPTIONS", "/job/new", 405, "Method not allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "message"), CASES)
def test_each_row(api: Api, method: str, path: str, status: int, message: str) -> None:
    answer = api(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    body = answer.json()
    assert set(body) == {"error_code", "message", "explanation"}
    assert body["error_code"] == status
    assert body["message"] == message
    assert body["explanation"]


@pytest.mark.parametrize(
    ("before", "action", "status"),
    [
        (["start"], "delete", "Rendering"),
        (["start"], "start", "Rendering"),
        (["start"], "enqueue", "Rendering"),
        ([], "enqueue", "Waiting"),
        ([], "reset_status", "Waiting"),
        (["stop"], "stop", "Stopped"),
    ],
)
def test_an_action_that_the_status_forbids(
    api: Api, job: JobId, before: list[str], action: str, status: str
) -> None:
    for earlier in before:
        api.post(f"/job/{earlier}/{job}")
    answer = api.post(f"/job/{action}/{job}")
    assert answer.status_code == 409
    assert answer.json()["message"] == f"Job is {status}"
    assert api.get(f"/job/info/{job}").json()["status"] == status


@pytest.mark.parametrize(
    ("frame", "status", "message"),
    [
        ("9", 404, "Frame not found"),
        ("-1", 404, "Frame not found"),
        ("99999999999999999999", 400, "Missing required data"),
        ("one", 400, "Missing required data"),
        ("1.0", 400, "Missing required data"),
    ],
)
def test_what_is_no_frame(api: Api, job: JobId, frame: str, status: int, message: str) -> None:
    answer = api.get(f"/job/why/{job}/{frame}")
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert "frame" in answer.json()["explanation"]


@pytest.mark.parametrize("action", ["start", "stop", "enqueue"])
def test_a_finished_job_stays_finished(api: Api, farm: FakeFarm, job: JobId, action: str) -> None:
    api.post(f"/node/disable/hex2/{job}")
    api.post(f"/job/start/{job}")
    assert [farm.finish("hex1") for _ in range(4)] == [1, 2, 3, 4]
    assert api.post(f"/job/{action}/{job}").json()["message"] == "Job is Finished"


FRAMES: dict[str, object] = {"start_frame": None, "end_frame": None}
"""What makes room for an expression in an order."""


@pytest.mark.parametrize(
    ("change", "status", "message", "field"),
    [
        ({"path": None}, 400, "Missing required data", "path"),
        ({"path": ""}, 400, "Missing required data", "path"),
        ({"path": 3}, 400, "Missing required data", "path"),
        ({"path": "cube\0.blend"}, 400, "Missing required data", "path"),
        ({"start_frame": None}, 400, "Missing required data", "start_frame"),
        ({"start_frame": True}, 400, "Missing required data", "start_frame"),
        ({"start_frame": 1.0}, 400, "Missing required data", "start_frame"),
        ({"start_frame": "one"}, 400, "Missing required data", "start_frame"),
        ({"start_frame": "1_0"}, 400, "Missing required data", "start_frame"),
        ({"start_frame": "٣"}, 400, "Missing required data", "start_frame"),
        ({"start_frame": -1}, 400, "Missing required data", "start_frame"),
        ({"end_frame": 10**30}, 400, "Missing required data", "end_frame"),
        ({"end_frame": "9" * 5000}, 400, "Missing required data", "end_frame"),
        ({"end_frame": 0}, 400, "Missing required data", "end_frame"),
        ({"frames": "1-9"}, 400, "Missing required data", "frames: say either this or start_frame"),
        (FRAMES | {"frames": ""}, 400, "Missing required data", "frames: has a part that is empty"),
        (FRAMES | {"frames": 5}, 400, "Missing required data", "frames"),
        (FRAMES | {"frames": "1-9,b"}, 400, "Missing required data", "frames: 'b' cannot be read"),
        (FRAMES | {"frames": "-3-9"}, 400, "Missing required data", "frames: begins with -3"),
        (FRAMES | {"frames": "1-1048575x2"}, 400, "Missing required data", "frames: ends with"),
        (FRAMES | {"frames": "1-999999999"}, 400, "Missing required data", "999999999 frames"),
        ({"nodes": "hex1"}, 400, "Missing required data", "nodes"),
        ({"nodes": [1]}, 400, "Missing required data", "nodes.0"),
        ({"nodes": ["hex1", "nobody"]}, 404, "Node not found", "nobody"),
        ({"render_engine": "c4d"}, 400, "Missing required data", "render_engine"),
        ({"path": "notes.txt"}, 400, "Missing required data", "render_engine"),
        ({"args": ["a", None]}, 400, "Missing required data", "args.1"),
        ({"publish": "maybe"}, 400, "Missing required data", "publish"),
        ({"priority": "high"}, 400, "Missing required data", "priority"),
        ({"priority": 2**40}, 400, "Missing required data", "priority"),
        ({"name": ["x"]}, 400, "Missing required data", "name"),
        ({"path": "../shared-secrets/x.blend"}, 403, "Path not allowed", "shared-secrets"),
    ],
)
def test_orders_that_make_no_sense(
    api: Api, change: dict[str, object], status: int, message: str, field: str
) -> None:
    answer = api.post("/job/new", json=ORDER | change)
    body = answer.json()
    assert (answer.status_code, body["message"]) == (status, message)
    assert field in body["explanation"]
    assert api.get("/job/info").json() == []


@pytest.mark.parametrize("field", ["path", "start_frame", "end_frame", "nodes"])
def test_a_missing_field_is_named(api: Api, field: str) -> None:
    answer = api.post("/job/new", json={k: v for k, v in ORDER.items() if k != field})
    assert answer.status_code == 400
    assert answer.json()["explanation"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nowhere", 404),
        ("cube.blend", 400),
        ("../shared-secrets", 403),
        ("..", 403),
        ("/etc", 403),
    ],
)
def test_paths_that_cannot_be_listed(api: Api, path: str, status: int) -> None:
    answer = api.post("/storage/ls", json={"path": path})
    assert answer.status_code == status
    assert answer.json()["error_code"] == status


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (FarmUnavailable("no heartbeat"), 503),
        (StoreError("db", "locked"), 503),
        (StoreDamaged("db", "damaged"), 503),
        (StoreFull("db", "the disk is full"), 507),
    ],
)
def test_a_farm_in_trouble_asks_to_come_back(
    api: Api, farm: FakeFarm, job: JobId, trouble: Exception, status: int
) -> None:
    farm.trouble = trouble
    answer = api.post(f"/job/start/{job}")
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["explanation"] == str(trouble)
    farm.trouble = None
    assert api.get(f"/job/info/{job}").json()["status"] == "Waiting"


@pytest.mark.parametrize("trouble", [ZeroDivisionError("secret"), SessionError("hex1", "secret")])
def test_a_defect_is_logged_and_kept_from_clients(
    api: Api, farm: FakeFarm, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    farm.trouble = trouble
    answer = api.get("/job/summary", headers={"origin": "http://localhost:3000"})
    assert answer.status_code == 500
    assert answer.json()["message"] == "Internal server error"
    assert "secret" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    [record] = caplog.records
    assert record.getMessage() == "request.failed"
    assert record.exc_info is not None
    assert record.__dict__["path"] == "/job/summary"


@pytest.mark.parametrize(
    "path", ["/job/info/a%2Fb", "/job/info/%2e%2e", "/job/info/%ff%fe", "/job/info/%2500"]
)
def test_ids_are_decoded_once_and_never_split(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Job ID not found"


def test_a_percent_encoded_id_is_the_id(api: Api, job: JobId) -> None:
    encoded = "".join(f"%{ord(char):02X}" for char in job)
    assert api.get(f"/job/info/{encoded}").json()["id"] == job
    twice = encoded.replace("%", "%25")
    assert api.get(f"/job/info/{twice}").status_code == 404
