"""Logging as events: a fixed name, then fields. All processes of a farm append to one file."""

import logging
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS: Final = {"everything": logging.DEBUG, "debug": logging.DEBUG, "info": logging.INFO}
_OURS: Final = ("rcontrol", "actors")


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


def set_up_logging(level: str, file: Path, *, echo: bool = False) -> None:
    """Send this process's events to `file`, and to standard error with `echo`.

    `level` is one of the configuration's: everything, debug, info, warning.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [WatchedFileHandler(file, encoding="utf-8")]
    if echo:
        handlers.append(logging.StreamHandler(sys.stderr))
    for name in _OURS:
        logger = logging.getLogger(name)
        logger.setLevel(_LEVELS.get(level, logging.WARNING))
        logger.propagate = False
        logger.handlers = handlers
    for handler in handlers:
        handler.setFormatter(EventFormatter())


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and " " not in text and '"' not in text
    return text if plain else repr(text)
