"""`python -m rcontrol.states_page` prints docs/states.md from the tables of `rcontrol.farm`."""

import ast
import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from rcontrol.farm.lifecycle import (
    DELETABLE,
    DUTY_MOVES,
    FRAME_MOVES,
    JOB_MOVES,
    NODE_MOVES,
    DutyMove,
    FrameMove,
    JobMove,
    NodeMove,
)
from rcontrol.farm.model import Blame, FrameStatus, Job, JobStatus, Node, NodeDuty, NodeStatus

Moves = Mapping[Any, Enum]
"""(status, move) -> next status."""

INTRODUCTION: Final = """\
# Statuses and what moves them

A move that is not in a table here does not happen. This page is printed from
`rcontrol/farm/lifecycle.py` and `rcontrol/farm/model.py` by
`python -m rcontrol.states_page > docs/states.md`.
"""


def page() -> str:
    """Return docs/states.md."""
    *deletable, last = (_name(status) for status in JobStatus if status in DELETABLE)
    parts = (
        INTRODUCTION,
        _machine("Jobs", JobStatus, JobMove, JOB_MOVES, Job.__dataclass_fields__["status"].default),
        f"A job may be deleted while it is {', '.join(deletable)} or {last}.\n",
        _machine("Frames", FrameStatus, FrameMove, FRAME_MOVES, FrameStatus.PENDING),
        _machine(
            "Nodes", NodeStatus, NodeMove, NODE_MOVES, Node.__dataclass_fields__["status"].default
        ),
        _machine("What a node is for", NodeDuty, DutyMove, DUTY_MOVES, NodeDuty.SERVING),
        "## Whose fault a failed attempt looks like\n",
        _meanings("fault", Blame),
    )
    return "\n".join(parts)


def member_docstrings(kind: type[Enum]) -> dict[str, str]:
    """Return the docstring under each member of an enum, by the member's name."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for member, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(after, ast.Expr):
            (target,) = member.targets
            assert isinstance(target, ast.Name)
            found[target.id] = " ".join(str(ast.literal_eval(after.value)).split())
    return found


def _machine(
    title: str, statuses: type[Enum], moves: type[Enum], table: Moves, first: object
) -> str:
    parts = (
        f"## {title}\n",
        _diagram(statuses, table, first),
        _meanings("status", statuses),
        _meanings("move", moves),
        _transitions(statuses, moves, table),
    )
    return "\n".join(parts)


def _diagram(statuses: type[Enum], table: Moves, first: object) -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{_name(status)}" as {status.name}' for status in statuses]
    lines += [f"    [*] --> {status.name}" for status in statuses if status is first]
    lines += [
        f"    {before.name} --> {after.name}: {_name(move)}"
        for (before, move), after in table.items()
        if before is not after
    ]
    return "\n".join([*lines, "```"]) + "\n"


def _meanings(head: str, kind: type[Enum]) -> str:
    words = member_docstrings(kind)
    rows = [f"| {head} | meaning |", "| --- | --- |"]
    rows += [f"| {_name(member)} | {words[member.name]} |" for member in kind]
    return "\n".join(rows) + "\n"


def _transitions(statuses: type[Enum], moves: type[Enum], table: Moves) -> str:
    rows = [f"| | {' | '.join(_name(move) for move in moves)} |"]
    rows.append("| --- " * (len(moves) + 1) + "|")
    for status in statuses:
        after = (table.get((status, move)) for move in moves)
        cells = " | ".join("" if to is None else _name(to) for to in after)
        rows.append(f"| {_name(status)} | {cells} |")
    return "\n".join(rows) + "\n"


def _name(member: Enum) -> str:
    """Return the words for a member: its value, or its name where that is a number."""
    value = member.value
    return value if isinstance(value, str) else member.name.lower().replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")
