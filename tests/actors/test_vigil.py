"""That a part of Ray has ended is noticed."""

import queue
import shutil
import subprocess
from pathlib import Path

import pytest

from actors import vigil
from tests.fakes.need import need


@pytest.mark.parametrize("name", vigil.PARTS)
def test_a_part_that_ends_is_noticed(tmp_path: Path, name: str) -> None:
    need(None if Path("/proc/self/stat").exists() else "there is no /proc")
    sleep = shutil.which("sleep")
    assert sleep
    (tmp_path / name).symlink_to(sleep)
    lost: queue.Queue[str] = queue.Queue()
    with (
        subprocess.Popen([tmp_path / name, "1000"]) as part,
        subprocess.Popen(["sleep", "1000"]) as other,
    ):
        try:
            with vigil.kept(lost.put):
                other.kill()
                part.kill()
                # Nobody has waited for either: they are zombies, as Ray's are.
                assert lost.get(timeout=30.0) == name
        finally:
            other.kill()
            part.kill()
