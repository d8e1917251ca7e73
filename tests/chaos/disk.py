"""A small disk that can be filled up. Needs root."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.need import need, not_root


def mount_missing() -> str | None:
    """Why nothing can be mounted here; None: it can."""
    if shutil.which("mount") is None:
        return "mount is not installed (Debian: mount)"
    return not_root()


class SmallDisk:
    """A file system of its own at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filling = folder / "filling"

    def fill(self) -> None:
        """Leave no byte."""
        with self._filling.open("ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def free(self) -> None:
        """Give back what `fill` took."""
        self._filling.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one at `folder`."""
    need(mount_missing())
    folder.mkdir(parents=True, exist_ok=True)
    # Everyone may write in it, as in /tmp.
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "small", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "-l", str(folder))


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Let nobody who opens `file` now write to it, not even root."""
    need(mount_missing())
    _run("mount", "--bind", str(file), str(file))
    try:
        _run("mount", "-o", "remount,bind,ro", str(file))
        yield
    finally:
        _run("umount", "-l", str(file))


def _run(*words: str) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, (words, done.stderr)
