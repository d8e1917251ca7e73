"""What the values of a configuration file may be: types that check, and say what would be right."""

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

MISTAKE: Final = "mistake"
"""Type of the errors whose context holds a `problem` and a `remedy`."""

NO_NODE: Final = "no_node"
"""Type of the error of an entry of `render_nodes` that is neither a name nor a mapping."""
MOST_SLOTS: Final = 1000
FARM_VARIABLES: Final = ("TMPDIR", "RCONTROL_HIDDEN")
"""What `rcontrol.sessions` sets in a renderer's environment."""


def mistake(problem: str, remedy: str) -> PydanticCustomError:
    """Return the error of a value that is wrong, with what would be right."""
    words = {"problem": problem, "remedy": remedy}
    return PydanticCustomError(MISTAKE, "{problem}; {remedy}", words)


def _port(value: int) -> int:
    if not 1 <= value <= 65535:
        raise mistake(f"is {value}, which is no port", "write a number from 1 to 65535")
    return value


def _absolute(value: str) -> str:
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise mistake(f"is {value!r}, a home that does not exist", "write it out") from error
    if not path.is_absolute():
        raise mistake(
            f"is the relative path {value!r}", "write a path that starts with / or with ~/"
        )
    return str(path)


def _program(value: str) -> str:
    path = re.sub(r"\\(.)", r"\1", value)
    if not path or not path.isprintable():
        raise mistake(f"is {value!r}", "write the path of a program on the node")
    if "/" in path and not path.startswith("/"):
        raise mistake(
            f"is the relative path {value!r}",
            "write a path that starts with / or a bare name that is found on the node's PATH",
        )
    return path


def _word(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value, re.ASCII):
        raise mistake(f"is {value!r}", "write letters, digits, _, . and -")
    return value


def _name(value: str) -> str:
    unsafe = re.search(r"[/\s]", value) or not value.isprintable() or value.startswith("-")
    if unsafe or value in ("", ".", ".."):
        raise mistake(
            f"is {value!r}", "write a name without blanks and slashes that does not start with -"
        )
    return value


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        raise mistake(
            f"is {name!r}, which is no name of an environment variable",
            "write letters, digits and _, such as CUDA_VISIBLE_DEVICES",
        )
    if name in FARM_VARIABLES:
        raise mistake(f"is {name}, which the farm sets itself", "leave it out")
    return name


def _slots(value: object) -> object:
    if isinstance(value, list) and value:
        number = len(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
        value = [{} for _ in range(min(value, MOST_SLOTS))]
    else:
        raise mistake(
            "is neither a number nor a list of mappings", "write how many frames it renders at once"
        )
    if not 1 <= number <= MOST_SLOTS:
        raise mistake(f"makes {number} slots", f"write 1 to {MOST_SLOTS}")
    return value


def _value(value: str) -> str:
    if "\0" in value or "\n" in value:
        raise mistake("holds a line break or a NUL character", "leave it out")
    return value


def _origin(value: str) -> str:
    if value in ("", "*"):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or value != f"{parts.scheme}://{parts.netloc}":
        raise mistake(
            f"is {value!r}", "write scheme, host and port alone, such as http://localhost:3000"
        )
    return value


def _database(value: str) -> str:
    if value and not re.match(r"(sqlite|postgresql)(\+\w+)?://", value):
        raise mistake(  # not shown: it may hold a password
            "is no URL of a database that is supported",
            "write sqlite:////path/of/file.db or postgresql+psycopg://user@host/name",
        )
    return value


def _node(value: object) -> object:
    if isinstance(value, str):
        return {"name": value}
    if not isinstance(value, dict):
        raise PydanticCustomError(NO_NODE, "neither a name nor a mapping")
    return value


Port = Annotated[int, AfterValidator(_port)]
ServerPath = Annotated[str, AfterValidator(_absolute)]
ProgramPath = Annotated[str, AfterValidator(_program)]
Name = Annotated[str, AfterValidator(_name)]
Origin = Annotated[str, AfterValidator(_origin)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Word = Annotated[str, AfterValidator(_word)]
Programs = dict[Word, ProgramPath]
NodeEntry = BeforeValidator(_node)
Variable = Annotated[str, AfterValidator(_variable)]
Value = Annotated[str, AfterValidator(_value)]
Slots = Annotated[
    list[dict[Variable, Value]],
    BeforeValidator(_slots),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_SLOTS},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            ]
        }
    ),
]
"""The environment of each slot; a number stands for so many that have none of their own."""


class Keys(BaseModel):
    """Keys that must be known and values that must have the type they are written for."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
