"""`rcontrol frames`: which frames are missing from a folder of the shared storage."""

from typing import Annotated

import typer

from rcontrol.cli import show
from rcontrol.cli.connect import ExitStatus, server_at
from rcontrol.cli.options import AsJson, First, Frames, Last, Server, named
from rcontrol.web.frame_models import MissingAnswer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def frames() -> None:
    """Look for frames that are missing."""


@app.command()
def missing(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder of the shared storage.")],
    start: First = None,
    end: Last = None,
    frames: Frames = None,
    server: Server = "",
    as_json: AsJson = False,
) -> None:
    """Print which frames a folder's sequences lack; exit with 1 where any does."""
    with server_at(server) as client:
        answer = client.missing_frames(
            named(folder), frames=frames, start_frame=start, end_frame=end
        )
    tell(answer, as_json)


def tell(answer: MissingAnswer, as_json: bool) -> None:
    """Print what is missing, and exit with 1 where anything is, or there is no sequence."""
    if as_json:
        show.as_json(answer)
    else:
        show.missing(answer)
    sequences = answer["sequences"]
    if not sequences or any(sequence["missing"] for sequence in sequences):
        raise typer.Exit(ExitStatus.FAILED)
