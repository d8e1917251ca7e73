"""Bodies that are no JSON object, and bodies nobody would think of."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER, Api

WELL_FORMED = json.dumps(ORDER).encode()


@pytest.mark.parametrize("path", ["/job/new", "/storage/ls"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "No data"),
        (b" \r\n", "No data"),
        (b"{", "Failed to decode JSON"),
        (b"path=cube.blend", "Failed to decode JSON"),
        (b"[]", "Failed to decode JSON"),
        (b"null", "Failed to decode JSON"),
        (b'"text"', "Failed to decode JSON"),
        (b"{} {}", "Failed to decode JSON"),
        (b'{"path": NaN}', "Failed to decode JSON"),
        (b'{"path": -Infinity}', "Failed to decode JSON"),
        (b'{"path": "\xff"}', "Failed to decode JSON"),
        (b'{"path": "\xed\xa0\x80"}', "Failed to decode JSON"),
        (b'{"path": "", "path": ""}', "Failed to decode JSON"),
        (b'{"path": ' + b"9" * 5000 + b"}", "Failed to decode JSON"),
        (b'{"path": ' + b"[" * 4000 + b"]" * 4000 + b"}", "Failed to decode JSON"),
        (WELL_FORMED.decode().encode("utf-16"), "Failed to decode JSON"),
        (b'{"path": "\\ud800"}', "Missing required data"),
        (b'{"path": "\\u0000"}', "Missing required data"),
        (b'{"path": {"a": 1}}', "Missing required data"),
        (b'{"path": 1e999}', "Missing required data"),
    ],
)
def test_each_is_refused(api: Api, path: str, body: bytes, message: str) -> None:
    answer = api.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["message"] == message


def test_the_content_type_does_not_matter(api: Api) -> None:
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        answer = api.post("/job/new", content=WELL_FORMED, headers={"content-type": kind})
        assert answer.status_code == 200


def test_what_is_sent_along_with_an_action_is_ignored(api: Api) -> None:
    assert api.post("/config/autostart/enable", content=b"\xff{").status_code == 200


def test_too_large(api: Api) -> None:
    answer = api.post("/job/new", content=b" " * 10_001)
    assert answer.status_code == 413
    assert answer.json()["error_code"] == 413
    assert api.post("/job/start/feed", content=b" " * 10_001).status_code == 413
    largest = WELL_FORMED + b" " * (10_000 - len(WELL_FORMED))
    assert api.post("/job/new", content=largest).status_code == 200


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=10,
)
OPTIONS = ("output", "scene", "args", "publish", "priority")
FIELDS = st.sampled_from([*ORDER, "render_engine", "name", *OPTIONS])
PATHS = st.sampled_from(["/job/new", "/storage/ls"])
SEGMENTS = st.one_of(
    st.sampled_from(["job", "node", "config", "storage", "info", "start", "enable", "hex1", ""]),
    ANY_TEXT.map(lambda text: quote(text, safe="", errors="surrogatepass")),
    st.binary(max_size=6).map(quote),
)


@pytest.fixture(scope="module")
def busy_api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """One app for all examples; what they submit stays."""
    farm = FakeFarm(Storage(tmp_path_factory.mktemp("shared")))
    return Api(create_app(farm, farm.storage, farm.logs, max_body=10_000, clock=farm.clock))


@settings(max_examples=150, deadline=None)
@given(path=PATHS, change=st.dictionaries(FIELDS, ANY_JSON, max_size=3))
def test_no_order_is_a_defect(busy_api: Api, path: str, change: dict[str, object]) -> None:
    body = json.dumps(ORDER | change).encode()
    answer = busy_api.post(path, content=body)
    assert answer.status_code in (200, 400, 403, 404, 413)
    assert answer.json()


@settings(max_examples=100, deadline=None)
@given(path=PATHS, body=st.binary(max_size=300) | ANY_JSON.map(json.dumps))
def test_no_body_is_a_defect(busy_api: Api, path: str, body: bytes | str) -> None:
    assert busy_api.post(path, content=body).status_code < 500


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]),
    path=st.lists(SEGMENTS, max_size=5).map("/".join),
)
def test_no_path_is_a_defect(busy_api: Api, method: str, path: str) -> None:
    answer = busy_api(method, f"http://farm/{path}")
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.json()["error_code"] == answer.status_code
