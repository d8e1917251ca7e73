"""What may enter the queue."""

from pathlib import Path

import pytest

from rcontrol.admission import admit
from rcontrol.engines.registry import Engines
from rcontrol.errors import StorageError
from rcontrol.farm.model import JobId, JobOptions
from rcontrol.gateway import JobRequest
from rcontrol.storage import Storage


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Shared storage with a project, and symlinks from it to a folder beside it."""
    base = tmp_path / "data"
    (base / "shots").mkdir(parents=True)
    (base / "shots" / "a.blend").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.blend").touch()
    (base / "out").symlink_to("../outside")
    (base / "shots" / "b.blend").symlink_to("../../outside/b.blend")
    return base


def _admit(base: Path, path: str, output: str = "") -> str:
    request = JobRequest(path, 1, 2, ("hex1",), options=JobOptions(output))
    storage, engines = Storage(base), Engines()
    spec = admit(request, JobId("j"), 0.0, nodes=["hex1"], storage=storage, engines=engines)
    assert spec.options.output == output
    return spec.path


@pytest.mark.parametrize("path", ["shots/b.blend", "out/b.blend", "../outside/b.blend"])
def test_a_project_that_leads_out_is_refused(base: Path, path: str) -> None:
    assert _admit(base, "shots/a.blend") == f"{base}/shots/a.blend"
    with pytest.raises(StorageError, match="lies outside the base directory"):
        _admit(base, path)


@pytest.mark.parametrize(
    "output",
    ["//", "//pictures/####", "//../pictures/", "//..", "{base}", "{base}/p/", "//a/../../p####"],
)
def test_pictures_go_below_the_base_directory(base: Path, output: str) -> None:
    _admit(base, "shots/a.blend", output.format(base=base))


@pytest.mark.parametrize(
    "output",
    [
        "/etc/",
        "{base}2/",
        "{base}/../p####",
        "{base}/out/",
        "//../../p####",
        "//../out/",
        "///../../../etc/",
        "//a/../../../p####",
    ],
)
def test_pictures_go_nowhere_else(base: Path, output: str) -> None:
    with pytest.raises(StorageError, match="lies outside the base directory"):
        _admit(base, "shots/a.blend", output.format(base=base))
