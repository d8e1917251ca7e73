"""What a configuration says of a renderer, validated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from rcontrol.engines.command_reader import Patterns
from rcontrol.engines.template import Template

PLACE_FIELDS: Final = ("folder", "name", "frame")
"""Placeholders of an output place: the project's folder and its name without the ending."""
OUTPUT_FIELDS: Final = ("output", "output_folder", "output_name", "output_stem")
"""Placeholders for where a frame is to be saved, or for a part of that."""
FIELDS: Final = (
    "file",
    "frame",
    "start",
    "end",
    "args",
    "scene",
    *PLACE_FIELDS[:2],
    *OUTPUT_FIELDS,
)
"""Placeholders of arguments."""
FARMS_FIELDS: Final = frozenset({"file", "frame", "start", "end", *OUTPUT_FIELDS})
"""Placeholders of what the farm decides, and no argument of a job."""
ENVIRONMENT_FIELDS: Final = ("program_folder",)
"""Placeholders of environment variables; a bare name has no folder."""


@dataclass(frozen=True, slots=True)
class Words:
    """Arguments that belong together."""

    templates: tuple[Template, ...]
    optional: bool = False
    """Left out where one of their placeholders has no value."""


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """A mapping of `renderers`, validated."""

    name: str
    """As jobs name it."""
    program: str
    """Key of `executables`, and what messages call it."""
    paths: Mapping[str, str]
    """Operating system -> path on its nodes, for those whose `executables` say nothing."""
    extensions: tuple[str, ...]
    """With their dots, in lower case."""
    arguments: tuple[Words, ...]
    output: Template | None = None
    """Where a frame goes unless its job says where; ends with a slash where the renderer names the
    files. None: the project says where."""
    numbers: bool = False
    """The renderer adds the number of the frame to the name it is given."""
    files: tuple[Template, ...] = ()
    """What it is known to save where nobody tells it where."""
    environment: Mapping[str, Template] = field(default_factory=dict)
    version: tuple[str, ...] = ()
    """Arguments with which it prints its version and ends; empty: unknown."""
    patterns: Patterns = field(default_factory=Patterns)
    shipped: bool = False
    """Comes with the package."""

    @property
    def fields(self) -> frozenset[str]:
        """All placeholders of its arguments."""
        templates = (template for words in self.arguments for template in words.templates)
        return frozenset().union(*(template.fields for template in templates))

    @property
    def flags(self) -> frozenset[str]:
        """Arguments behind which the farm says something, such as the `-f` of `-f {frame}`."""
        templates = [template for words in self.arguments for template in words.templates]
        return frozenset(
            flag.text
            for flag, value in pairwise(templates)
            if not flag.fields and value.fields & FARMS_FIELDS and flag.text[:1] in ("-", "+")
        )
