"""What has come of attempts since the JobManager started, counted when outcomes are saved."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from rcontrol.farm.model import Blame, EndedAttempt, FrameStatus

BOUNDS_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0)
"""Upper bounds, inclusive, by which the seconds of a frame are sorted."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts that only grow; a new JobManager begins them anew."""

    done: int = 0
    """Frames."""
    given_up: int = 0
    """Frames."""
    retried: int = 0
    """Failed attempts whose frame was not given up."""
    failed: Mapping[Blame, int] = field(default_factory=lambda: dict.fromkeys(Blame, 0))
    """Failed attempts, by whose fault it looked like."""
    seconds: float = 0.0
    """Of all frames done, as their nodes measured them."""
    by_seconds: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)
    """Frames done that took up to each of `BOUNDS_S` and more than the one before; last: longer."""

    def after(self, ended: EndedAttempt, frame: FrameStatus) -> "Tally":
        """Return the tally with one more outcome; `frame`: how it left its frame."""
        if ended.blame is None:
            bucket = bisect_left(BOUNDS_S, ended.seconds)
            before = self.by_seconds
            return replace(
                self,
                done=self.done + 1,
                seconds=self.seconds + ended.seconds,
                by_seconds=(*before[:bucket], before[bucket] + 1, *before[bucket + 1 :]),
            )
        given_up = frame is FrameStatus.GIVEN_UP
        return replace(
            self,
            failed={**self.failed, ended.blame: self.failed[ended.blame] + 1},
            given_up=self.given_up + given_up,
            retried=self.retried + (not given_up),
        )


NOTHING_YET: Final = Tally()


@dataclass(frozen=True, slots=True)
class NodeTally:
    """What a node has done since the JobManager started."""

    done: int = 0
    """Frames."""
    seconds: float = 0.0
    """Of these frames, as the node measured them."""

    def after(self, ended: EndedAttempt) -> "NodeTally":
        """Return the tally with one more outcome on this node."""
        if ended.blame is not None:
            return self
        return NodeTally(self.done + 1, self.seconds + ended.seconds)


IDLE_YET: Final = NodeTally()
