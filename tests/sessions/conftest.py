"""One real sshd for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.need import need
from tests.fakes.sshd import Sshd, sshd_missing


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    need(sshd_missing())
    with Sshd(tmp_path_factory.mktemp("server") / "sshd") as running:
        yield running


@pytest.fixture
def sshd(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> Sshd:
    """The server, with HOME set to a client's that may log in."""
    monkeypatch.setenv("HOME", str(server.home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "projects"
    made.mkdir()
    return made
