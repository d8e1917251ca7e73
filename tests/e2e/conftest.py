"""One sshd and one server for the tests that leave them as they found them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server
from tests.fakes.need import need
from tests.fakes.sshd import Sshd, sshd_missing
from tests.scenes import executables

NODES = ("hex1", "hex2")


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared storage."""
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Every node's SSH server; the nodes are names for it."""
    need(sshd_missing())
    names = (*NODES, "lonely", "bare", "wheel", "down")
    with Sshd(tmp_path_factory.mktemp("sshd"), names) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd, base: Path) -> Iterator[Server]:
    """A farm of two nodes that has rendered nothing else than this module's jobs."""
    folder = tmp_path_factory.mktemp("farm")
    with Server(
        folder, sshd, NODES, base, executables=executables("blender"), autostart=False
    ) as running:
        running.nodes_online()
        yield running
