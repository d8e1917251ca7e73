"""A YAML file that remembers where each value was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from rcontrol.errors import ConfigError

Loc = tuple[str | int, ...]
"""Path of a value from the top of the file: `("render_nodes", 2, "slots")`."""

SCALARS: Final = {
    "tag:yaml.org,2002:str": "is the text {0!r}",
    "tag:yaml.org,2002:int": "is the number {0}",
    "tag:yaml.org,2002:float": "is the number {0}",
    "tag:yaml.org,2002:bool": "is {0}, which YAML reads as true or false",
    "tag:yaml.org,2002:timestamp": "is {0}, which YAML reads as a date",
    "tag:yaml.org,2002:null": "has no value",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One configuration file as it was written."""

    file: str
    values: Mapping[str, object]
    nodes: Mapping[Loc, yaml.Node]

    def mistake(self, loc: Loc, problem: str, remedy: str) -> ConfigError:
        """Return the error for the value at `loc`, or for what a `loc` without a value lacks."""
        line = self.nodes[self.written(loc)].start_mark.line + 1
        return ConfigError(f"{self.file}:{line}", spell(loc), problem, remedy)

    def written(self, loc: Loc) -> Loc:
        """Return the innermost part of `loc` that stands in the file."""
        while loc not in self.nodes:
            loc = loc[:-1]
        return loc

    def describe(self, loc: Loc) -> str:
        """Return what stands at `loc`: `is the number 5`."""
        node = self.nodes[self.written(loc)]
        if isinstance(node, yaml.ScalarNode):
            return SCALARS.get(node.tag, "is {0!r}").format(node.value)
        return "is a mapping" if isinstance(node, yaml.MappingNode) else "is a list"


def spell(loc: Loc) -> str:
    """Return `render_nodes[2].slots` for `("render_nodes", 2, "slots")`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".") if text.isprintable() else repr(text)


def read(path: Path) -> Source:
    """Read a YAML file whose top is a mapping. Raises ConfigError."""
    file = str(path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(file, "", problem, "name a file that the server may read") from error
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8"
        raise ConfigError(file, "", problem, "save the file as UTF-8") from error
    try:
        loader = yaml.SafeLoader(text)
        top = loader.get_single_node()
        if top is None:
            raise ConfigError(file, "", "is empty", "start from conf/rcontrol.yaml")
        nodes: dict[Loc, yaml.Node] = {}
        _index(file, top, (), nodes, set())
        values = loader.construct_document(top)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(file, error) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = f"is not YAML: {' '.join(str(error).split())}"
        raise ConfigError(file, "", problem, "start from conf/rcontrol.yaml") from error
    source = Source(file, values if isinstance(values, dict) else {}, nodes)
    if not isinstance(values, dict):
        raise source.mistake((), source.describe(()), "write lines of the form `key: value`")
    return source


def _not_yaml(file: str, error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    where = f"{file}:{mark.line + 1}" if mark else file
    column = f" in column {mark.column + 1}" if mark else ""
    problem = f"is not YAML{column}: {error.problem}"
    return ConfigError(where, "", problem, "check indentation, quotes and brackets there")


def _index(
    file: str, node: yaml.Node, loc: Loc, nodes: dict[Loc, yaml.Node], seen: set[int]
) -> None:
    """Note where everything under `node` stands; refuse keys that YAML would lose or change."""
    nodes[loc] = node
    if id(node) in seen:
        return  # an alias; its values are noted where they stand
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _index(file, item, (*loc, position), nodes, seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str":
                shown = spell((*loc, str(key.value))) if isinstance(key, yaml.ScalarNode) else ""
                problem = "is a key that YAML does not read as text"
                raise ConfigError(f"{file}:{line}", shown, problem, "write it in quotes")
            inner = (*loc, str(key.value))
            if key.value in lines:
                problem = f"is given twice, first in line {lines[key.value]}"
                raise ConfigError(f"{file}:{line}", spell(inner), problem, "remove one of them")
            lines[key.value] = line
            _index(file, value, inner, nodes, seen)
