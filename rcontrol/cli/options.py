"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from rcontrol.client import DEFAULT_URL


def _own_or_global(ctx: typer.Context, value: str) -> str:
    return value or str(ctx.obj)


Server = Annotated[
    str,
    typer.Option(
        "--server",
        metavar="URL",
        callback=_own_or_global,
        show_default=False,
        help=f"Of the server; also RCONTROL_SERVER. [default: {DEFAULT_URL}]",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def named(path: str) -> str:
    """Return a path as the server should read it: absolute where it is one from here."""
    return str(Path(path).absolute()) if Path(path).exists() else path


First = Annotated[int | None, typer.Option("--start", "-s", metavar="N", help="First frame.")]
Last = Annotated[int | None, typer.Option("--end", "-e", metavar="N", help="Last frame.")]
Frames = Annotated[
    str | None,
    typer.Option(
        "--frames",
        "-f",
        metavar="EXPR",
        help="Instead of first and last: 1-100, every fifth of them (1-100x5), or 1,4,10-20.",
    ),
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Its id, or how only it begins.")]
JobArguments = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Ids, or how only they begin.")
]
