"""The scripts that run on nodes, put together from their parts in `scripts/`."""

from importlib import resources
from typing import Final


def joined(*names: str) -> str:
    """Return the text of parts one after the other."""
    folder = resources.files("rcontrol.sessions").joinpath("scripts")
    return "\n".join(folder.joinpath(f"{name}.sh").read_text("utf-8") for name in names)


RESIDENT: Final = joined("ending", "resident")
"""Kept in the session's folder."""
START: Final = joined("place", "start")
ATTACH: Final = joined("place", "owner", "complete", "publish", "attach")
LIST: Final = joined("place", "owner", "list")
END: Final = joined("place", "owner", "ending", "end")
