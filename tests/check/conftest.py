"""A sshd whose client's home is HOME, and a shared storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.need import need
from tests.fakes.sshd import Sshd, sshd_missing


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    need(sshd_missing())
    with Sshd(tmp_path / "sshd", ("hex1", "hex2")) as running:
        monkeypatch.setenv("HOME", str(running.home))
        yield running
