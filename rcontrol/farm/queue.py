"""Where jobs stand in the queue: numbers with room between them, so that a move changes one job."""

from collections.abc import Iterable, Mapping
from typing import Final

from rcontrol.farm.model import Job, JobId

STEP: Final = 1 << 20
"""Between two jobs at first: twenty moves to the same spot before all are numbered anew."""


def last_place(jobs: Iterable[Job]) -> int:
    """Return the place after every job's."""
    return max((job.place for job in jobs), default=0) + STEP


def moved(jobs: Iterable[Job], job: JobId, before: JobId | None) -> Mapping[JobId, int]:
    """Return the new places that put a job before another one, or last: as few as will do."""
    if job == before:
        return {}
    others = sorted((one.place, one.id) for one in jobs if one.id != job)
    ids = [id_ for _, id_ in others]
    index = len(ids) if before is None else ids.index(before)
    lower = others[index - 1][0] if index else None
    upper = others[index][0] if index < len(others) else None
    if lower is None or upper is None:
        edge = upper - STEP if upper is not None else (lower or 0) + STEP
        return {job: edge}
    if upper - lower > 1:
        return {job: (lower + upper) // 2}
    ids.insert(index, job)
    return {id_: STEP * number for number, id_ in enumerate(ids, start=1)}
