"""The numbers of a job's frames, and the expressions in which people write them.

An expression is a list of parts with commas between them: a frame (`7`), a range (`1-100`), or
every so many frames of a range (`1-100x5`). Order and repetition mean nothing. It is what
fileseq's FrameSet reads, without its `y`, its `:` and its fractions.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from typing import Final

from rcontrol.errors import BadRequest

MAX_FRAMES: Final = 1_000_000
"""Most frames of one job."""
MAX_RUNS: Final = 10_000
"""Most runs of evenly spaced frames of one job."""
HIGHEST: Final = 2**31 - 1
"""Highest frame number, and the lowest one but for its sign."""
LONGEST: Final = 250_000
"""Characters of an expression."""
EXAMPLES: Final = "write frames (7), ranges (1-100) or every fifth of a range (1-100x5)"

_PART: Final = re.compile(r"(-?[0-9]+)(?: *- *(-?[0-9]+)(?: *x *([0-9]+))?)?", re.ASCII)


@dataclass(frozen=True)
class FrameNumbers:
    """Frame numbers in order, none of them twice; as small as their expression is short."""

    runs: tuple[range, ...]
    """Each begins after the one before it ends; none is empty."""

    def __str__(self) -> str:
        """Return the expression that is read as these numbers."""
        return expression(self.runs)

    def __len__(self) -> int:
        return self._before[-1]

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self.runs)

    def __contains__(self, frame: int) -> bool:
        return frame in self.runs[self._run_at(frame)]

    def __getitem__(self, index: int) -> int:
        """Return the frame at a place. Raises IndexError where there is none."""
        if index < 0:
            index += len(self)
        run = bisect_right(self._before, index) - 1
        if not 0 <= run < len(self.runs):
            raise IndexError(index)
        return self.runs[run][index - self._before[run]]

    def index(self, frame: int) -> int:
        """Return the place of a frame. Raises ValueError where it is none of these."""
        run = self._run_at(frame)
        return self._before[run] + self.runs[run].index(frame)

    @property
    def first(self) -> int:
        """The lowest."""
        return self.runs[0][0]

    @property
    def last(self) -> int:
        """The highest."""
        return self.runs[-1][-1]

    def _run_at(self, frame: int) -> int:
        return max(0, bisect_right(self._firsts, frame) - 1)

    @cached_property
    def _firsts(self) -> list[int]:
        return [run[0] for run in self.runs]

    @cached_property
    def _before(self) -> list[int]:
        """How many frames come before each run, and in the end how many there are."""
        return list(accumulate(map(len, self.runs), initial=0))


def read_frames(text: str, field: str = "frames") -> FrameNumbers:
    """Return the frames of an expression.

    Raises:
        BadRequest: it cannot be read, or has too many frames; names `field`.
    """
    if len(text) > LONGEST:
        raise BadRequest(field, f"has more than {LONGEST} characters")
    parts = [_read_part(part.strip(), field) for part in text.split(",")]
    # Counted before anything is made of them: a part may say a billion.
    frames = sum(map(len, parts))
    if frames > MAX_FRAMES:
        raise BadRequest(field, f"has {frames} frames, part by part; at most {MAX_FRAMES} will do")
    runs: list[range] = []
    for run in _in_order(parts):
        if runs and runs[-1].step == run.step == 1 and runs[-1].stop == run.start:
            runs[-1] = range(runs[-1].start, run.stop)
        else:
            runs.append(run)
        if len(runs) > MAX_RUNS:
            raise BadRequest(
                field, f"falls into more than {MAX_RUNS} runs of frames; submit several jobs"
            )
    return FrameNumbers(tuple(runs))


@lru_cache(maxsize=256)
def frames_between(first: int, last: int, expression: str = "") -> FrameNumbers:
    """Return the frames of an expression that was read before; empty: all from first to last."""
    return read_frames(expression) if expression else FrameNumbers((range(first, last + 1),))


def expression(runs: Iterable[range]) -> str:
    """Return the expression that is read as the frames of these runs; empty: there are none."""
    return ",".join(map(_written, runs))


def runs_of(frames: Iterable[int]) -> Iterator[range]:
    """Yield numbers that grow as runs of evenly spaced ones.

    Two with others between them are no run: 1, 5, 6, 7 are `1,5-7`.
    """
    first = last = step = 0
    length = 0
    for frame in frames:
        if length == 0:
            first, length = frame, 1
        elif length == 1 or frame - last == step:
            step, length = frame - last, length + 1
        elif length == 2 and step > 1:
            yield range(first, first + 1)
            first, step = last, frame - last
        else:
            yield range(first, last + 1, step)
            first, length = frame, 1
        last = frame
    if length == 2 and step > 1:
        yield range(first, first + 1)
        yield range(last, last + 1)
    elif length:
        yield range(first, last + 1, step if length > 1 else 1)


def _read_part(part: str, field: str) -> range:
    found = _PART.fullmatch(part)
    shown = part if len(part) <= 40 else f"{part[:37]}..."
    if not part:
        raise BadRequest(field, f"has a part that is empty; {EXAMPLES}")
    if found is None:
        raise BadRequest(field, f"{shown!r} cannot be read; {EXAMPLES}")
    written = [number for number in found.groups() if number]
    # Python takes its time over long numbers, and refuses very long ones.
    if any(len(number) > 12 or abs(int(number)) > HIGHEST for number in written):
        raise BadRequest(field, f"{shown!r} has a number beyond {HIGHEST}")
    numbers = [int(number) for number in written]
    first = numbers[0]
    last = numbers[1] if len(numbers) > 1 else first
    step = numbers[2] if len(numbers) > 2 else 1
    if step == 0:
        raise BadRequest(field, f"{shown!r} has steps of 0; 1 is the smallest")
    if last < first:
        raise BadRequest(field, f"{shown!r} ends before it begins; write {last}-{first}")
    frames = range(first, last + 1, step)
    # Of one frame the step says nothing.
    return frames if len(frames) > 1 else range(first, first + 1)


def _in_order(parts: Iterable[range]) -> Iterator[range]:
    """Yield the frames of all parts as runs, each once, without going through them one by one
    where the parts do not mix."""
    mixed: list[range] = []
    end = 0
    for part in sorted(parts, key=lambda part: part[0]):
        if mixed and part[0] > end:
            yield from _unmixed(mixed)
            mixed = []
        end = max(end, part[-1]) if mixed else part[-1]
        mixed.append(part)
    yield from _unmixed(mixed)


def _unmixed(parts: list[range]) -> Iterator[range]:
    if len(parts) == 1:
        yield parts[0]
    elif all(part.step == 1 for part in parts):
        yield range(parts[0][0], max(part[-1] for part in parts) + 1)
    else:
        yield from runs_of(sorted(set(chain.from_iterable(parts))))


def _written(run: range) -> str:
    if len(run) == 1:
        return str(run[0])
    return f"{run[0]}-{run[-1]}" + (f"x{run.step}" if run.step > 1 else "")
