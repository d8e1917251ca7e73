"""Tries every node."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from rcontrol.check.programs import find_programs
from rcontrol.check.reports import NodeReport
from rcontrol.check.storage import Marks, marked
from rcontrol.engines.registry import Engines
from rcontrol.errors import NodeUnreachable, StorageError
from rcontrol.farm.settings import NodeSettings
from rcontrol.ssh import Connection

PROBE: Final = resources.files("rcontrol.check").joinpath("probe.sh").read_text("utf-8")
REMOVE: Final = 'rm -f "$1"'

LEAST_FREE_MB: Final = 1024
MOST_SKEW_S: Final = 30.0
SYSTEMS: Final = {"linux": "Linux", "mac": "Darwin"}


def check(nodes: Sequence[NodeSettings], base: Path, engines: Engines) -> list[NodeReport]:
    """Try nodes and return a report of each, in their order; `base` is the shared storage.

    Blocks. Raises StorageError where the server itself does not have the storage.
    """
    if not base.is_dir():
        raise StorageError(str(base), "is no folder here; mount it, or correct fileserver_base_dir")
    with marked(base) as marks:
        return asyncio.run(_check_all(nodes, base, marks, engines))


async def _check_all(
    nodes: Sequence[NodeSettings], base: Path, marks: Marks, engines: Engines
) -> list[NodeReport]:
    checks = (_check(node, base, marks, engines, number) for number, node in enumerate(nodes))
    return list(await asyncio.gather(*checks))


async def _check(
    node: NodeSettings, base: Path, marks: Marks, engines: Engines, number: int
) -> NodeReport:
    report = NodeReport(node.name)
    try:
        connection = await Connection.open(node)
    except NodeUnreachable as error:
        report.problems.append(error.cause)
        return report
    report.reached = True
    try:
        await _probe(connection, node, base, marks, marks.name(str(number)), report)
        await find_programs(connection, node, engines, report)
    except NodeUnreachable as error:
        report.problems.append(error.cause)
    finally:
        connection.close()
    return report


async def _probe(
    connection: Connection,
    node: NodeSettings,
    base: Path,
    marks: Marks,
    made: str,
    report: NodeReport,
) -> None:
    asked = time.time()
    done = await connection.run(PROBE, str(base), marks.own, marks.word, made)
    answered = time.time()
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    if done.status != 0 or "storage" not in said:
        report.problems.append(f"it cannot run a POSIX sh script: {done.stderr.strip()}")
        return
    _judge_system(node, said, report)
    if said["time"].isdigit():
        # It said whole seconds, the half of one being over on average.
        skew_s = int(said["time"]) + 0.5 - (asked + answered) / 2
        _judge_clock(skew_s, answered - asked, report)
    try:
        await _judge_storage(base, made, said, marks, report)
    finally:
        await connection.run(REMOVE, str(base / made))
        await asyncio.to_thread(marks.remove, made)


def _judge_system(node: NodeSettings, said: Mapping[str, str], report: NodeReport) -> None:
    system = said["system"]
    if system != SYSTEMS[node.os]:
        remedy = "add it to macs" if system == "Darwin" else "see macs and os"
        report.problems.append(f"it runs {system}, but is configured as {node.os}; {remedy}")


def _judge_clock(skew_s: float, took_s: float, report: NodeReport) -> None:
    report.clock_skew_s = round(skew_s, 1)
    if abs(skew_s) > MOST_SKEW_S + took_s:
        ahead = "ahead of" if skew_s > 0 else "behind"
        report.notes.append(f"its clock is {abs(skew_s):.0f} s {ahead} the server's; run NTP there")


async def _judge_storage(
    base: Path, made: str, said: Mapping[str, str], marks: Marks, report: NodeReport
) -> None:
    report.storage, words = said["storage"], said.get("unwritable", "")
    if report.storage == "missing":
        remedy = "mount the shared storage there, at the same path as here"
        report.problems.append(f"{base} is no folder there; {remedy}")
        return
    if said.get("free", "").isdigit():
        report.free_mb = int(said["free"]) // 1024
        if report.free_mb < LEAST_FREE_MB:
            report.problems.append(f"{base} has only {report.free_mb} MB free; make room")
    if "read-only" in words.lower():
        report.problems.append(f"{base} is mounted there to be read only; mount it for writing")
    elif words:
        report.notes.append(f"it may not write at the top of {base} ({words})")
    if report.storage == "written" and not await marks.shows(made):
        report.storage = "other"
    if report.storage == "other":
        remedy = "mount the same share there as here"
        report.problems.append(f"its {base} is not the storage that the server has; {remedy}")
    elif report.storage == "written" or marks.own:
        report.storage = "same"
    else:
        report.storage = "unknown"
        report.notes.append(f"neither it nor the server may write at the top of {base}")
