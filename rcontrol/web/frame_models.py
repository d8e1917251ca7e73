"""What is asked and answered about frames; see `models`."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from rcontrol.web.orders import INT32_MAX, FrameNumber, Name, Text

_BODY: Final = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)
_ANSWER: Final = ConfigDict(use_attribute_docstrings=True)


class FrameOfPath(BaseModel):
    """The frame that a path names."""

    frame: FrameNumber


class ResultsOrder(BaseModel):
    """Which outcomes to read."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    after: Annotated[int, Field(ge=0, le=INT32_MAX)] = 0
    """How many, from the first on, are known already."""


class FramesOrder(BaseModel):
    """Frames to count."""

    model_config = _BODY

    frames: Text
    """An expression such as `1-100`, `1-100x5` or `1,4,10-20`."""


class MissingOrder(BaseModel):
    """Where to look for frames, and which there should be."""

    model_config = _BODY

    path: Name
    """Folder: absolute, or relative to the base directory."""
    frames: Text | None = None
    """An expression; absent: all from `start_frame` to `end_frame`."""
    start_frame: FrameNumber | None = None
    """Absent: each sequence's own first frame."""
    end_frame: FrameNumber | None = None
    """Inclusive; absent: each sequence's own last frame."""


@with_config(_ANSWER)
class FrameStates(TypedDict):
    """The state of every frame of a job."""

    first: int
    frames: str
    """The numbers, in order: an expression whose parts are frames (`7`), ranges (`1-100`) and
    every so many of a range (`1-96x5`), none of them twice."""
    states: str
    """Runs in the order of the frames: p pending, r rendering, d done, f given up, each with the
    length of its run, as in `d12r1p87`."""


@with_config(_ANSWER)
class FrameResults(TypedDict):
    """How attempts at a job's frames ended, oldest first; the lists belong together."""

    total: int
    """Of all attempts so far."""
    names: list[str]
    """Of nodes."""
    frames: list[int]
    nodes: list[int]
    """Indexes into `names`."""
    seconds: list[float]
    done: list[bool]


@with_config(_ANSWER)
class FrameCount(TypedDict):
    """What a frame expression means."""

    frames: str
    """The same in order, without repetition."""
    count: int
    first: int
    last: int


@with_config(_ANSWER)
class SequenceOfFrames(TypedDict):
    """Files of a folder that differ in their frame's number alone. Frames are expressions."""

    pattern: str
    """Their names, with a `#` for each digit of the number: `shot.####.exr`."""
    files: int
    present: str
    """Frames whose files hold something; empty: none."""
    empty: str
    """Frames that are missing because their files have zero bytes; empty: none."""
    missing: str
    """As `frames` of `/job/new` takes it; empty: nothing is missing."""
    missing_total: int
    wanted_total: int


@with_config(_ANSWER)
class MissingAnswer(TypedDict):
    """Which frames of a folder's sequences are missing."""

    path: str
    """Absolute."""
    wanted: str
    """The frames asked for; empty: each sequence's own, from its first to its last."""
    sequences: list[SequenceOfFrames]
    """In the order of their names; empty: the folder has none."""
