"""Notices when the embedded Ray has lost what it cannot replace: its raylet or its GCS.

Without its raylet every call to an actor fails for ever; without its GCS nothing that dies is
started again, and after a minute all of it ends. Linux only: elsewhere nothing is noticed.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from actors.leftovers import descendants

PARTS: Final = ("raylet", "gcs_server")
LOOK_S: Final = 0.5


@contextmanager
def kept(lost: Callable[[str], None]) -> Iterator[None]:
    """Call `lost` with the name of the part, on a thread, once one of them has ended."""
    parts = {pid: name for pid in descendants(os.getpid()) if (name := _running(pid)) in PARTS}
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            for pid, name in parts.items():
                if _running(pid) != name:
                    lost(name)
                    return

    thread = threading.Thread(target=look, name="vigil", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _running(pid: int) -> str:
    """Return the name of a process; empty once it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    name, _, fields = stat.partition("(")[2].rpartition(") ")
    return "" if fields.startswith("Z") else name
