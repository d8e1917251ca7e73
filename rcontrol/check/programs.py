"""Looks for the renderers on a node and has them say their versions."""

import re
from collections.abc import Sequence
from importlib import resources
from typing import Final

from rcontrol.check.reports import NodeReport, ProgramReport
from rcontrol.engines.base import Program
from rcontrol.engines.registry import Engines
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh import Connection

VERSION: Final = resources.files("rcontrol.check").joinpath("version.sh").read_text("utf-8")
NOT_THERE: Final = 90
"""Status of `version.sh` where there is no such program."""
NAME_AND_NUMBER: Final = re.compile(r"[A-Za-z][\w .-]*\d")
VERSION_S: Final = 90.0
"""A renderer's first start from network storage takes its time."""


async def find_programs(
    connection: Connection, node: NodeSettings, engines: Engines, report: NodeReport
) -> None:
    """Look for the renderers of a farm on a node; raises NodeUnreachable.

    One that nobody has set a path for may be missing where there is another one.
    """
    programs = _programs(node, engines)
    missing = [each for each in programs if not await _find(connection, node, each, report)]
    found = any(each.path for each in report.programs)
    for program in missing:
        unneeded = found and program.name not in node.executables
        (report.notes if unneeded else report.problems).append(_where_it_should_be(program))


def _programs(node: NodeSettings, engines: Engines) -> Sequence[Program]:
    """Return what is to be found on a node: what it has a path for, and what it should have."""
    programs = {program.name: program for program in (each.program(node) for each in engines)}
    configured = [
        programs.get(name) or Program(name, path) for name, path in node.executables.items()
    ]
    return [
        *configured,
        *(each for each in programs.values() if each.expected and each not in configured),
    ]


async def _find(
    connection: Connection, node: NodeSettings, program: Program, report: NodeReport
) -> bool:
    done = await connection.run(VERSION, program.path, *program.version, timeout_s=VERSION_S)
    where, _, printed = done.stdout.partition("\n")
    if done.status == NOT_THERE and not where:
        report.programs.append(ProgramReport(program.name))
        return False
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    report.programs.append(ProgramReport(program.name, where, _version(program.name, lines)))
    if done.status != 0:
        last = lines[-1] if lines else f"it ended with status {done.status}"
        typed = " ".join(("ssh", node.name, where, *program.version[:1]))
        report.problems.append(f"{where} does not start: {last}; try `{typed}`")
    return True


def _where_it_should_be(program: Program) -> str:
    if "/" in program.path:
        where = f"{program.path} cannot be run there"
        return f"{where}; install it, or correct executables.{program.name}"
    return f"{program.path} is not on its PATH; install it, or set executables.{program.name}"


def _version(program: str, lines: Sequence[str]) -> str:
    """Return the line in which a program says its version; others may stand before it."""
    found = [line for line in lines if NAME_AND_NUMBER.match(line)]
    return next((line for line in found if line.lower().startswith(program)), (found or [""])[0])
