"""What is asked and answered about frames; see `models`."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from rcontrol.web.models import INT32_MAX, FrameNumber, Text

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
