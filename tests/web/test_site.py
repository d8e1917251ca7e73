"""The web page's files as the server answers with them."""

import re
from pathlib import Path

import pytest

import rcontrol.web
from rcontrol.web.app import create_app
from rcontrol.web.site import page_routes
from tests.fakes.farm import FakeFarm
from tests.web.conftest import Api

PAGE = Path(rcontrol.web.__file__).with_name("page")
SOURCES = sorted(file for file in PAGE.rglob("*") if file.suffix in (".js", ".css", ".html"))


@pytest.fixture
def site(farm: FakeFarm) -> Api:
    return Api(create_app(farm, farm.storage, farm.logs, extra_routes=page_routes()))


def test_the_page_may_load_nothing_from_elsewhere(site: Api) -> None:
    answer = site.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_are_answered_once_and_then_asked_about(site: Api) -> None:
    answer = site.get("/page/main.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = site.get("/page/main.js", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/page/", "/page/nothing.js", "/page/font/LICENSE", "/page/../app.py", "/page/%2e%2e/app.py"],
)
def test_other_files_are_not_there(site: Api, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == 404


def test_all_that_files_name_is_served_from_here(site: Api) -> None:
    """Imports, style sheets, fonts: what is named is there, and nothing outside is named."""
    assert SOURCES
    named = set()
    for source in SOURCES:
        text = source.read_text()
        assert not re.search(r"""["'(]https?://(?!www\.w3\.org/2000/svg)""", text), source
        named |= set(re.findall(r"""["'(](/page/[\w./-]+)["')]""", text))
    assert "/page/farm.js" in named
    for path in named:
        assert site.get(path).status_code == 200, path
