"""The frames of one job, two bytes each."""

from collections.abc import Callable, Iterator
from typing import Final

from rcontrol.farm.lifecycle import FRAME_MOVES, FrameMove
from rcontrol.farm.model import FrameStatus
from rcontrol.farm.numbers import FrameNumbers

_PENDING: Final = bytes([FrameStatus.PENDING])
_MOST_FAILURES: Final = 255


class FrameTable:
    """Status and failures of every frame of a job, with `commit` and `rollback`.

    Two bytearrays: a job of 1,000,000 frames takes 2 MB. Frames are given out lowest first; one
    that comes back is lower than any never tried, so it goes first by itself.
    """

    def __init__(self, frames: FrameNumbers) -> None:
        self.frames: Final = frames
        self._status = bytearray(len(frames))
        self._failures = bytearray(len(frames))
        self._counts = [0] * len(FrameStatus)
        self._counts[FrameStatus.PENDING] = len(frames)
        self._lowest = 0
        """No index below this one is pending."""
        self._before: dict[int, tuple[int, int]] = {}

    def restore(self, run: range, status: FrameStatus, failures: int) -> None:
        """Set evenly spaced frames as the store has them; leaves nothing to save."""
        first, last = self.frames.index(run[0]), self.frames.index(run[-1])
        if last + 1 - first != len(run):  # the job has others between them
            for frame in run:
                self.restore(range(frame, frame + 1), status, failures)
            return
        for before in FrameStatus:
            self._counts[before] -= self._status.count(before, first, last + 1)
        self._counts[status] += len(run)
        self._status[first : last + 1] = bytes([status]) * len(run)
        self._failures[first : last + 1] = bytes([min(failures, _MOST_FAILURES)]) * len(run)

    def status(self, frame: int) -> FrameStatus:
        """Return a frame's status. Raises ValueError for a frame that is not the job's."""
        return FrameStatus(self._status[self.frames.index(frame)])

    def failures(self, frame: int) -> int:
        """Return how often a frame has failed by its own fault."""
        return self._failures[self.frames.index(frame)]

    def statuses(self) -> bytes:
        """Return one byte a frame, a `FrameStatus`, in the order of the frames."""
        return bytes(self._status)

    def count(self, status: FrameStatus) -> int:
        """Return how many frames have a status."""
        return self._counts[status]

    def pending(self) -> Iterator[int]:
        """Yield pending frames, lowest first; the table may change in between."""
        index = self._lowest = self._find(self._lowest)
        while index < len(self._status):
            yield self.frames[index]
            index = self._find(index + 1)

    def pending_before(self, frame: int) -> int:
        """Return how many pending frames are lower than this one."""
        return self._status.count(_PENDING, 0, self.frames.index(frame))

    def first_pending(self, unless: Callable[[int], bool]) -> int | None:
        """Return the lowest pending frame for which `unless` is false."""
        return next((frame for frame in self.pending() if not unless(frame)), None)

    def move(self, frame: int, move: FrameMove) -> FrameStatus:
        """Move a frame along `FRAME_MOVES` and return its new status.

        Raises:
            ValueError: the frame's status does not allow the move.
        """
        index = self.frames.index(frame)
        before = FrameStatus(self._status[index]), self._failures[index]
        try:
            after = FRAME_MOVES[before[0], move]
        except KeyError:
            raise ValueError(f"frame {frame} is {before[0].name}: not to be {move}") from None
        failures = before[1]
        if move is FrameMove.RELEASE:
            failures = 0
        elif move in (FrameMove.RETRY, FrameMove.GIVE_UP):
            failures = min(failures + 1, _MOST_FAILURES)
        self._before.setdefault(index, before)
        self._set(index, after, failures)
        return after

    def with_status(self, status: FrameStatus) -> Iterator[int]:
        """Yield the frames that have a status, lowest first."""
        index = self._status.find(status)
        while index >= 0:
            yield self.frames[index]
            index = self._status.find(status, index + 1)

    def changes(self) -> dict[int, tuple[FrameStatus, int]]:
        """Return what has to be saved: frame -> (status, failures), RENDERING as PENDING."""
        changed = {}
        for index, before in self._before.items():
            now = self._status[index], self._failures[index]
            if (saved := _as_saved(*now)) != _as_saved(*before):
                changed[self.frames[index]] = saved
        return changed

    def commit(self) -> None:
        """Make what is now the state that `rollback` returns to."""
        self._before.clear()

    def rollback(self) -> None:
        """Return to the state of the last commit."""
        for index, (status, failures) in self._before.items():
            self._set(index, status, failures)
        self._before.clear()

    def validate(self) -> None:
        """Check that counts and the lowest pending index tell the truth."""
        for status in FrameStatus:
            assert self._counts[status] == self._status.count(status), status
        assert self._status.find(_PENDING, 0, self._lowest) < 0

    def _find(self, start: int) -> int:
        index = self._status.find(_PENDING, start)
        return index if index >= 0 else len(self._status)

    def _set(self, index: int, status: int, failures: int) -> None:
        self._counts[self._status[index]] -= 1
        self._counts[status] += 1
        self._status[index], self._failures[index] = status, failures
        if status == FrameStatus.PENDING:
            self._lowest = min(self._lowest, index)


def _as_saved(status: int, failures: int) -> tuple[FrameStatus, int]:
    if status == FrameStatus.RENDERING:
        return FrameStatus.PENDING, failures
    return FrameStatus(status), failures
