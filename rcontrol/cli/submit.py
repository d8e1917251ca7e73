"""`rcontrol submit`: queue a job."""

from pathlib import Path
from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, fail, server_at
from rcontrol.cli.options import AsJson, First, Frames, Last, Server
from rcontrol.cli.watch import watch_job


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The project file.")],
    start: First = None,
    end: Last = None,
    frames: Frames = None,
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
    if (start, end) != (None, None) and frames is not None:
        fail("--frames says all; leave --start and --end out", ExitStatus.USAGE)
    if None in (start, end) and frames is None:
        fail("say which frames: --frames 1-100, or --start and --end", ExitStatus.USAGE)
    with server_at(server) as client:
        job = client.submit(
            str(Path(file).absolute()) if Path(file).exists() else file,
            start,
            end,
            frames=frames,
            nodes=None if nodes is None else [node for node in nodes.split(",") if node],
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
            watch_job(client, job, as_json)
