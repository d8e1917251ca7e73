"""What a killed server leaves of its embedded Ray: two of Ray's agents, and its folder.

Ray ends everything else by itself. The next server on the same work folder ends the rest; it holds
the folder's lock, so nobody needs them any more.
"""

import json
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

_FILE: Final = "ray-processes.json"


def record(work_dir: Path, ray_dir: Path) -> None:
    """Write down the processes below this one, each with its time of birth. Linux only."""
    births = {pid: birth for pid in descendants(os.getpid()) if (birth := _birth(pid))}
    facts = {"folder": str(ray_dir), "processes": list(births.items())}
    (work_dir / _FILE).write_text(json.dumps(facts))


def clear(work_dir: Path) -> None:
    """End what a predecessor recorded and still lives, and remove its folder."""
    file = work_dir / _FILE
    try:
        facts = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    for pid, birth in facts["processes"]:
        if _birth(pid) == birth:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(facts["folder"], ignore_errors=True)
    file.unlink()


def descendants(pid: int) -> list[int]:
    """Return all processes below one. Linux only."""
    children: list[int] = []
    with suppress(OSError):
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            children += map(int, tasks.read_text().split())
    return [each for child in children for each in (child, *descendants(child))]


def _birth(pid: int) -> int:
    """Return when a process was born, in ticks since the machine's start; 0: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[19])
