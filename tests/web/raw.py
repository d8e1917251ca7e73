"""Bytes to a server, and what comes back."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    type: str
    body: bytes

    @property
    def error(self) -> Any:
        """The body of an error, which must be one as clients know it."""
        found = json.loads(self.body)
        assert set(found) == {"error_code", "message", "explanation"}
        assert found["error_code"] == self.status
        assert self.type == "application/json; charset=UTF-8"
        return found


def exchange(url: str, sent: bytes) -> Answer:
    """Send bytes and read one answer. Raises TimeoutError where none comes."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
        connection.sendall(sent)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers.get("content-type", ""), answer.read())


def request(target: bytes, body: bytes = b"", *headers: bytes, method: bytes = b"POST") -> bytes:
    """Return a request's bytes."""
    length = b"Content-Length: %d" % len(body)
    lines = (method + b" " + target + b" HTTP/1.1", b"Host: farm:2020", length, *headers)
    return b"\r\n".join((*lines, b"", body))
