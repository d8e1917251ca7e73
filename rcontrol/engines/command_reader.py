"""What a renderer of the configuration prints, by the patterns that stand there."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from rcontrol.engines.base import Begun, Line, Problem, Progress, Ready, Rendered, RenderedFile
from rcontrol.engines.blender_loop import MARK
from rcontrol.engines.faults import (
    HIDDEN,
    KEPT_ERRORS,
    LONGEST_ERROR,
    LONGEST_LINE,
    blame_of,
    explain_signal,
    is_system_error,
)
from rcontrol.farm.model import Blame

Pattern = re.Pattern[str]

PROGRESS_GROUPS: Final = (frozenset({"percent"}), frozenset({"done", "total"}))
"""One of these sets must be named in a pattern of progress."""
PASS_GROUPS: Final = frozenset({"pass", "passes"})
"""May be named there, too."""

LAST_SIGNAL: Final = 64
"""Of Linux; programs use some of the exit statuses beyond, Maya 205 to 211."""

NOT_STARTED: Final[Mapping[int, str]] = {
    126: "the {0} set for this node cannot be executed: check executables: {0}",
    127: "no {0} on this node: set executables: {0} to its path there",
}
"""Exit status of a shell that could not start a program -> what to do; the node's fault."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions, each searched for anywhere in a line."""

    progress: tuple[Pattern, ...] = ()
    passes: int = 1
    """How often progress begins anew in a frame, at least."""
    done: tuple[Pattern, ...] = ()
    """Without one of these a frame is not done; none given: exit status 0 is enough."""
    done_counts: bool = False
    """A frame that was said to be done is, whatever the exit status."""
    saved: tuple[Pattern, ...] = ()
    """Says in its group `file` what was saved."""
    error: tuple[Pattern, ...] = ()
    """The frame has failed, whatever the exit status. A group `error` is what is passed on."""
    node_error: tuple[Pattern, ...] = ()
    """The same, and the node's fault."""
    hint: tuple[Pattern, ...] = ()
    """Says why, in case the frame fails."""


