"""Renderers' raw output in the server's own log, at `log_level: everything`."""

import logging
from typing import Any, Final

log = logging.getLogger("rcontrol.output")

MOST_LINES: Final = 200
"""Of what was gathered at a time; a flood must not push all else out of the log."""
LONGEST_LINE: Final = 2000
"""Bytes."""


class Echo:
    """Logs one attempt's output line by line."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields
        self._partial = b""

    def take(self, output: bytes) -> None:
        """Log the lines that are whole now."""
        if not log.isEnabledFor(logging.DEBUG):
            return
        *lines, partial = (self._partial + output).replace(b"\r", b"\n").split(b"\n")
        self._partial = partial[:LONGEST_LINE]
        for line in [line for line in lines if line][:MOST_LINES]:
            text = line[:LONGEST_LINE].decode("utf-8", "replace")
            log.debug("renderer.output", extra={**self._fields, "line": text})
        if len(lines) > MOST_LINES:
            log.debug("renderer.output_cut", extra={**self._fields, "lines": len(lines)})
