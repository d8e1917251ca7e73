"""A disk of some megabytes, to be filled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BALLAST: Final = "ballast"


def small_disk_missing() -> str | None:
    """Why there can be no small disk here; None: there can."""
    if os.geteuid() != 0:
        return "only root can mount a small disk"
    return None if shutil.which("mount") else "there is no mount"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount an empty tmpfs at a folder, which is made if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / _BALLAST).open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


def make_room(disk: Path) -> None:
    """Take away what `fill` has put there."""
    (disk / _BALLAST).unlink()


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Let nobody who opens a file from now on write to it, not even root."""
    subprocess.run(["mount", "--bind", file, file], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", file], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", file], check=True)
