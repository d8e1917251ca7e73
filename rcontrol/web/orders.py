"""What bodies of requests look like: models that check, documented in `/openapi.json`."""

import re
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

INT32_MAX: Final = 2**31 - 1

NUMERAL: Final = re.compile(r"\s*[+-]?[0-9]{1,10}\s*", re.ASCII)


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold half a surrogate pair") from None
    return value


def _numeral(value: object) -> object:
    """Old clients send what a person typed."""
    if isinstance(value, str) and NUMERAL.fullmatch(value):
        return int(value)
    return value


Text = Annotated[str, AfterValidator(_text)]
"""A string that every file system and database can take."""

Name = Annotated[Text, Field(min_length=1)]

FrameNumber = Annotated[
    int,
    BeforeValidator(_numeral),
    Field(strict=True, ge=-INT32_MAX, le=INT32_MAX),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": -INT32_MAX, "maximum": INT32_MAX},
                {"type": "string", "pattern": rf"^{NUMERAL.pattern}$"},
            ]
        }
    ),
]
"""A whole number, or a string that reads as one."""

_BODY: Final = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)


class JobOrder(BaseModel):
    """A job to submit."""

    model_config = _BODY | ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["frames"]}, {"required": ["start_frame", "end_frame"]}]
        }
    )

    path: Name
    """Project file: absolute, or relative to the base directory."""
    frames: Text | None = None
    """An expression such as `1-100`, `1-100x5` or `1,4,10-20`; instead of the next two."""
    start_frame: FrameNumber | None = None
    end_frame: FrameNumber | None = None
    """Inclusive."""
    nodes: list[Name]
    """Names of the nodes that may render it."""
    render_engine: Text | None = None
    """`blend`, `tgd`, `maya`, or one of the configuration; absent: the file's extension decides."""
    name: Text | None = None
    """For people; absent: the file's name."""
    output: Text | None = None
    """Overrides the scene's output path."""
    scene: Text | None = None
    """Name of the scene to render; absent: the file's active scene."""
    args: list[Text] = Field(default_factory=list)
    """Extra arguments for the renderer's command line."""
    publish: Literal["fenced", "direct"] = "fenced"
    """`fenced`: a frame's files appear in their place when they are complete; `direct`: the
    renderer writes them there."""
    priority: Annotated[int, Field(ge=-INT32_MAX, le=INT32_MAX)] = 0
    """Higher goes first among rendering jobs."""


class MoveOrder(BaseModel):
    """Where a job goes in the queue."""

    model_config = _BODY

    before: Text | None
    """Id of the job it comes before; null: last."""


class FolderOrder(BaseModel):
    """A folder of the shared storage to list."""

    model_config = _BODY

    path: Text | None = None
    """Absolute, or relative to the base directory, which `/`, an empty and no path mean."""
