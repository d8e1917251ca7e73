"""The model's values as rows of the tables, and back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping

from rcontrol.farm.model import (
    Attempt,
    AttemptId,
    Blame,
    EndedAttempt,
    FrameStatus,
    Job,
    JobId,
    JobOptions,
    JobSpec,
    JobStatus,
    Member,
    NodeDuty,
    Publish,
)
from rcontrol.farm.numbers import runs_of
from rcontrol.farm.settings import NodeSettings

Row = dict[str, Any]


def job_row(job: Job) -> Row:
    """Return a job's row in `jobs`."""
    spec = job.spec
    return {
        "id": spec.id,
        "place": job.place,
        "name": spec.name,
        "path": spec.path,
        "engine": spec.engine,
        "start_frame": spec.start_frame,
        "end_frame": spec.end_frame,
        "expression": spec.expression or None,
        "output": spec.options.output,
        "scene": spec.options.scene,
        "args": list(spec.options.args),
        "publish": spec.options.publish.value,
        "priority": spec.priority,
        "created_at": spec.created_at,
        "nodes": sorted(job.nodes),
        "status": job.status.value,
        "reason": job.reason,
        "elapsed_s": job.elapsed_s,
        "counted_to": job.counted_to,
        "started_at": job.started_at,
        "stopped_at": job.stopped_at,
    }


def job_of(row: RowMapping) -> Job:
    """Return the job that a row of `jobs` holds."""
    return Job(
        JobSpec(
            id=JobId(row["id"]),
            name=row["name"],
            path=row["path"],
            engine=row["engine"],
            start_frame=row["start_frame"],
            end_frame=row["end_frame"],
            options=JobOptions(
                row["output"], row["scene"], tuple(row["args"]), Publish(row["publish"])
            ),
            priority=row["priority"],
            created_at=row["created_at"],
            expression=row["expression"] or "",
        ),
        place=row["place"],
        nodes=frozenset(row["nodes"]),
        status=JobStatus(row["status"]),
        reason=row["reason"],
        elapsed_s=row["elapsed_s"],
        counted_to=row["counted_to"],
        started_at=row["started_at"],
        stopped_at=row["stopped_at"],
    )


def member_row(member: Member) -> Row:
    """Return a node's row in `nodes`."""
    return {
        "name": member.settings.name,
        "settings": asdict(member.settings),
        "place": member.place,
        "added": member.added,
        "duty": member.duty.value,
        "duty_reason": member.duty_reason,
        "duty_since": member.duty_since,
        "successor": None if member.successor is None else asdict(member.successor),
    }


def member_of(row: RowMapping) -> Member:
    """Return the node that a row of `nodes` holds."""
    return Member(
        settings=_settings_of(row["settings"]),
        place=row["place"],
        added=row["added"],
        duty=NodeDuty(row["duty"]),
        duty_reason=row["duty_reason"],
        duty_since=row["duty_since"],
        successor=None if row["successor"] is None else _settings_of(row["successor"]),
    )


def _settings_of(kept: dict[str, Any]) -> NodeSettings:
    return NodeSettings(**{**kept, "slots": tuple(kept["slots"])})


def frame_rows(job: JobId, frames: Mapping[int, tuple[FrameStatus, int]]) -> Iterator[Row]:
    """Yield the rows in `frames` of a job's changed frames; RENDERING becomes PENDING."""
    for frame, (status, failures) in frames.items():
        saved = FrameStatus.PENDING if status is FrameStatus.RENDERING else status
        yield {"job_id": job, "frame": frame, "status": saved.value, "failures": failures}


def frame_runs(
    rows: Iterable[tuple[int, int, int]],
) -> list[tuple[range, FrameStatus, int]]:
    """Return (frame, status, failures) rows in the order of their frames as runs of equal ones."""
    return [
        (run, FrameStatus(status), failures)
        for (status, failures), alike in groupby(rows, lambda row: (row[1], row[2]))
        for run in runs_of(frame for frame, _, _ in alike)
    ]


def attempt_row(ended: EndedAttempt) -> Row:
    """Return an attempt's row in `attempts`."""
    attempt = ended.attempt
    return {
        "id": attempt.id,
        "job_id": attempt.job,
        "frame": attempt.frame,
        "node": attempt.node,
        "assigned_at": attempt.assigned_at,
        "started_at": attempt.started_at,
        "ended_at": ended.ended_at,
        "seconds": ended.seconds,
        "error": ended.error,
        "blame": ended.blame.value if ended.blame else None,
        "picture": ended.picture or None,
    }


def attempt_of(row: RowMapping) -> EndedAttempt:
    """Return the attempt that a row of `attempts` holds."""
    return EndedAttempt(
        Attempt(
            id=AttemptId(row["id"]),
            job=JobId(row["job_id"]),
            frame=row["frame"],
            node=row["node"],
            assigned_at=row["assigned_at"],
            started_at=row["started_at"],
        ),
        ended_at=row["ended_at"],
        seconds=row["seconds"],
        error=row["error"],
        blame=Blame(row["blame"]) if row["blame"] else None,
        picture=row["picture"] or "",
    )
