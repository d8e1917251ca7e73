"""The keys of one entry of `renderers`."""

import re
from collections.abc import Collection
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from rcontrol.config.values import Keys, ProgramPath, Value, Variable, Word, mistake
from rcontrol.engines.command_reader import PASS_GROUPS, PROGRESS_GROUPS, Pattern
from rcontrol.engines.command_settings import ENVIRONMENT_FIELDS, FIELDS, PLACE_FIELDS, Words
from rcontrol.engines.template import BadTemplate, Template

IN_QUOTES: Final = "write text, in quotes if YAML takes it for something else"


def _template(text: object, known: Collection[str]) -> Template:
    if not isinstance(text, str):
        raise mistake("is not text", IN_QUOTES)
    try:
        return Template.parse(text, known)
    except BadTemplate as error:
        raise mistake(error.problem, error.remedy) from None


def _argument(value: object) -> Words:
    optional = isinstance(value, list)
    words = value if isinstance(value, list) else [value]
    templates = tuple(_template(word, FIELDS) for word in words)
    for template in templates:
        if "args" in template.fields and (optional or template.text != "{args}"):
            raise mistake(f"is {template.text!r}", "write {args} as an argument of its own")
    return Words(templates, optional)


def _place(value: object) -> Template:
    place = _template(value, PLACE_FIELDS)
    if not place.text.startswith(("/", "{folder}/")):
        raise mistake(f"is {place.text!r}", "write a path that starts with / or with {folder}/")
    return place


def _pattern(value: object) -> Pattern:
    if not isinstance(value, str):
        raise mistake("is not text", IN_QUOTES)
    try:
        return re.compile(value)
    except re.error as error:
        raise mistake(
            f"is no regular expression: {error}", "see docs.python.org/3/library/re.html"
        ) from None


def _progress(value: object) -> Pattern:
    pattern = _pattern(value)
    groups = frozenset(pattern.groupindex)
    if groups - PASS_GROUPS not in PROGRESS_GROUPS:
        raise mistake(
            f"names the groups {', '.join(sorted(groups)) or 'of none'}",
            "name a group (?P<percent>...), or (?P<done>...) and (?P<total>...)",
        )
    return pattern


def _saved(value: object) -> Pattern:
    pattern = _pattern(value)
    if "file" not in pattern.groupindex:
        raise mistake("names no group of the file", "write (?P<file>...) for its path")
    return pattern


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _extension(value: str) -> str:
    if not re.fullmatch(r"\.[^./\s]+", value):
        raise mistake(f"is {value!r}", "write the ending of a file with its dot, such as .pov")
    return value.lower()


def _paths(value: object) -> object:
    return {"linux": value, "mac": value} if isinstance(value, str) else value


Argument = Annotated[Any, BeforeValidator(_argument)]
OutputPlace = Annotated[Any, BeforeValidator(_place)]
Expression = Annotated[Any, BeforeValidator(_pattern)]
Expressions = Annotated[list[Expression], BeforeValidator(_one_or_more)]
Extension = Annotated[str, AfterValidator(_extension)]


class PathKeys(Keys):
    """The mapping `executable`."""

    linux: ProgramPath = Field(default="")
    mac: ProgramPath = Field(default="")


def _variable_value(value: object) -> Template:
    return _template(value, ENVIRONMENT_FIELDS)


class RendererKeys(Keys):
    """One entry of `renderers`."""

    extensions: list[Extension] = Field(
        min_length=1, description="Endings of its project files, such as `[.pov]`. Required."
    )
    arguments: list[Argument] = Field(
        min_length=1,
        description="What follows the program on its command line, word by word, with "
        "placeholders. Words in a list of their own are left out together when there is no value "
        "for one of them. Required.",
    )
    executable: Annotated[PathKeys, BeforeValidator(_paths)] = Field(
        default=PathKeys(),
        description="Its path on the nodes, or `{linux: PATH, mac: PATH}`; default: the name, to "
        "be found on the node's PATH. `executables` counts more.",
    )
    program: Word | None = Field(
        default=None, description="Its key in `executables`; default: its name."
    )
    output: OutputPlace = Field(
        default=None,
        description="Where a frame goes unless its job says where, such as "
        "`{folder}/{name}_{frame:04}.png`; with a slash at the end where the renderer names the "
        "files. Default: the project says where.",
    )
    numbers: bool = Field(
        default=False,
        description="The renderer puts the number of the frame into the file's name itself.",
    )
    files: Annotated[list[OutputPlace], BeforeValidator(_one_or_more)] = Field(
        default=[],
        description="Files that must be there after a frame whose place nobody told the renderer.",
    )
    environment: dict[Variable, Annotated[Any, BeforeValidator(_variable_value)]] = Field(
        default={},
        description="Environment variables; `{program_folder}` is the folder of the executable.",
    )
    progress: Annotated[
        list[Annotated[Any, BeforeValidator(_progress)]], BeforeValidator(_one_or_more)
    ] = Field(
        default=[],
        description="Pattern, or patterns, of lines that tell how far a frame is: with a group "
        "`percent`, or `done` and `total`; also `pass` and `passes`.",
    )
    passes: int = Field(
        default=1, ge=1, description="How often progress begins anew within a frame, at least."
    )
    done: Expressions = Field(
        default=[], description="Without a line like this a frame is not done."
    )
    done_counts: bool = Field(
        default=False, description="After such a line the exit status says nothing more."
    )
    saved: Annotated[
        list[Annotated[Any, BeforeValidator(_saved)]], BeforeValidator(_one_or_more)
    ] = Field(default=[], description="Tells in a group `file` what was saved.")
    error: Expressions = Field(
        default=[],
        description="The frame has failed, even with exit status 0. A group `error` is shown.",
    )
    node_error: Expressions = Field(
        default=[], description="The same, and the node is to blame: no licence, for example."
    )
    hint: Expressions = Field(
        default=[], description="Says why, should the frame fail; else it is nothing."
    )
    version: list[Value] = Field(
        default=[],
        description="Arguments with which it prints its version and ends, for `rcontrol check`.",
    )
