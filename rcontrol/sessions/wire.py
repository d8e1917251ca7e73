"""The bytes of the protocol in `rcontrol.sessions`: names, control lines, output lines."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from rcontrol.engines.spelling import spelled

LONGEST_LINE: Final = 65536
"""Bytes; the rest of a longer line of output is dropped."""

HEARTBEAT: Final = b"\n"

_UNSAFE_IN_NAME: Final = re.compile(rb"[^0-9a-zA-Z.-]|^\.")


def folder_name(name: str) -> str:
    """Return a name for the file system; different for every name."""
    return _UNSAFE_IN_NAME.sub(lambda found: b"_%02x" % found[0][0], _encoded(name)).decode("ascii")


def order(facts: str, text: str) -> bytes:
    """Return the control line that passes a line on to the renderer; `facts` are written down."""
    return b">" + _encoded(facts) + b"\t" + _encoded(text) + b"\n"


def inspection(token: str, path: str) -> bytes:
    """Return the control line that has a picture looked at."""
    return b"?" + token.encode("ascii") + b" " + spelled(path) + b"\n"


def publication(token: str, hidden: str, files: Iterable[tuple[str, str]]) -> bytes:
    """Return the control line that has files looked at and put in their places: (made, final)."""
    words = [hidden, *(path for pair in files for path in pair)]
    return b"!" + token.encode("ascii") + b" " + b" ".join(map(spelled, words)) + b"\n"


def hidden_folder(job: str, frame: int, attempt: str) -> str:
    """Return the relative path of the folders in which an attempt makes its files."""
    return f".rcontrol-{folder_name(job)}/{frame}.{attempt}"


def end_mark(session: str) -> str:
    """Return how the end line of a session begins."""
    return f"@session-{session}@"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class LineSplitter:
    """Cuts a stream of bytes into lines of text; a carriage return ends a line, too."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def split(self, data: bytes) -> Iterator[str]:
        """Yield the lines that are whole now and not empty."""
        first, *more = data.replace(b"\r", b"\n").split(b"\n")
        self._extend(first)
        for piece in more:
            if self._partial:
                yield self._partial.decode("utf-8", "replace")
                self._partial.clear()
            self._extend(piece)

    def _extend(self, piece: bytes) -> None:
        self._partial += piece[: LONGEST_LINE - len(self._partial)]
