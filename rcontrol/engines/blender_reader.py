"""What Blender's output means, version by version: tables of patterns, and a reader over them."""

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rcontrol.engines.base import (
    Begun,
    Line,
    Outdated,
    Problem,
    Progress,
    Ready,
    Rendered,
    RenderedFile,
)
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.faults import (
    HIDDEN,
    KEPT_ERRORS,
    LONGEST_ERROR,
    LONGEST_LINE,
    NODE_FAULTS,
    SYSTEM_REASON,
    blame_of,
    explain_signal,
    is_any,
    is_system_error,
)
from rcontrol.farm.model import Blame

PROGRESS: Final = (
    # 2.79 Cycles: "Path Tracing Tile 3/135", 2.8-2.9 and tiled 3.x on: "Rendered 3/135 Tiles",
    # both at times with ", Sample 12/64" of the tile at work, or still of the one before.
    re.compile(
        r"(?:Tracing Tile|Rendered) (?P<tile>\d+)/(?P<tiles>\d+)(?: Tiles)?"
        r"(?:, Sample (?P<done>\d+)/(?P<all>\d+))?"
    ),
    # 2.8 and later Cycles with one tile: "Sample 3/64".
    re.compile(r"\bSample (?P<done>\d+)/(?P<all>\d+)"),
    # Eevee, 2.8 and later: "Rendering 3 / 64 samples".
    re.compile(r"\bRendering (?P<done>\d+) / (?P<all>\d+) samples"),
    # 2.79 Blender Render: "Part 3-135".
    re.compile(r"\| Part (?P<done>\d+)-(?P<all>\d+)"),
)
"""How far a frame has come: whole tiles, samples or parts. Searched for anywhere in a line that
`STATUS` matches."""

STATUS: Final = re.compile(r"Fra: ?\d+\b|\d\d:\d\d\.\d+ +\S+ +\| ")
"""Begins Blender's status lines: `Fra:7 Mem:...` up to 4.x; with `--log` and in newer ones the time
and the log's category come first."""

ERROR: Final = re.compile(r"(?:\S.*\| )?(?P<text>(?:Error|ERROR|Fatal|MemoryError)\b:? .*)")
"""Blender reports `Error: ...`."""

ENDED_EARLY: Final = "Blender ended before the frame was done"

NOT_STARTED: Final[Mapping[int, str]] = {
    126: "the Blender set for this node cannot be executed: check executables: blender",
    127: (
        "no Blender on this node: set executables: blender to its path there, "
        "or executables: bpy to a Python that has the bpy wheel"
    ),
}
"""Exit status of a shell that could not start Blender -> what to do; the node's fault."""


@dataclass(slots=True)
class BlenderReader:
    """Understands one Blender process: the loop's reports, progress lines, errors."""

    _percent: float = 0.0
    """Highest of the frame; view layers and views begin at 0 again."""
    _errors: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_ERRORS))
    """Lines since the frame began that tell of an error, the newest last."""
    _last: str = ""
    """The last line that says anything: the shell's, where Blender never came up."""

    def read_line(self, line: str) -> Line | None:
        """Return what a line of output means; None: nothing to the farm."""
        mark_at = line.find(MARK)
        if mark_at >= 0:
            return self._read_report(line[mark_at + len(MARK) :])
        if len(line) > LONGEST_LINE:
            return None
        line = HIDDEN.sub("", line.strip())
        self._last = line or self._last
        if STATUS.match(line):
            progress = self._read_progress(line)
            if progress is not None:
                return progress
        return self._read_error(line)

    def explain_exit(self, status: int) -> Problem:
        """Say why Blender ended: its last error, the signal, or the status."""
        if status > 128:
            last = self._errors[-1] if self._errors else ""
            return explain_signal("Blender", status - 128, last)
        if status in NOT_STARTED:
            said = f" ({self._last[:LONGEST_ERROR]})" if self._last else ""
            return Problem(NOT_STARTED[status] + said, Blame.NODE, ends_frame=True)
        if self._errors:
            return self._problem(self._errors[-1])
        text = f"Blender ended with status {status}" if status else ENDED_EARLY
        return Problem(text, Blame.JOB, ends_frame=True)

    def _read_progress(self, line: str) -> Progress | None:
        for pattern in PROGRESS:
            found = pattern.search(line)
            if found:
                self._percent = max(self._percent, _percent(found.groupdict()))
                return Progress(self._percent)
        return None

    def _read_error(self, line: str) -> Problem | None:
        found = ERROR.match(line)
        if found:
            text = found["text"]
        elif is_system_error(line):
            text = line
        else:
            return None
        text = text[:LONGEST_ERROR]
        self._errors.append(text)
        return Problem(text, blame_of(text))

    def _read_report(self, text: str) -> Line | None:
        try:
            report = json.loads(text)
            return self._understand(report["is"], report)
        except (ValueError, KeyError, TypeError):
            return None

    def _understand(self, what: str, report: Mapping[str, Any]) -> Line | None:
        match what:
            case "ready":
                return Ready()
            case "begun":
                self._percent = 0.0
                self._errors.clear()
                return Begun(report["frame"])
            case "rendered":
                self._errors.clear()
                files = tuple(RenderedFile(path, made) for path, made in report["files"])
                return Rendered(report["frame"], files, report["skipped"], report["memory_mb"])
            case "problem":
                error = HIDDEN.sub("", report["error"])
                problem = self._problem(error, report["blame"], final=report["final"])
                self._errors.append(problem.error)
                return problem
            case "outdated":
                return Outdated()
            case _:
                return None

    def _problem(self, text: str, blame: str = "", *, final: bool = False) -> Problem:
        """Return the end of a frame, with the cause that was printed before it, if any."""
        causes = [line for line in self._errors if line not in text and _is_cause(line, text)]
        if causes:
            text = f"{text} ({causes[-1]})"
        decided = Blame(blame) if blame else blame_of(text)
        return Problem(text[:LONGEST_ERROR], decided, ends_frame=True, final=final)


def _percent(found: Mapping[str, Any]) -> float:
    part = _ratio(found.get("done"), found.get("all"))
    if "tiles" in found:
        tiles = int(found["tiles"])
        part = (int(found["tile"]) + part % 1.0) / tiles if tiles else 0.0
    return min(100.0, 100.0 * part)


def _ratio(done: str | None, every: str | None) -> float:
    return int(done) / int(every) if done and every and int(every) else 0.0


def _is_cause(line: str, error: str) -> bool:
    found = SYSTEM_REASON.fullmatch(line)
    return is_any(line, NODE_FAULTS) or (found is not None and found["path"] in error)
