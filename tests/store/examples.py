"""Jobs, frames and attempts to save."""

from rcontrol.farm.model import (
    Attempt,
    AttemptId,
    Blame,
    Changes,
    EndedAttempt,
    FrameStatus,
    Job,
    JobId,
    JobOptions,
    JobSpec,
    Publish,
)

JOB = JobId("0" * 32)


def job(id: JobId = JOB, place: int = 1) -> Job:  # noqa: A002
    """A job of 100 frames."""
    return Job(
        JobSpec(
            *(id, "robots", "/mnt/robots.blend", "blend", 1, 100),
            options=JobOptions("/out/", "S", ("-x",), Publish.DIRECT),
        ),
        place,
        frozenset({"n1"}),
    )


def ended(number: int, frame: int = 1, id: JobId = JOB) -> EndedAttempt:  # noqa: A002
    """A failed attempt at a frame."""
    attempt = Attempt(AttemptId(f"1-{number}"), id, frame, "n1", 10.0, 11.0)
    return EndedAttempt(attempt, 12.0, 1.0, "no camera", Blame.JOB)


def done(*frames: int, id: JobId = JOB) -> Changes:  # noqa: A002
    """Frames that are done."""
    return Changes(frames={id: dict.fromkeys(frames, (FrameStatus.DONE, 0))})
