"""`rcontrol watch`: a job's progress as it goes."""

import sys
from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import SHORTEST_ID, ExitStatus, fail, find_job, server_at
from rcontrol.cli.options import AsJson, Server
from rcontrol.client import Client


def watch(
    job: Annotated[
        str | None,
        typer.Argument(metavar="[JOB]", help="Its id. [default: the first that renders]"),
    ] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Show a job's progress until it is Finished, Failed or Stopped."""
    with server_at(server) as client:
        if job is None:
            rendering = [one for one in client.summary()["jobs"] if one["status"] == "Rendering"]
            if not rendering:
                fail("no job renders; say which one to watch", ExitStatus.USAGE)
            watch_job(client, rendering[0]["id"], as_json)
        else:
            watch_job(client, find_job(client, job), as_json)


def watch_job(client: Client, job: str, as_json: bool) -> None:
    """Show a job's progress to its end, and exit with 1 unless it is Finished."""
    by_hand = show.progress_bar if sys.stdout.isatty() else show.progress_lines
    try:
        if client.job(job)["status"] == "Waiting" and not client.autostart():
            print(f"autostart is off: `rcontrol start {job[:SHORTEST_ID]}`", file=sys.stderr)
        last = (show.progress_json if as_json else by_hand)(client.follow(job))
    except KeyboardInterrupt:
        fail("no longer watching; the job goes on", ExitStatus.INTERRUPTED)
    if last["status"] != "Finished":
        fail(f"{last['status']}: {last['reason'] or 'by a person'}", ExitStatus.FAILED)
