"""docs/configuration.md, printed from the models."""

from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rcontrol.config.keys import FileKeys, NodeKeys, RayKeys
from rcontrol.config.renderer_keys import RendererKeys

INTRODUCTION: Final = """\
# The configuration file

`conf/rcontrol.yaml` is a commented example. Files of the original RenderController work unchanged.
A mistake stops the start with one line: file, line, key, what is wrong and what would be right.

Paths of the server start with `/` or `~/`. Programs on the nodes are named by a path that starts
with `/` or by a bare name; backslashes as a shell wants them (`Terragen\\ 3`) are taken away.
What an entry of `render_nodes` says counts more than the `blenderpath_` and `terragenpath_` keys,
and these count more than `executables` at the top.

This page is printed by `python -m rcontrol.config > docs/configuration.md`.
"""


def document() -> str:
    """Return the page as Markdown."""
    parts = (
        INTRODUCTION,
        _table("The top of the file", FileKeys),
        _table("An entry of `render_nodes`", NodeKeys),
        _table("An entry of `renderers`", RendererKeys),
        _table("The mapping `ray`", RayKeys),
    )
    return "\n".join(parts)


def _table(title: str, model: type[BaseModel]) -> str:
    rows = [f"## {title}", "", "| key | default | meaning |", "| --- | --- | --- |"]
    rows += [
        f"| `{name}` | {_default(field)} | {field.description} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str) and value:
        return f"`{value}`"
    if isinstance(value, int | float) and value:
        return f"`{value:g}`"
    return ""
