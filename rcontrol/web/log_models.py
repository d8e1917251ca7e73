"""What is asked and answered about attempts and their logs; see `models`."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

_ANSWER: Final = ConfigDict(use_attribute_docstrings=True)


class LogOrder(BaseModel):
    """Which part of which log to read."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    attempt: Annotated[str, Field(pattern=r"^([0-9]+-[0-9]+)?$")] = ""
    """Id of the attempt; absent: the last one that has a log."""
    position: Annotated[int, Field(ge=0)] = 0
    """Where the part begins; `next` of the part before."""


@with_config(_ANSWER)
class AttemptInfo(TypedDict):
    """A try at a frame that the renderer has begun."""

    id: str
    number: int
    """1 for the first one at the frame."""
    node: str
    """Empty when only its log is known."""
    time_start: float
    """Unix seconds."""
    time_stop: float
    """Unix seconds; 0.0 while it runs."""
    seconds: float
    """From its order to its outcome; 0.0 while it runs."""
    error: str
    """Empty while it runs, and when the frame is done."""
    blame: Literal["", "node", "job", "farm"]
    """Whose fault it looks like; empty also where an attempt ended without a verdict."""
    log: bool
    """Whether its output is kept."""


@with_config(_ANSWER)
class LogText(TypedDict):
    """A part of what a renderer has said in one attempt at a frame."""

    attempt: str
    text: str
    """Where output is not kept, a line says how many bytes are missing."""
    next: int
    """Ask for the part at this position next; it counts bytes of output."""
    at_end: bool
    """There is nothing more at the moment."""
    ended: bool
    """And there will be nothing more."""
