"""Names and contents of the pieces of logs."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

FIRST_PIECE: Final = 1024 * 1024
"""Bytes of output in the first piece of a log, which is never dropped."""
LATER_PIECE: Final = 512 * 1024
"""Bytes of output in each further one."""
LAST_PIECES: Final = 3
"""How many of the further ones are kept."""
GZIP: Final = 31
"""`wbits` of zlib for a gzip file."""

_NAME: Final = re.compile(r"([0-9]+-[0-9]+)\.([0-9]+)\.([0-9]+)\.gz")
_READ_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a log."""

    path: Path
    attempt: str
    position: int
    """Bytes of the attempt's output before it."""
    offset: int
    """Bytes of the session's output before it."""

    def content(self) -> tuple[bytes, bool]:
        """Return what it holds so far, and whether it has ended properly. Raises OSError."""
        unzip = zlib.decompressobj(GZIP)
        content = bytearray()
        with self.path.open("rb") as file:
            while (data := file.read(_READ_AT_ONCE)) and not unzip.eof:
                try:
                    content += unzip.decompress(data, FIRST_PIECE - len(content) + 1)
                except zlib.error:
                    break
                if len(content) > FIRST_PIECE:
                    break
        return bytes(content[:FIRST_PIECE]), unzip.eof


def job_folder(folder: Path, job: str) -> Path:
    """Return where a job's logs are. Whatever the id is, that is below `folder`."""
    return folder / quote(job, safe="").replace(".", "%2E")


def frame_folder(folder: Path, job: str, frame: int) -> Path:
    """Return where the logs of a frame are."""
    return job_folder(folder, job) / str(frame)


def piece_at(place: Path, attempt: str, position: int, offset: int) -> Piece:
    """Return the piece of a log that begins there."""
    return Piece(place / f"{attempt}.{position}.{offset}.gz", attempt, position, offset)


def pieces_in(place: Path) -> Iterator[Piece]:
    """Yield the pieces of all logs of a frame: attempts as they were made, pieces in order."""
    try:
        names = [match for path in place.iterdir() if (match := _NAME.fullmatch(path.name))]
    except FileNotFoundError:
        return
    pieces = [piece_at(place, name[1], int(name[2]), int(name[3])) for name in names]
    yield from sorted(pieces, key=lambda piece: (made_as(piece.attempt), piece.position))


def made_as(attempt: str) -> tuple[int, ...]:
    """Return what sorts attempts as they were made: their epoch and number."""
    return tuple(int(number) for number in attempt.split("-"))
