"""What only a real server shows."""

import http.client
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from rcontrol.farm.model import JobId
from tests.web.conftest import ORDER


def _connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)


def _chunks(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b" " * 1000


@pytest.mark.parametrize("count", [11, 5000])
def test_too_large_in_chunks(url: str, count: int) -> None:
    with httpx.Client(base_url=url, timeout=20) as client:
        answer = client.post("/job/new", content=_chunks(count))
        assert answer.status_code == 413
        assert answer.json()["message"] == "Request body too large"
        assert client.get("/job/info").json() == []


def test_too_large_by_its_own_account(url: str) -> None:
    with httpx.Client(base_url=url, timeout=20) as client:
        assert client.post("/job/new", content=b" " * 3_000_000).status_code == 413
        assert client.post("/job/new", json=ORDER).status_code == 200


def test_a_body_that_is_only_announced_is_not_waited_for(url: str) -> None:
    connection = _connect(url)
    connection.putrequest("POST", "/job/new")
    connection.putheader("Content-Length", "999999999")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error_code"] == 413
    connection.close()


def test_one_connection_serves_many_requests(url: str, job: JobId) -> None:
    connection = _connect(url)
    kept = None
    for method, path, status in [
        ("GET", "/job/info", 200),
        ("GET", "/job/info/feed", 404),
        ("POST", f"/job/start/{job}", 200),
        ("HEAD", "/job/info", 200),
        ("POST", f"/job/stop/{job}", 200),
        ("GET", "/job/summary", 200),
    ]:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == status
        assert len(body) == (0 if method == "HEAD" else int(answer.headers["content-length"]))
        kept = kept or connection.sock
        assert connection.sock is kept
    connection.close()


def test_asking_for_headers_alone_changes_nothing(url: str, job: JobId) -> None:
    assert httpx.head(f"{url}/job/start/{job}").status_code == 405
    assert httpx.get(f"{url}/job/info/{job}").json()["status"] == "Waiting"


def test_a_client_that_hangs_up_in_its_body_harms_nobody(url: str) -> None:
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port or 0)) as hasty:
        hasty.sendall(b"POST /job/new HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert httpx.get(f"{url}/job/info").json() == []
