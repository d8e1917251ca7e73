"""`rcontrol attempts`, `logs` and `why`: what happened to a frame, and what it waits for."""

from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, fail, find_attempt, find_job, server_at
from rcontrol.cli.options import AsJson, JobArgument, Server

FrameArgument = Annotated[int, typer.Argument(metavar="FRAME", help="The frame's number.")]


def attempts(
    job: JobArgument, frame: FrameArgument, server: Server = "", as_json: AsJson = False
) -> None:
    """Print the attempts at a frame: where, how long, and what went wrong."""
    with server_at(server) as client:
        found = client.attempts(find_job(client, job), frame)
    if as_json:
        show.as_json(found)
    else:
        show.attempts(found)


def logs(
    job: JobArgument,
    frame: FrameArgument,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the attempt has ended.")
    ] = False,
    attempt: Annotated[
        int | None, typer.Option("--attempt", metavar="N", help="[default: the last with a log]")
    ] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Print what a renderer said at a frame."""
    with server_at(server) as client:
        found = find_job(client, job)
        which = "" if attempt is None else find_attempt(client, found, frame, attempt)
        parts = (client.follow_log if follow else client.read_log)(found, frame, which)
        (show.log_json if as_json else show.log)(parts)


def why(
    job: Annotated[
        str | None, typer.Argument(metavar="[JOB]", help="Its id, or how only it begins.")
    ] = None,
    frame: Annotated[int | None, typer.Argument(metavar="[FRAME]", help="One frame of it.")] = None,
    node: Annotated[str | None, typer.Option(metavar="NAME", help="Ask a node instead.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Say in a sentence what a job, a frame or a node waits for, and the remedy."""
    if (job is None) == (node is None):
        fail("say one job, or one node with --node", ExitStatus.USAGE)
    with server_at(server) as client:
        if job is not None:
            answer = client.why_job(find_job(client, job), frame)
        else:
            answer = client.why_node(node or "")
    if as_json:
        show.as_json(answer)
    else:
        print(show.printable(answer["why"]))
