"""What went wrong and whose fault it looks like: tables that hold for every renderer."""

import re
import signal
from collections.abc import Iterable
from typing import Final

from rcontrol.engines.base import Problem
from rcontrol.farm.model import Blame

LONGEST_LINE: Final = 65536
"""Characters; longer lines hold nothing but the marked reports of very long paths."""
KEPT_ERRORS: Final = 20
"""Lines of a frame that are kept to explain its failure."""
LONGEST_ERROR: Final = 2000
"""Characters of a problem that are passed on."""

HIDDEN: Final = re.compile(r"\.rcontrol-[^/]+/[^/]+/")
"""The part of a path that a person who reads of it does not know: see `sessions`."""

SYSTEM_REASON: Final = re.compile(r"(?P<path>/.+): [A-Z][a-z][\w /,-]+")
"""What C's perror prints of a file: the true reason of a failed write."""

NODE_FAULTS: Final = (
    re.compile(r"No space left on device", re.I),
    re.compile(r"Disk quota exceeded", re.I),
    re.compile(r"Input/output error", re.I),
    re.compile(r"Stale (NFS )?file handle", re.I),
    re.compile(r"Transport endpoint is not connected", re.I),
    re.compile(r"Read-only file system", re.I),
    re.compile(r"Too many open files", re.I),
    re.compile(r"error while loading shared libraries|Library not loaded"),
    re.compile(r"\blicen[cs]e\b.*\b(not|denied|expired|failed|invalid|unavailable)\b", re.I),
    re.compile(r"\b(not|denied|expired|failed|invalid|no|unable)\b.*\blicen[cs]e\b", re.I),
)
"""The machine's own: its disk, its mounts, its installation, its licences."""

MEMORY_FAULTS: Final = (
    re.compile(r"\bout of (\w+ )?memory\b", re.I),
    re.compile(r"\b[MC]alloc returns null\b"),
    re.compile(r"\bstd::bad_alloc\b"),
    re.compile(r"Cannot allocate memory", re.I),
)
"""A scene too large for the node's memory or its graphics card. Counted against the frame: another
node gets it next, and when none has the room it is given up rather than tried for ever."""

KILLS: Final = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM})
"""Signals that come from outside the renderer; KILL is also how Linux frees memory in need."""


def explain_signal(renderer: str, number: int, last_error: str) -> Problem:
    """Say that a signal ended a renderer; `last_error` is empty where it printed none."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    last = f"; its last error: {last_error}" if last_error else ""
    if number in KILLS:
        return Problem(f"{renderer} was killed ({name}){last}", Blame.NODE, ends_frame=True)
    return Problem(f"{renderer} crashed ({name}){last}", blame_of(last), ends_frame=True)


def is_system_error(line: str) -> bool:
    """Whether the system, or the C library, says in this line why something failed."""
    return SYSTEM_REASON.fullmatch(line) is not None or is_any(line, (*NODE_FAULTS, *MEMORY_FAULTS))


def is_any(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether any of the patterns is in a text."""
    return any(pattern.search(text) for pattern in patterns)


def blame_of(text: str) -> Blame:
    """Return whose fault an error looks like by its words."""
    return Blame.NODE if is_any(text, NODE_FAULTS) else Blame.JOB
