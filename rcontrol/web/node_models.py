"""What requests and answers about nodes look like; see `models`."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict

from rcontrol.web.orders import Text

_BODY: Final = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)
_ANSWER: Final = ConfigDict(use_attribute_docstrings=True)


class PauseOrder(BaseModel):
    """Why a node is paused."""

    model_config = _BODY

    reason: Annotated[Text, Field(max_length=500)] = ""
    """For people."""


@with_config(_ANSWER)
class FrameOnNode(TypedDict):
    """A frame that a renderer is at."""

    job_id: str
    frame: int
    progress: float
    """Percent, 0.0-100.0."""


@with_config(_ANSWER)
class NodeState(TypedDict):
    """A render node."""

    name: str
    state: Literal["offline", "online", "resting"]
    reason: str
    """Why it is offline or resting; empty when online."""
    since: float
    """Unix seconds at which `state` began."""
    rest_until: float
    """Unix seconds; 0.0 unless resting."""
    slots: int
    """Frames rendered side by side."""
    rendering: list[FrameOnNode]
    """At most one a slot."""
    duty: Literal["serving", "paused", "leaving"]
    """What people want of it: a paused or leaving node finishes its frames and gets no more."""
    duty_reason: str
    """Why it is paused."""
    duty_since: float
    """Unix seconds at which `duty` began."""
    frames_done: int
    """Since the JobManager started."""
    average: float
    """Seconds a frame, of these; 0.0 while there is none."""
