"""Logging as events: a fixed name, then fields. All processes of a farm append to one file."""

import fcntl
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 10_000_000
"""Size at which the file is put aside as `.1`."""
KEPT_FILES: Final = 5
"""How many of those that were put aside are kept: `.1` is the newest."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS: Final = {"everything": logging.DEBUG, "debug": logging.DEBUG, "info": logging.INFO}
_OURS: Final = ("rcontrol", "actors")
_RENDERERS: Final = "rcontrol.output"
"""Logger of what renderers print."""


class EventFormatter(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO node.connected node=hex1`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; values that need it are quoted, so that a line stays a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = (
            f"{key}={_quoted(value)}"
            for key, value in vars(record).items()
            # Ray adds fields of its own, which begin with an underscore.
            if key not in _STANDARD and not key.startswith("_")
        )
        line = " ".join([at.replace("+00:00", "Z"), record.levelname, record.getMessage(), *fields])
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class SharedFile(WatchedFileHandler):
    """Appends to a file that other processes append to, too, and that any of them may put aside.

    A process that finds the file moved opens the new one before its next line. Who finds it too
    large puts it aside, unless another one is at that; nobody waits for anybody. A disk that takes
    no line costs that line.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        with suppress(OSError):
            super().emit(record)
            if self.stream is not None:
                self._put_aside_if_large(self.stream.fileno())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass over what the disk did not take; there is nowhere to say it."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def _put_aside_if_large(self, descriptor: int) -> None:
        path, mine = Path(self.baseFilename), os.fstat(descriptor)
        if mine.st_size < MOST_BYTES:
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        # Who held the lock before may have moved it.
        if not os.path.samestat(path.stat(), mine):
            return
        for number in range(KEPT_FILES - 1, 0, -1):
            with suppress(FileNotFoundError):
                path.with_name(f"{path.name}.{number}").rename(f"{path}.{number + 1}")
        path.rename(f"{path}.1")


def set_up_logging(level: str, file: Path, *, echo: bool = False) -> None:
    """Send this process's events to `file`, and to standard error with `echo`.

    `level` is one of the configuration's: everything, debug, info, warning. Raises OSError.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [SharedFile(file, encoding="utf-8")]
    if echo:
        handlers.append(logging.StreamHandler(sys.stderr))
    for name in _OURS:
        logger = logging.getLogger(name)
        logger.setLevel(_LEVELS.get(level, logging.WARNING))
        logger.propagate = False
        logger.handlers = handlers
    renderers = logging.getLogger(_RENDERERS)
    renderers.setLevel(logging.DEBUG if level == "everything" else logging.CRITICAL)
    for handler in handlers:
        handler.setFormatter(EventFormatter())


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and " " not in text and '"' not in text
    return text if plain else repr(text)
