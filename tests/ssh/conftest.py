"""One `target` for each kind of server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.need import need
from tests.fakes.sshd import Sshd, sshd_missing
from tests.ssh.targets import Target, embedded_target, sshd_target


@pytest.fixture(scope="module", params=["sshd", "embedded"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp(request.param) / "target"
    if request.param == "sshd":
        need(sshd_missing())
        with sshd_target(folder) as found:
            yield found
    else:
        with embedded_target(folder) as found:
            yield found


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """A sshd of the test's own, whose client's home is HOME."""
    need(sshd_missing())
    with Sshd(tmp_path / "sshd", ["hex1", "hex2"]) as server:
        monkeypatch.setenv("HOME", str(server.home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        yield server
