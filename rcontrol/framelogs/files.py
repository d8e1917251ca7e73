"""One attempt's log on the disk, as its writer sees it."""

import logging
import os
import time
import zlib
from pathlib import Path
from typing import Final

from rcontrol.framelogs.layout import (
    FIRST_PIECE,
    GZIP,
    LAST_PIECES,
    LATER_PIECE,
    Piece,
    piece_at,
    pieces_in,
)

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
"""After a disk took nothing, how long nothing is written to this log."""


class LogFiles:
    """Writes the pieces of one log; raises nothing. For one thread.

    `resumed`: another process has begun the log, and this one reads the same session again; what
    is kept already is not written twice. Otherwise a log that is there was begun in a session that
    has ended, and goes on with the new one's output.
    """

    def __init__(self, place: Path, attempt: str, offset: int, *, resumed: bool) -> None:
        """`place` is the frame's folder, `offset` where the log begins in the session's output."""
        self._place, self._attempt, self._offset = place, attempt, offset
        self._resumed = resumed
        self._begun = False
        self._pieces: list[Piece] = []
        self._position = 0
        self._shift = 0
        """Position of a byte less its offset."""
        self._descriptor: int | None = None
        self._zip = zlib.compressobj()
        self._room = 0
        self._written = 0
        """Bytes of the open file that can be read."""
        self._dirty = False
        self._retry_at = 0.0

    def write(self, offset: int, output: bytes) -> None:
        """Take in output; it can be read after `flush`. What is kept already is passed over."""
        if time.monotonic() < self._retry_at:
            return
        try:
            self._begin()
            self._write(offset + self._shift, output)
        except OSError as error:
            self._fail(error)

    def flush(self) -> None:
        """Let readers see what has been written."""
        if self._descriptor is None or not self._dirty:
            return
        try:
            self._put(self._zip.flush(zlib.Z_SYNC_FLUSH))
            self._dirty = False
            self._written = os.fstat(self._descriptor).st_size
        except OSError as error:
            self._fail(error)

    def end(self) -> None:
        """Nothing more comes. A log without output is there, and empty."""
        try:
            self._begin()
            if self._descriptor is None:
                self._open_piece()
            self._end_piece()
        except OSError as error:
            self._fail(error)

    def _begin(self) -> None:
        if self._begun:
            return
        self._pieces = [piece for piece in pieces_in(self._place) if piece.attempt == self._attempt]
        self._shift = -self._offset
        if self._pieces:
            last = self._pieces[-1]
            self._position = last.position + len(last.content()[0])
            known = last.position - last.offset
            self._shift = known if self._resumed else self._position - self._offset
        self._open_piece()
        self._begun = True

    def _write(self, position: int, output: bytes) -> None:
        output = output[max(0, self._position - position) :]
        position = max(position, self._position)
        if not output:
            return
        if position > self._position or self._descriptor is None or self._removed():
            self._position = position
            self._open_piece()
        while output:
            if not self._room:
                self._open_piece()
            part, output = output[: self._room], output[self._room :]
            self._position += len(part)
            self._room -= len(part)
            self._put(self._zip.compress(part))
            self._dirty = True

    def _removed(self) -> bool:
        """Whether the sweep has taken the file for an old one: a renderer was silent for long."""
        return self._descriptor is not None and os.fstat(self._descriptor).st_nlink == 0

    def _open_piece(self) -> None:
        """Begin the next piece, then end the one before: the last one is whole only at the end."""
        piece = piece_at(
            self._place, self._attempt, self._position, max(0, self._position - self._shift)
        )
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An empty piece of the same name may be a predecessor's that is not quite dead.
        piece.path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        following = os.open(piece.path, flags, 0o600)
        try:
            self._end_piece()
        finally:
            self._descriptor = following
            self._zip = zlib.compressobj(wbits=GZIP)
            self._written = 0
        kept = [each for each in self._pieces if each.path != piece.path]
        self._pieces = [*kept, piece]
        self._room = LATER_PIECE if kept else FIRST_PIECE
        while len(self._pieces) > 1 + LAST_PIECES:
            self._pieces.pop(1).path.unlink(missing_ok=True)

    def _end_piece(self) -> None:
        if self._descriptor is None:
            return
        try:
            self._put(self._zip.flush())
        finally:
            os.close(self._descriptor)
            self._descriptor = None

    def _put(self, data: bytes) -> None:
        assert self._descriptor is not None
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _fail(self, error: OSError) -> None:
        """Leave the piece as it was at the last flush; what comes later is another one."""
        facts = {"attempt": self._attempt, "cause": error.strerror}
        log.warning("attempt.log_not_written", extra=facts)
        self._retry_at = time.monotonic() + RETRY_S
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, self._written)
                os.close(self._descriptor)
            except OSError:
                pass
            self._descriptor = None
