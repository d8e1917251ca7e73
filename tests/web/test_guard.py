"""Who may call: CORS for the configured origin, refusals for other sites' pages."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from rcontrol.farm.model import JobId
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORIGIN, Api
from tests.web.server import serving

ASK = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}


def test_the_configured_origin_may_read(api: Api) -> None:
    for path, status in (("/job/info", 200), ("/job/info/feed", 404), ("/nothing", 404)):
        answer = api.get(path, headers={"origin": ORIGIN})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("path", ["/job/new", "/storage/ls", "/job/start/feed"])
def test_preflights_for_json_are_answered(api: Api, path: str) -> None:
    answer = api("OPTIONS", path, headers={"origin": ORIGIN, **ASK})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"].lower()


def test_preflights_for_anything_else_are_refused_in_json(api: Api) -> None:
    asked = {"access-control-request-method": "DELETE"}
    answer = api("OPTIONS", "/job/new", headers={"origin": ORIGIN, **asked})
    assert answer.status_code == 400
    assert answer.json()["error_code"] == 400
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3001"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example", **ASK},
    ],
)
def test_pages_of_other_sites_do_nothing(api: Api, job: JobId, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = api(method, f"/job/stop/{job}", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error_code"] == 403
        assert "access-control-allow-origin" not in answer.headers
    assert api.get(f"/job/info/{job}").json()["status"] == "Waiting"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://farm:2020"},
        {"origin": "https://FARM:2020"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
    ],
)
def test_others_are_not_affected(api: Api, headers: dict[str, str]) -> None:
    assert api.get("/job/info", headers=headers).status_code == 200


def test_any_origin(farm: FakeFarm) -> None:
    api = Api(create_app(farm, farm.storage, farm.logs, cors_origin="*"))
    answer = api.get("/job/info", headers={"origin": "http://anywhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_several_origins(farm: FakeFarm) -> None:
    api = Api(create_app(farm, farm.storage, farm.logs, cors_origin=[ORIGIN, "http://other:80/"]))
    for origin in (ORIGIN, "http://other:80"):
        answer = api.get("/job/info", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:2020", 200),
        ("HEX1", 200),
        ("", 200),
        ("127.0.0.1:2020", 200),
        ("[::1]:2020", 200),
        ("[::ffff:10.0.0.1]", 200),
        ("Farm.example.org", 200),
        ("evil.example:2020", 403),
        ("farm.example.org.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.1", 403),
        ("evil.example:x", 403),
        ("[::1].evil.example", 403),
    ],
)
def test_the_server_answers_to_its_own_names(farm: FakeFarm, host: str, status: int) -> None:
    api = Api(create_app(farm, farm.storage, farm.logs, hosts=["farm.example.org"]))
    for path in ("/job/info", "/config/autostart/enable"):
        assert api.get(path, headers={"host": host}).status_code == status
    assert farm.view().autostart is (status == 200)


def page_app(farm: FakeFarm) -> Starlette:
    async def page(request: Request) -> PlainTextResponse:
        if "fail" in request.query_params:
            raise ZeroDivisionError("secret")
        return PlainTextResponse("the page")

    return create_app(
        farm, farm.storage, farm.logs, extra_routes=[Route("/", page, methods=["GET"])]
    )


def test_extra_routes_come_first_and_their_errors_are_json_too(farm: FakeFarm) -> None:
    api = Api(page_app(farm))
    assert api.get("/", headers={"sec-fetch-site": "cross-site"}).text == "the page"
    assert api.get("/job/info").json() == []
    assert api.post("/").json()["error_code"] == 405


def test_a_defect_of_an_extra_route_is_json_too(farm: FakeFarm) -> None:
    with serving(page_app(farm)) as url:
        answer = httpx.get(f"{url}/?fail")
    assert answer.status_code == 500
    assert answer.json()["error_code"] == 500
    assert "secret" not in answer.text
