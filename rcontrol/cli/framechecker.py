"""`framechecker`: which frames are missing from a folder, without a server."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rcontrol.cli.connect import ExitStatus
from rcontrol.cli.frames import tell
from rcontrol.cli.options import AsJson, First, Frames, Last
from rcontrol.cli.show import printable
from rcontrol.errors import BadRequest
from rcontrol.sequences import find_missing, wanted

EXIT_STATUSES = """\b
Exit statuses:
  0    nothing is missing
  1    frames are missing, or there is no sequence
  2    the folder cannot be read, or a mistake in the command line
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(epilog=EXIT_STATUSES)
def framechecker(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to look.")] = Path(),
    start: First = None,
    end: Last = None,
    frames: Frames = None,
    as_json: AsJson = False,
) -> None:
    """Print which frames the sequences of images in a folder lack, or have empty files for.

    Without first or last frame, each sequence should have all from its own first to its own last.
    """
    try:
        asked = wanted(frames, start, end)
        found = find_missing(_files(folder), asked)
    except BadRequest as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{folder}: {error.strerror}")
    tell(
        {
            "path": str(folder.absolute()),
            "wanted": str(asked.known or ""),
            "sequences": [asdict(one) for one in found],  # type: ignore[misc]
        },
        as_json,
    )


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield names and sizes, of a symlink those of the file it leads to."""
    with os.scandir(folder) as entries:
        for entry in entries:
            # A symlink that leads nowhere is no file.
            if entry.is_file():
                yield entry.name, entry.stat().st_size


def _fail(message: str) -> NoReturn:
    print(f"framechecker: {printable(message)}", file=sys.stderr)
    raise typer.Exit(ExitStatus.USAGE)
