"""How the command line shows what the server says: tables, and a job's progress as it goes."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from rcontrol.check.reports import NodeReport
from rcontrol.farm.words import clock
from rcontrol.web.frame_models import MissingAnswer
from rcontrol.web.log_models import AttemptInfo, LogText
from rcontrol.web.models import JobInfo
from rcontrol.web.node_models import NodeState

PIPE_WIDTH: Final = 400
"""Columns where nobody looks: lines of a table are never cut for a program that reads them."""
LONGEST_SHOWN: Final = 60
"""Characters of a frame expression."""
COLORS: Final = {
    "Rendering": "cyan",
    "Finished": "green",
    "Failed": "red",
    "Stopped": "yellow",
    "online": "green",
    "offline": "red",
    "resting": "yellow",
    "paused": "yellow",
    "leaving": "yellow",
}

Show = Callable[[Iterable[JobInfo]], JobInfo]


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


def as_json(content: Any) -> None:
    """Print the server's answer."""
    print(json.dumps(content, indent=2))


def notice(words: str) -> None:
    """Print what the farm as a whole has to say, if anything, beside what was asked for."""
    if words:
        print(f"rcontrol: {printable(words)}", file=sys.stderr)


def jobs(found: Sequence[JobInfo], shortest: int) -> None:
    """Print the queue; ids are cut to `shortest` characters, which tell them apart."""
    rows = [
        (
            job["id"][:shortest],
            job["name"],
            job["status"],
            frames(job),
            f"{job['progress']:.1f} %",
            clock(job["time_elapsed"]),
            clock(job["time_remaining"]),
        )
        for job in found
    ]
    _table(("job", "name", "status", "frames", "done", "elapsed", "left"), rows)


def job(found: JobInfo) -> None:
    """Print one job and what its nodes do."""
    options = found["options"]
    facts = {
        "job": found["id"],
        "name": found["name"],
        "file": found["path"],
        "status": found["status"],
        "reason": found["reason"],
        "frames": f"{shortened(found['frames'])}, {frames(found)} done",
        "given up": str(found["frames_failed"] or ""),
        "progress": f"{found['progress']:.1f} %",
        "elapsed": clock(found["time_elapsed"]),
        "a frame": clock(found["time_avg_per_frame"]),
        "left": clock(found["time_remaining"]),
        "output": options["output"],
        "scene": options["scene"],
        "arguments": " ".join(options["args"]),
        "publish": options["publish"] if options["publish"] != "fenced" else "",
        "priority": str(options["priority"] or ""),
    }
    _table(("", ""), [(name, fact) for name, fact in facts.items() if fact])
    rows = [
        (
            name,
            "yes" if node["enabled"] else "no",
            ", ".join(str(one["frame"]) for one in found["rendering"] if one["node"] == name),
            ", ".join(
                f"{one['progress']:.1f} %" for one in found["rendering"] if one["node"] == name
            ),
            f"left out for a while: {left_out}"
            if (left_out := found["left_out"].get(name))
            else "",
        )
        for name, node in found["node_status"].items()
    ]
    _table(("node", "enabled", "frame", "done", "note"), rows)


def nodes(found: Sequence[NodeState]) -> None:
    """Print every node with its state and what it renders."""
    rows = [
        (
            node["name"],
            node["state"] if node["duty"] == "serving" else node["duty"],
            ", ".join(f"{one['job_id'][:8]}/{one['frame']}" for one in node["rendering"]),
            "; ".join(_reasons(node)),
        )
        for node in found
    ]
    _table(("node", "state", "rendering", "reason"), rows)


def reports(found: Sequence[NodeReport]) -> None:
    """Print what trying each node has shown, and below that what is wrong and what to do."""
    rows = [
        (
            report.node,
            "yes" if report.reached else "no",
            ", ".join(one.version or one.path or f"no {one.program}" for one in report.programs),
            report.storage,
            f"{report.free_mb / 1024:.0f} GB" if report.free_mb else "",
            f"{round(report.clock_skew_s):+d} s" if report.reached else "",
            _result(report),
        )
        for report in found
    ]
    _table(("node", "reached", "renderers", "storage", "free", "clock", "result"), rows)
    for report in found:
        for line in report.problems:
            print(f"{report.node}: {printable(line)}")
        for line in report.notes:
            print(f"{report.node}: (note) {printable(line)}")


def _result(report: NodeReport) -> str:
    counts = {"problem": len(report.problems), "note": len(report.notes)}
    words = (f"{n} {what}{'s' if n > 1 else ''}" for what, n in counts.items() if n)
    return ", ".join(words) or "ok"


