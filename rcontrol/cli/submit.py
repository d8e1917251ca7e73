"""`rcontrol submit`: queue a job."""

import sys
from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, fail, server_at
from rcontrol.cli.options import AsJson, First, Frames, Last, Server, named
from rcontrol.cli.show import printable
from rcontrol.cli.watch import watch_job
from rcontrol.client import Client


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The project file.")],
    start: First = None,
    end: Last = None,
    frames: Frames = None,
    missing: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Of these frames only those that a folder lacks."),
    ] = None,
    sequence: Annotated[
        str,
        typer.Option(metavar="NAME", help="Which one, where DIR has several: shot.####.exr."),
    ] = "",
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
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="Its renderer. [default: the file's ending says]")
    ] = "",
    direct: Annotated[
        bool, typer.Option("--direct", help="Have the renderer write frames in their place.")
    ] = False,
    priority: Annotated[int, typer.Option(help="Higher goes first.")] = 0,
    follow: Annotated[bool, typer.Option("--watch", help="Watch it once it is queued.")] = False,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Queue a job and print its id; of --missing, none where nothing is missing."""
    if (start, end) != (None, None) and frames is not None:
        fail("--frames says all; leave --start and --end out", ExitStatus.USAGE)
    if None in (start, end) and frames is None and missing is None:
        fail("say which frames: --frames 1-100, or --start and --end", ExitStatus.USAGE)
    with server_at(server) as client:
        if missing is not None:
            frames = _lacking(client, missing, (start, end, frames), sequence)
            start = end = None
            if not frames:
                if as_json:
                    show.as_json({"job_id": None})
                raise typer.Exit
        job = client.submit(
            named(file),
            start,
            end,
            frames=frames,
            nodes=None if nodes is None else [node for node in nodes.split(",") if node],
            name=name,
            engine=engine,
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


def _lacking(
    client: Client, folder: str, asked: tuple[int | None, int | None, str | None], name: str
) -> str:
    """Return which frames a folder's only sequence, or that of this name, lacks; empty: none."""
    start, end, frames = asked
    answer = client.missing_frames(named(folder), frames=frames, start_frame=start, end_frame=end)
    there = {sequence["pattern"]: sequence for sequence in answer["sequences"]}
    if name and name not in there:
        fail(f"{folder} has no {name}; there is {', '.join(there) or 'none'}", ExitStatus.USAGE)
    if not there and answer["wanted"]:
        return answer["wanted"]
    if not there:
        fail(f"{folder} has no sequence; say which frames there should be", ExitStatus.USAGE)
    if len(there) > 1 and not name:
        which = f"say which one with --sequence: {', '.join(there)}"
        fail(f"{folder} has several sequences; {which}", ExitStatus.USAGE)
    found = there[name or next(iter(there))]
    if not found["missing"]:
        whole = f"{found['pattern']} has all {found['wanted_total']} frames"
        print(printable(f"nothing is missing: {whole}"), file=sys.stderr)
    return found["missing"]
