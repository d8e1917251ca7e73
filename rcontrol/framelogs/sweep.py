"""Keeping logs within their room."""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from rcontrol.framelogs.layout import job_folder


@dataclass(slots=True)
class _Log:
    """All pieces of one attempt's log."""

    paths: list[Path] = field(default_factory=list)
    size: int = 0
    """Bytes on the disk."""
    written_at: int = 0
    """When it last grew."""


def jobs_with_logs(folder: Path) -> set[str]:
    """Return the ids of the jobs that have logs; blocks."""
    try:
        return {unquote(path.name) for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


def sweep(folder: Path, gone: Iterable[str], limit: int) -> int:
    """Remove the logs of jobs that are gone, then the oldest ones until `limit` bytes are left.

    Returns how many logs were removed for want of room. Blocks; what cannot be removed stays.
    """
    for job in gone:
        shutil.rmtree(job_folder(folder, job), ignore_errors=True)
    logs: dict[tuple[Path, str], _Log] = defaultdict(_Log)
    for path in folder.glob("*/*/*"):
        try:
            stat = path.lstat()
        except FileNotFoundError:
            continue
        found = logs[path.parent, path.name.partition(".")[0]]
        found.paths.append(path)
        found.size += max(stat.st_size, 512 * stat.st_blocks)
        found.written_at = max(found.written_at, stat.st_mtime_ns)
    excess = sum(each.size for each in logs.values()) - limit
    removed = 0
    for (place, _), each in sorted(logs.items(), key=lambda item: item[1].written_at):
        if excess <= 0:
            break
        with suppress(OSError):
            for path in each.paths:
                path.unlink(missing_ok=True)
            place.rmdir()
        excess -= each.size
        removed += 1
    return removed
