"""The `rcontrol` command: all but `serve`, `demo` and `check` talk to a server over HTTP."""

import importlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from rcontrol.cli import frames, nodes, show
from rcontrol.cli.asking import attempts, logs, why
from rcontrol.cli.check import check
from rcontrol.cli.connect import (
    ExitStatus,
    fail,
    find_job,
    server_at,
    telling_length,
)
from rcontrol.cli.options import AsJson, JobArgument, JobArguments, Server
from rcontrol.cli.submit import submit
from rcontrol.cli.watch import watch
from rcontrol.client import DEFAULT_URL, Client
from rcontrol.errors import ConfigError, RcontrolError

EXIT_STATUSES: Final = """\b
Exit statuses:
  0    done; a watched job is Finished
  1    a watched job Failed or was Stopped; frames are missing; a check or the server failed
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
app.add_typer(frames.app, name="frames")
app.command()(check)
app.command()(submit)
app.command()(watch)
for _asks in (attempts, logs, why):
    # The frame may begin with a minus.
    app.command(context_settings={"ignore_unknown_options": True})(_asks)


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


@app.command("list")
def list_jobs(server: Server = "", as_json: AsJson = False) -> None:
    """Print the queue."""
    with server_at(server) as client:
        jobs, notice = client.jobs(), client.farm_state()["notice"]
    show.notice(notice)
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