@dataclass(slots=True)
class CommandReader:
    """Understands the loop of `command_loop.sh` and the program it runs."""

    _program: str
    _patterns: Patterns
    _folder: str
    """That the program runs in."""
    _percent: float = 0.0
    """Highest of the frame."""
    _part: float = 0.0
    """0.0-1.0, of the pass."""
    _pass: int = 0
    _errors: deque[Problem] = field(default_factory=lambda: deque(maxlen=KEPT_ERRORS))
    """Since the frame began, the newest last."""
    _failed: Problem | None = None
    """What failed the frame, whatever the exit status."""
    _done: bool = False
    _made: list[RenderedFile] = field(default_factory=list)
    _saved: list[str] = field(default_factory=list)
    _unwritten: list[str] = field(default_factory=list)
    _last: str = ""
    """The last line that says anything."""

    def read_line(self, line: str) -> Line | None:
        """Return what a line of output means; None: nothing to the farm."""
        mark_at = line.find(MARK)
        if mark_at >= 0:
            return self._read_report(line[mark_at + len(MARK) :])
        if len(line) > LONGEST_LINE:
            return None
        line = line.strip()
        saved = _search(self._patterns.saved, line)
        if saved is not None:
            self._saved.append(str(PurePosixPath(self._folder, saved["file"])))
        self._done = self._done or _search(self._patterns.done, line) is not None
        line = HIDDEN.sub("", line)
        self._last = line or self._last
        progress = _search(self._patterns.progress, line)
        if progress is not None:
            return self._read_progress(progress.groupdict())
        return self._read_error(line)

    def explain_exit(self, status: int) -> Problem:
        """Say why the loop, or the program in it, ended."""
        last = self._errors[-1].error if self._errors else ""
        if 128 < status <= 128 + LAST_SIGNAL:
            return explain_signal(self._program, status - 128, last)
        if status in NOT_STARTED:
            said = f" ({self._last[:LONGEST_ERROR]})" if self._last else ""
            text = NOT_STARTED[status].format(self._program) + said
            return Problem(text, Blame.NODE, ends_frame=True)
        if self._failed is not None:
            return self._failed
        if self._errors:
            return Problem(last, self._errors[-1].blame, ends_frame=True)
        text = f"{self._program} ended with status {status}"
        if self._last:
            text += f"; it last said: {self._last}"
        return Problem(text[:LONGEST_ERROR], Blame.JOB, ends_frame=True)

    def _read_progress(self, found: Mapping[str, str | None]) -> Progress | None:
        part = _part(found)
        if part is None:
            return None
        passes = int(found.get("passes") or self._patterns.passes) or 1
        if number := found.get("pass"):
            self._pass = int(number) - 1
        elif part < self._part / 2:
            # Less than before is the next pass; a little less is threads that overtake each other.
            self._pass += 1
        self._part = part
        overall = (min(max(self._pass, 0), passes - 1) + part) / passes
        self._percent = max(self._percent, 100.0 * overall)
        return Progress(self._percent)

    def _read_error(self, line: str) -> Problem | None:
        kinds = (
            (self._patterns.node_error, True, Blame.NODE),
            (self._patterns.error, True, None),
            (self._patterns.hint, False, None),
        )
        for patterns, fails, blame in kinds:
            found = _search(patterns, line)
            if found is not None:
                text = (found.groupdict().get("error") or line)[:LONGEST_ERROR]
                return self._note(text, blame or blame_of(text), fails)
        if is_system_error(line):
            return self._note(line[:LONGEST_ERROR], blame_of(line), False)
        return None

    def _note(self, text: str, blame: Blame, fails: bool) -> Problem:
        problem = Problem(text, blame)
        self._errors.append(problem)
        # The first one is the reason; others follow from it.
        if fails and self._failed is None:
            self._failed = Problem(text, blame, ends_frame=True)
        return problem

    def _read_report(self, text: str) -> Line | None:
        try:
            return self._understand(text.split())
        except (ValueError, IndexError):
            return None

    def _understand(self, words: Sequence[str]) -> Line | None:
        match words[0]:
            case "ready":
                return Ready()
            case "begun":
                self._begin()
                return Begun(int(words[1]))
            case "file":
                self._made.append(RenderedFile(path=_text(words[2]), made=_text(words[1])))
            case "unwritten":
                self._unwritten.append(_text(words[1]))
            case "refused":
                said = HIDDEN.sub("", _text(words[2]))[:LONGEST_ERROR]
                return Problem(said, blame_of(said), ends_frame=True)
            case "ended":
                return self._conclude(int(words[1]), int(words[2]), fenced=words[3] == "fenced")
        return None

    def _begin(self) -> None:
        self._percent = self._part = 0.0
        self._pass = 0
        self._failed, self._done, self._last = None, False, ""
        for gathered in (self._errors, self._made, self._saved, self._unwritten):
            gathered.clear()

    def _conclude(self, frame: int, status: int, *, fenced: bool) -> Line:
        over = self._done and self._patterns.done_counts
        if self._failed is not None or (status != 0 and not over):
            return self.explain_exit(status)
        if self._patterns.done and not self._done:
            return self._fail("ended without saying that it has finished")
        if self._unwritten:
            return self._fail(f"has not written {self._unwritten[0]!r} and does not say why")
        files = tuple(sorted(self._made, key=lambda file: (file.path.count("/"), file.path)))
        if fenced and not files:
            return self._fail("has saved nothing where it was told to")
        if not files:
            files = tuple(RenderedFile(path, path) for path in dict.fromkeys(self._saved))
        return Rendered(frame, files, unseen=not files)

    def _fail(self, words: str) -> Problem:
        hint = self._errors[-1] if self._errors else None
        text = f"{self._program} {words}" + (f" ({hint.error})" if hint else "")
        return Problem(text[:LONGEST_ERROR], hint.blame if hint else Blame.JOB, ends_frame=True)


def _search(patterns: Sequence[Pattern], line: str) -> re.Match[str] | None:
    return next((found for pattern in patterns if (found := pattern.search(line))), None)


def _part(found: Mapping[str, Any]) -> float | None:
    """Return how much of a pass is done, 0.0-1.0; None: its numbers are none."""
    try:
        if found.get("percent") is not None:
            part = float(found["percent"]) / 100.0
        else:
            part = float(found["done"]) / float(found["total"])
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return min(1.0, max(0.0, part))


def _text(spelled: str) -> str:
    return bytes.fromhex(spelled).decode("utf-8", "surrogateescape")