def attempts(found: Sequence[AttemptInfo]) -> None:
    """Print the attempts at a frame."""
    rows = [
        (
            str(attempt["number"]),
            attempt["node"],
            moment(attempt["time_start"]),
            clock(attempt["seconds"]),
            "running" if _runs(attempt) else attempt["error"] or "done",
            attempt["blame"],
            "yes" if attempt["log"] else "no",
        )
        for attempt in found
    ]
    _table(("attempt", "node", "begun", "took", "outcome", "fault of", "log"), rows)


def _runs(attempt: AttemptInfo) -> bool:
    return not attempt["time_stop"] and not attempt["error"]


def log(parts: Iterable[LogText]) -> None:
    """Print a log as it comes, without anything that could steer a terminal."""
    for part in parts:
        text = part["text"].replace("\r\n", "\n").replace("\r", "\n")
        lines = (printable(line.replace("\t", "    ")) for line in text.split("\n"))
        print("\n".join(lines), end="", flush=True)


def log_json(parts: Iterable[LogText]) -> None:
    """Print each part of a log as a JSON object a line."""
    for part in parts:
        print(json.dumps(part), flush=True)


def missing(answer: MissingAnswer) -> None:
    """Print what each sequence of a folder lacks."""
    if not answer["sequences"]:
        print(f"no sequence of frames in {printable(answer['path'])}")
    rows = []
    for one in answer["sequences"]:
        empty = f"; files without content: {one['empty']}" if one["empty"] else ""
        lacks = f"{one['missing_total']} missing: {one['missing']}{empty}"
        have = one["wanted_total"] - one["missing_total"]
        there = f"{have} of {one['wanted_total']}"
        rows.append((one["pattern"], there, lacks if one["missing"] else "complete"))
    if rows:
        _table(("sequence", "frames", ""), rows)


def _reasons(node: NodeState) -> Iterator[str]:
    if node["duty"] == "paused":
        since = datetime.fromtimestamp(node["duty_since"]).astimezone()
        yield " ".join(filter(None, (node["duty_reason"], f"since {since:%Y-%m-%d %H:%M}")))
    if node["duty"] != "serving" and node["state"] != "online":
        yield f"{node['state']}: {node['reason']}"
    elif node["reason"]:
        yield node["reason"]


def progress_bar(states: Iterable[JobInfo]) -> JobInfo:
    """Show a job in one line that moves, and return its last state."""
    columns = (
        TextColumn("{task.fields[status]:9}"),
        BarColumn(),
        TextColumn("{task.percentage:5.1f} %"),
        TextColumn("{task.fields[frames]} frames"),
        TextColumn("left {task.fields[left]}"),
        TextColumn("{task.fields[reason]}", markup=False, style="yellow"),
    )
    with Progress(*columns, console=_console(), refresh_per_second=4) as bar:
        task = bar.add_task("", status="", frames="", left="", reason="")
        for state in states:
            bar.update(
                task,
                completed=state["progress"],
                status=state["status"],
                frames=frames(state),
                left=clock(state["time_remaining"]),
                reason=printable(state["reason"]),
            )
            last = state
    return last


def progress_lines(states: Iterable[JobInfo]) -> JobInfo:
    """Print a line whenever a frame ends or the status changes, and return the last state."""
    shown = ""
    for state in states:
        line = f"{state['status']} {frames(state)} frames"
        if state["reason"]:
            line += f"; {printable(state['reason'])}"
        if line != shown:
            print(line, flush=True)
            shown = line
        last = state
    return last


def progress_json(states: Iterable[JobInfo]) -> JobInfo:
    """Print a JSON object a line whenever a job has changed, and return its last state."""
    shown = ""
    for state in states:
        line = json.dumps(state)
        if line != shown:
            print(line, flush=True)
            shown = line
        last = state
    return last


def frames(job: JobInfo) -> str:
    """Return frames done of all, as `3/10`."""
    return f"{job['frames_done']}/{job['frames_total']}"


def shortened(expression: str) -> str:
    """Return a frame expression, or its first parts when it is long."""
    if len(expression) <= LONGEST_SHOWN:
        return expression
    return expression[:LONGEST_SHOWN].rpartition(",")[0] + ",..."


def moment(at: float) -> str:
    """Return a point in time by this machine's clock; empty when there is none."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def printable(text: str) -> str:
    """Return text without anything that could steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, show_header=any(heads), pad_edge=False, header_style="dim")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell), COLORS.get(cell, "")) for cell in row))
    _console().print(table)
