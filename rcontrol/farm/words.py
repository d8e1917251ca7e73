"""How the farm speaks of its things in a sentence."""

from collections.abc import Iterable, Sequence
from typing import Final

from rcontrol.farm.model import Job

MOST_NAMES: Final = 3
"""Nodes or jobs named in one breath; of more, the number."""


def named(job: Job) -> str:
    """Return a job as people tell it apart."""
    return f"{job.spec.name} ({job.id[:8]})"


def length(seconds: float) -> str:
    """Return a length of time as it is said; a second at least."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def clock(seconds: float) -> str:
    """Return a length of time as people read it; empty when there is none."""
    if seconds <= 0:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def counted(number: int, thing: str) -> str:
    """Return `1 frame`, `2 frames`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(names: Sequence[str]) -> str:
    """Return `hex1, hex2 and hex3`; of many, the first ones and how many more."""
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def by_words(said: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what is said -> of whom, given (who, what is said) of each."""
    groups: dict[str, list[str]] = {}
    for name, words in said:
        groups.setdefault(words, []).append(name)
    return groups


def joined(*parts: str) -> str:
    """Return the parts that are not empty, as one sentence."""
    return "; ".join(part for part in parts if part)
