"""From a command to a server: exit statuses, one-line errors, abbreviated job ids."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, NoReturn

import typer

from rcontrol.cli.show import printable
from rcontrol.client import ApiError, Client, ClientError

SHORTEST_ID: Final = 8


class ExitStatus(IntEnum):
    """What a command's exit status means."""

    OK = 0
    """Done; a watched job is Finished."""
    FAILED = 1
    """A watched job Failed or was Stopped; frames are missing; a check or the server failed."""
    USAGE = 2
    """The command line or the configuration file has a mistake."""
    REFUSED = 3
    """The server refused (4xx), and nothing changed."""
    NO_SERVER = 4
    """The server could not be reached, or is in trouble (5xx)."""
    INTERRUPTED = 130
    """Ctrl-C."""


def fail(message: str, status: ExitStatus) -> NoReturn:
    """Say what is wrong in one line on standard error, and exit."""
    print(f"rcontrol: {printable(message)}", file=sys.stderr)
    raise typer.Exit(status)


@contextmanager
def server_at(url: str) -> Iterator[Client]:
    """Give a client; its errors end the command."""
    try:
        with Client(url) as client:
            yield client
    except ClientError as error:
        refused = isinstance(error, ApiError) and error.status < 500
        fail(str(error), ExitStatus.REFUSED if refused else ExitStatus.NO_SERVER)


def find_job(client: Client, abbreviated: str) -> str:
    """Return the one job id that begins so. Raises ApiError where there is none."""
    jobs = [job["id"] for job in client.summary()["jobs"]]
    if abbreviated in jobs:
        return abbreviated
    matches = [job for job in jobs if abbreviated and job.startswith(abbreviated)]
    if len(matches) > 1:
        fail(f"{abbreviated} may be any of {', '.join(matches)}", ExitStatus.USAGE)
    if not matches:
        raise ApiError(404, "Job ID not found", f"there is no job {abbreviated!r}")
    return matches[0]


def find_attempt(client: Client, job: str, frame: int, number: int) -> str:
    """Return the id of an attempt at a frame. Raises ApiError where there is none."""
    attempts = client.attempts(job, frame)
    for attempt in attempts:
        if attempt["number"] == number:
            return attempt["id"]
    there = f"it has had {len(attempts)}" if attempts else "none has begun"
    raise ApiError(404, "No such attempt", f"frame {frame} has no attempt {number}; {there}")


def telling_length(jobs: Sequence[str]) -> int:
    """Return how many characters tell these ids apart, `SHORTEST_ID` at least."""
    length = SHORTEST_ID
    while len({job[:length] for job in jobs}) < len(jobs):
        length += 1
    return length
