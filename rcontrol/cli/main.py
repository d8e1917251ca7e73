"""The `rcontrol` command: all but `serve`, `demo` and `check` talk to a server over HTTP."""

import importlib
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from rcontrol.cli import nodes, show
from rcontrol.cli.check import check
from rcontrol.cli.connect import (
    SHORTEST_ID,
    ExitStatus,
    fail,
    find_attempt,
    find_job,
    server_at,
    telling_length,
)
from rcontrol.cli.options import AsJson, JobArgument, JobArguments, Server
from rcontrol.client import DEFAULT_URL, Client
from rcontrol.errors import ConfigError, RcontrolError

EXIT_STATUSES: Final = """\b
Exit statuses:
  0    done; a watched job is Finished
  1    a watched job Failed or was Stopped; the server could not run; a check found a problem
  2    a mistake in the command line or the configuration file
  3    the server refused, and nothing changed
  4    the server could not be reached, or is in trouble
  130  Ctrl-C
"""

app = typer.Typer(
    name="rcontrol",
    help="A render farm controller.",
    epilog=EXIT_STATUSES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(nodes.app, name="nodes")
app.command()(check)


@app.callback()
def root(
    ctx: typer.Context,
    server: Annotated[
        str, typer.Option(envvar="RCONTROL_SERVER", metavar="URL", help="Of the server.")
    ] = DEFAULT_URL,
) -> None:
    """A render farm controller."""
    ctx.obj = server


# --- the server itself ---


@app.command()
def serve(
    config: Annotated[
        Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration file.")
    ],
) -> None:
    """Run the server until it is told to end."""
    _run("actors.launch", "serve", config)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where it keeps its files.")
    ] = Path("rcontrol-demo"),
) -> None:
    """Run a whole farm on this machine, to look at."""
    _run("rcontrol.demo.run", "run_demo", folder)


def _run(module: str, function: str, argument: Path) -> None:
    """Run what this package must not import: it stands above, and loads Ray."""
    try:
        status = getattr(importlib.import_module(module), function)(argument)
    except ConfigError as error:
        fail(str(error), ExitStatus.USAGE)
    except RcontrolError as error:
        fail(str(error), ExitStatus.FAILED)
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    raise typer.Exit(status)


# --- jobs ---


@app.command()
def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The project file.")],
    start: Annotated[int, typer.Option("--start", "-s", help="First frame.")],
    end: Annotated[int, typer.Option("--end", "-e", help="Last frame.")],
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGS...]", help="Extra arguments for the renderer."),
    ] = None,
    nodes: Annotated[
        str | None, typer.Option(metavar="A,B", help="Nodes that may render it. [default: all]")
    ] = None,
    name: Annotated[str, typer.Option(help="For people. [default: the file's name]")] = "",
    output: Annotated[str, typer.Option(help="Overrides the scene's output path.")] = "",
    scene: Annotated[str, typer.Option(help="Scene to render. [default: the active one]")] = "",
    direct: Annotated[
        bool, typer.Option("--direct", help="Have the renderer write frames in their place.")
    ] = False,
    priority: Annotated[int, typer.Option(help="Higher goes first.")] = 0,
    follow: Annotated[bool, typer.Option("--watch", help="Watch it once it is queued.")] = False,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Queue a job and print its id."""
    with server_at(server) as client:
        job = client.submit(
            str(Path(file).absolute()) if Path(file).exists() else file,
            start,
            end,
            None if nodes is None else [node for node in nodes.split(",") if node],
            name=name,
            output=output,
            scene=scene,
            args=args or (),
            publish="direct" if direct else "fenced",
            priority=priority,
        )
        if as_json and not follow:
            show.as_json({"job_id": job})
        elif not as_json:
            print(job, flush=True)
        if follow:
            _watch(client, job, as_json)


@app.command("list")
def list_jobs(server: Server = "", as_json: AsJson = False) -> None:
    """Print the queue."""
    with server_at(server) as client:
        jobs = client.jobs()
    if as_json:
        show.as_json(jobs)
    else:
        show.jobs(jobs, telling_length([job["id"] for job in jobs]))


@app.command()
def status(job: JobArgument, server: Server = "", as_json: AsJson = False) -> None:
    """Print one job and what its nodes do."""
    with server_at(server) as client:
        found = client.job(find_job(client, job))
    if as_json:
        show.as_json(found)
    else:
        show.job(found)


@app.command()
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
            _watch(client, rendering[0]["id"], as_json)
        else:
            _watch(client, find_job(client, job), as_json)


def _watch(client: Client, job: str, as_json: bool) -> None:
    by_hand = show.progress_bar if sys.stdout.isatty() else show.progress_lines
    try:
        if client.job(job)["status"] == "Waiting" and not client.autostart():
            print(f"autostart is off: `rcontrol start {job[:SHORTEST_ID]}`", file=sys.stderr)
        last = (show.progress_json if as_json else by_hand)(client.follow(job))
    except KeyboardInterrupt:
        fail("no longer watching; the job goes on", ExitStatus.INTERRUPTED)
    if last["status"] != "Finished":
        fail(f"{last['status']}: {last['reason'] or 'by a person'}", ExitStatus.FAILED)


FrameArgument = Annotated[int, typer.Argument(metavar="FRAME", help="The frame's number.")]


@app.command()
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


@app.command()
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


@app.command()
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


ACTIONS: Final[dict[str, tuple[Callable[[Client, str], None], str]]] = {
    "start": (Client.start, "Start or resume jobs at once, beside any that already render."),
    "stop": (Client.stop, "Stop jobs and kill their renders now."),
    "enqueue": (Client.enqueue, "Put stopped or failed jobs back in the queue."),
    "delete": (Client.delete, "Remove jobs that are not rendering."),
}


def _action(name: str, act: Callable[[Client, str], None], help_text: str) -> None:
    @app.command(name, help=help_text)
    def command(jobs: JobArguments, server: Server = "") -> None:
        with server_at(server) as client:
            for job in jobs:
                act(client, find_job(client, job))


for _name, (_act, _help) in ACTIONS.items():
    _action(_name, _act, _help)


@app.command()
def move(
    job: JobArgument,
    before: Annotated[
        str | None, typer.Option(metavar="JOB", help="The one it comes before. [default: none]")
    ] = None,
    server: Server = "",
) -> None:
    """Give a job another place in the queue: before another one, or last."""
    with server_at(server) as client:
        place = None if before is None else find_job(client, before)
        client.move(find_job(client, job), place)


@app.command()
def clear(server: Server = "") -> None:
    """Remove every job that is Finished."""
    with server_at(server) as client:
        client.clear_finished()


# --- nodes and autostart ---


@app.command()
def enable(job: JobArgument, node: str, server: Server = "") -> None:
    """Let a node render a job."""
    with server_at(server) as client:
        client.enable_node(find_job(client, job), node)


@app.command()
def disable(job: JobArgument, node: str, server: Server = "") -> None:
    """Give a node no more frames of a job; it finishes the one it has."""
    with server_at(server) as client:
        client.disable_node(find_job(client, job), node)


class Switch(StrEnum):
    """A way to say yes or no."""

    ON = "on"
    OFF = "off"


@app.command()
def autostart(
    switch: Annotated[Switch | None, typer.Argument(help="Absent: only print it.")] = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Print or switch whether waiting jobs start by themselves."""
    with server_at(server) as client:
        if switch is not None:
            client.set_autostart(switch is Switch.ON)
        on = client.autostart()
    if as_json:
        show.as_json({"autostart": on})
    else:
        print(Switch.ON if on else Switch.OFF)
