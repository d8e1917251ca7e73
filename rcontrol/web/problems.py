"""Every error as clients see it: which exception answers with which status and message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rcontrol.errors import (
    BadRequest,
    ConfigError,
    FarmUnavailable,
    FrameNotFound,
    JobNotFound,
    LogNotFound,
    NodeConflict,
    NodeNotFound,
    QueueFull,
    StorageError,
    StoreError,
    StoreFull,
    WrongStatus,
)
from rcontrol.web.answers import Json
from rcontrol.web.models import ErrorBody


class Problem(Exception):
    """An answer other than 200."""

    def __init__(
        self, status: int, message: str, explanation: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, explanation, headers)
        self.status, self.message, self.explanation = status, message, explanation
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Rule:
    """How an exception is answered; its own text is the explanation."""

    status: int
    message: str
    """May name attributes of `error`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    by_cause: Mapping[type[BaseException], "Rule"] = field(default_factory=dict)
    """Answers to an exception that was raised from another one; the first that fits counts."""


RETRY_LATER: Final = {"Retry-After": "2"}
"""Seconds: a JobManager is back by then, unless it never comes back."""

RULES: Final[Mapping[type[Exception], Rule]] = {
    BadRequest: Rule(400, "Missing required data"),
    JobNotFound: Rule(404, "Job ID not found"),
    FrameNotFound: Rule(404, "Frame not found"),
    NodeNotFound: Rule(404, "Node not found"),
    LogNotFound: Rule(404, "No log"),
    QueueFull: Rule(409, "Queue is full"),
    NodeConflict: Rule(409, "Not possible for this node"),
    ConfigError: Rule(409, "Configuration file cannot be used"),
    WrongStatus: Rule(409, "Job is {error.status}"),
    StorageError: Rule(
        403,
        "Path not allowed",
        by_cause={
            FileNotFoundError: Rule(404, "Path not found"),
            NotADirectoryError: Rule(400, "Not a folder"),
            PermissionError: Rule(403, "Path not allowed"),
            OSError: Rule(400, "Path cannot be read"),
            UnicodeError: Rule(400, "Path cannot be read"),
        },
    ),
    StoreFull: Rule(507, "Disk is full", RETRY_LATER),
    StoreError: Rule(503, "Farm state cannot be saved", RETRY_LATER),
    FarmUnavailable: Rule(503, "Farm is not available", RETRY_LATER),
}
"""The nearest base class of an exception counts; one without a rule is a defect: 500."""


def problem_of(error: Exception) -> Problem:
    """Return the answer to an exception."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if rule := RULES.get(kind):
            special = (
                r for cause, r in rule.by_cause.items() if isinstance(error.__cause__, cause)
            )
            rule = next(special, rule)
            message = rule.message.format(error=error)
            return Problem(rule.status, message, str(error), rule.headers)
    return Problem(500, "Internal server error", "a defect; the server's log has the details")


def statuses(kind: type[Exception]) -> set[int]:
    """Return every status that an exception with a rule may be answered with."""
    rule = RULES[kind]
    return {rule.status, *(special.status for special in rule.by_cause.values())}


def answer(problem: Problem) -> Json:
    """Return the response that tells of a problem."""
    body: ErrorBody = {
        "error_code": problem.status,
        "message": problem.message,
        "explanation": problem.explanation,
    }
    return Json(body, status_code=problem.status, headers=dict(problem.headers))
