"""Whatever is sent, the answer is as `/openapi.json` says: no 500, no traceback, errors in JSON."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import CheckFunction, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from rcontrol.storage import Storage
from rcontrol.web import openapi, routes
from rcontrol.web.app import create_app
from rcontrol.web.orders import JobOrder
from tests.fakes.farm import FakeFarm
from tests.web.conftest import ORDER
from tests.web.raw import exchange, request
from tests.web.server import serving

DOCUMENTED = schemathesis.openapi.from_dict(openapi.document(routes.ROUTES))
OPERATIONS = [
    found.ok()
    for found in DOCUMENTED.get_all_operations()
    if isinstance(found, Ok) and found.ok().path != "/events"
]
"""All but the stream that does not end."""
# A schema cannot say that a file or job must exist, or that a job ends after it starts.
UNSAID: list[CheckFunction] = [positive_data_acceptance]

repeatable = settings(derandomize=True, database=None, deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that goes on from test to test."""
    base = tmp_path_factory.mktemp("shared")
    (base / "films").mkdir()
    (base / "cube.blend").write_bytes(b"BLENDER")
    farm = FakeFarm(Storage(base))
    with serving(
        create_app(farm, farm.storage, farm.logs, max_body=100_000, clock=farm.clock)
    ) as url:
        yield url


@pytest.fixture(autouse=True)
def _no_defect(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def _make_known(case: schemathesis.Case[Any], url: str) -> None:
    """Have a case name a job, a node and a file that exist."""
    jobs = httpx.get(f"{url}/job/info").json()
    job = jobs[-1]["id"] if jobs else httpx.post(f"{url}/job/new", json=ORDER).json()["job_id"]
    existing = {"id": job, "name": "hex1", "frame": 1}
    case.path_parameters = {name: existing[name] for name in case.path_parameters}
    if isinstance(case.body, dict):
        case.body = {key: ORDER.get(key, value) for key, value in case.body.items()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_operation(operation: APIOperation[Any, Any, Any, Any], shared: str) -> None:
    cases = [operation.as_strategy(mode) for mode in GenerationMode]

    @given(case=st.one_of(cases), known=st.booleans())
    @repeatable
    def check(case: schemathesis.Case[Any], known: bool) -> None:
        if known:
            _make_known(case, shared)
        excluded = [*UNSAID, negative_data_rejection] if known else UNSAID
        answer = case.call_and_validate(base_url=shared, excluded_checks=excluded)
        assert b"Traceback" not in answer.content
        if answer.status_code != 200:
            assert answer.json()["error_code"] == answer.status_code

    check()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /job/info\r\n\r\n", 400),
        (b"GET /job/info HTTP/one\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404),
        (b"GET /job/info HTTP/1.1\r\n\r\n", 400),
        (b"GET /job/info HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /job/ info HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /caf\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET http://x/job/info HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /%ff%00%0d%0a?%ff HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"BREW /job/info HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (request(b"/job/info", b"", b"A: \0"), 400),
        (request(b"/job/info", b"", b"A: " + b"a" * 200_000), 400),
        (request(b"/nothing", b"", *[b"A: a"] * 20_000), 404),
        (request(b"/" + b"a" * 200_000), 400),
        (request(b"/" + b"a/" * 10_000), 404),
        (request(b"/job/info", b"", b": nameless"), 400),
        (request(b"/job/info", b"", b"Content-Length: 1"), 400),
        (b"POST /job/new HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /job/new HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n", 400),
        (b"POST /job/new HTTP/1.1\r\nHost: x\r\nContent-Length: 9%0300d\r\n\r\n" % 0, 400),
        (b"POST /job/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /job/new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", 400),
    ],
    ids=range(27),
)
def test_what_is_hardly_http(shared: str, sent: bytes, status: int) -> None:
    answer = exchange(shared, sent)
    assert answer.status == status
    assert answer.error["explanation"]
    assert httpx.get(f"{shared}/node/list").status_code == 200


@given(st.binary(max_size=200), st.binary(max_size=40), st.binary(max_size=200))
@repeatable
def test_any_bytes(shared: str, target: bytes, name: bytes, value: bytes) -> None:
    answer = exchange(shared, request(b"/" + target, b"", name + b":" + value) + b"\r\n\r\n")
    assert answer.status < 500
    if answer.status != 200:
        assert answer.error["message"]


ORDERS = [
    b"",
    b"nonsense",
    b"\xff\xfe{\0}\0",
    b"\xef\xbb\xbf{}",
    b"[" * 50_000,
    b'{"a":' * 15_000,
    b"{" * 90_000,
    b'{"path": "\xff"}',
    b'{"path": "a.blend", "path": "b.blend"}',
    b'{"\\ud800": 1, "\\ud800": 1}',
    b"null",
    b"1",
    b"NaN",
]
VALUES = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1.5",
    b"1" * 5000,
    b"-" + b"9" * 4000,
    b"[" * 500 + b"]" * 500,
    b'"\\ud800"',
    b'"\\u0000"',
    b'"' + b"9" * 5000 + b'"',
    b"{}",
    b"true",
    b"null",
]
FIELDS = list(JobOrder.model_fields)


@pytest.mark.parametrize("body", ORDERS, ids=range(len(ORDERS)))
@pytest.mark.parametrize("path", [b"/job/new", b"/storage/ls"])
def test_bodies_that_are_no_order(shared: str, path: bytes, body: bytes) -> None:
    assert exchange(shared, request(path, body)).error["error_code"] == 400


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_that_no_field_expects(shared: str, field: str, value: bytes) -> None:
    order = {name: json.dumps(part).encode() for name, part in ORDER.items()} | {field: value}
    body = b", ".join(b'"%s": %s' % (name.encode(), part) for name, part in order.items())
    answer = exchange(shared, request(b"/job/new", b"{" + body + b"}"))
    if value == b"null" and answer.status == 200:
        assert not JobOrder.model_fields[field].is_required()
    else:
        assert answer.status == 400
        assert answer.error["explanation"]
