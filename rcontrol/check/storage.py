"""Files in the shared storage by which server and nodes see that it is the same."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 4.0
"""How long a file that was made elsewhere may take to show."""


class Marks:
    """A file of the server's, and the names of those that nodes make."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.word: Final = secrets.token_hex(16)
        """What the files hold."""
        self.own = ""
        """Name of the server's file; empty: it may not make one."""

    def name(self, who: str) -> str:
        """Return the name of a file in the base directory, of the server's or a node's."""
        return f".rcontrol-check-{self.word[:8]}-{who}"

    async def shows(self, name: str) -> bool:
        """Whether the server sees what a node has made."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while not await asyncio.to_thread(self._holds_word, name):
            if loop.time() > deadline:
                return False
            await asyncio.sleep(0.2)
        return True

    def remove(self, name: str) -> None:
        """Remove a file that a node could not."""
        with suppress(OSError):
            (self._base / name).unlink(missing_ok=True)

    def _holds_word(self, name: str) -> bool:
        try:
            return (self._base / name).read_text().strip() == self.word
        except (OSError, UnicodeDecodeError):
            return False


@contextmanager
def marked(base: Path) -> Iterator[Marks]:
    """Make the server's file, where it may, and remove it in the end."""
    marks = Marks(base)
    own = marks.name("server")
    with suppress(OSError):
        (base / own).write_text(marks.word)
        marks.own = own
    try:
        yield marks
    finally:
        marks.remove(own)
