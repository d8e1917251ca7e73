"""What must hold after every case, whatever has happened."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.watch import NotWhole, Sight, Word, text_of


@dataclass(frozen=True)
class Begun:
    """A renderer has begun a frame."""

    frame: int
    attempt: str
    pid: int
    at: float
    """Unix seconds."""
    node: str


@dataclass(frozen=True)
class Done:
    """The farm has saved that an attempt rendered its frame."""

    frame: int
    attempt: str
    at: float
    """Unix seconds."""


@dataclass(frozen=True)
class Evidence:
    """All that is known of a job."""

    places: Mapping[int, Sequence[Path]]
    """Frame -> where its files belong."""
    begun: Sequence[Begun]
    done: Sequence[Done]
    sights: Sequence[Sight]
    flaws: Sequence[str]
    words: Sequence[Word]

    @property
    def given_back(self) -> int:
        """Attempts that were begun and did not render their frame."""
        return len({each.attempt for each in self.begun} - {each.attempt for each in self.done})

    @property
    def again(self) -> list[str]:
        """Frames that were rendered again after they were done.

        Before that another attempt may have had its files there, whole, and nobody was told: its
        controller died before it could save the outcome, and was away for longer than the lease.
        """
        done_at = {each.frame: each.at for each in self.done}
        late = (each for each in self.begun if each.at > done_at.get(each.frame, float("inf")))
        changed = (
            (frame, sight)
            for frame, places in self.places.items()
            for sight in self.sights
            if sight.path in places
            and sight.text
            and sight.at > done_at.get(frame, float("inf"))
            and _attempt(sight.text) != self._attempt_of(frame)
        )
        return [f"frame {each.frame} was begun after it was done ({each})" for each in late] + [
            f"frame {frame} was of another attempt after it was done ({sight})"
            for frame, sight in changed
        ]

    def _attempt_of(self, frame: int) -> str:
        return next((each.attempt for each in self.done if each.frame == frame), "")


def check(evidence: Evidence, finished: bool = True) -> list[str]:
    """Return what does not hold; `finished`: every frame must be there."""
    return [
        *(f"seen at its final path: {flaw}" for flaw in evidence.flaws),
        *evidence.again,
        *(_complete(evidence) if finished else ()),
        *_once_done_always_done(evidence),
    ]


def _attempt(text: str) -> str:
    """Return the attempt a picture names; its order's name may end with a mark."""
    return text.split(maxsplit=1)[0].rstrip("!")


def _complete(evidence: Evidence) -> Iterator[str]:
    done = defaultdict(list)
    for each in evidence.done:
        done[each.frame].append(each.attempt)
    for frame, places in evidence.places.items():
        if len(done[frame]) != 1:
            yield f"frame {frame} is done {len(done[frame])} times: {done[frame]}"
        texts = set()
        for place in places:
            try:
                texts.add(text_of(place.read_bytes()))
            except FileNotFoundError:
                yield f"{place.name} is missing"
            except NotWhole as flaw:
                yield f"{place.name} {flaw}"
        if len(texts) > 1:
            yield f"frame {frame} is of several attempts: {texts}"
        made_by = {_attempt(text) for text in texts}
        if evidence.begun and texts and made_by != set(done[frame]):
            yield f"frame {frame} is not of the attempt that is done: {texts}, {done[frame]}"


def _once_done_always_done(evidence: Evidence) -> Iterator[str]:
    most, files = 0, max((len(places) for places in evidence.places.values()), default=1)
    for word in evidence.words:
        if word.frames_done < most:
            yield f"{most} frames were said to be done, then {word.frames_done}"
        if word.whole < word.frames_done * files:
            yield f"{word.frames_done} frames were said to be done, of {word.whole} files"
        most = max(most, word.frames_done)
