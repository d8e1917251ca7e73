"""Reading logs, while they are written or later."""

import codecs
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rcontrol.framelogs.layout import Piece, frame_folder, made_as, pieces_in

MOST_READ: Final = 128 * 1024
"""Bytes of output in one part."""
SETTLED_S: Final = 3.0
"""A log that does not end properly, but has not grown for so long, grows no more unless its
attempt goes on."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of an attempt's output, as text."""

    attempt: str
    next: int
    """Position at which the next part begins: bytes of output from the attempt's beginning."""
    text: str
    """What is no UTF-8 is replaced; where bytes are not kept, a line says how many."""
    at_end: bool
    """There is nothing more at the moment."""
    ended: bool
    """And nothing will be added, unless the attempt goes on elsewhere."""


class Logs:
    """The logs in one folder. Methods block, and raise OSError when the disk fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def attempts(self, job: str, frame: int) -> list[str]:
        """Return the attempts at a frame of which there are logs, as they were made."""
        pieces = pieces_in(frame_folder(self._folder, job, frame))
        return sorted({piece.attempt for piece in pieces}, key=made_as)

    def read(self, job: str, frame: int, attempt: str = "", position: int = 0) -> LogPart | None:
        """Return the part of a log that begins at `position`; None: there is no such log.

        `attempt` empty: the last one that has a log.
        """
        pieces = list(pieces_in(frame_folder(self._folder, job, frame)))
        attempt = attempt or (pieces[-1].attempt if pieces else "")
        pieces = [piece for piece in pieces if piece.attempt == attempt]
        return _read(pieces, position) if pieces else None


def _read(pieces: list[Piece], position: int) -> LogPart:
    text, room, at_end, ended = _Text(), MOST_READ, False, False
    following = [piece.position for piece in pieces[1:]]
    for piece, cut in zip(pieces, [*following, None], strict=True):
        if cut is not None and cut <= position:
            continue
        try:
            content, whole = piece.content()
        except FileNotFoundError:
            # Dropped or swept meanwhile: a gap.
            continue
        end = piece.position + len(content)
        if cut is None:
            position = min(position, end)
            at_end = end - max(position, piece.position) <= room
            ended = at_end and (whole or _settled(piece))
        if piece.position > position:
            text.gap(piece.position - position)
            position = piece.position
        start = position - piece.position
        part = content[start : min((cut or end) - piece.position, start + room)]
        text.add(part)
        position += len(part)
        room -= len(part)
        if not room:
            break
    whole_text, waiting = text.end(ended)
    return LogPart(pieces[0].attempt, position - waiting, whole_text, at_end, ended)


def _settled(piece: Piece) -> bool:
    try:
        return time.time() - piece.path.stat().st_mtime > SETTLED_S
    except FileNotFoundError:
        return True


class _Text:
    """Bytes and gaps as text; a character that is not whole yet waits for the next part."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text: list[str] = []

    def add(self, output: bytes) -> None:
        self._text.append(self._decoder.decode(output))

    def gap(self, size: int) -> None:
        self._text.append(self._decoder.decode(b"", final=True))
        self._text.append(f"\n[rcontrol: {size} bytes of output are not kept]\n")

    def end(self, final: bool) -> tuple[str, int]:
        """Return the text, and how many bytes of a character wait."""
        waiting = 0 if final else len(self._decoder.getstate()[0])
        if final:
            self._text.append(self._decoder.decode(b"", final=True))
        return "".join(self._text), waiting
