"""How Jupyter shows jobs and nodes. Nothing here needs it: elsewhere there is plain text."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any, Final

from rcontrol.farm.words import clock
from rcontrol.web.models import JobInfo
from rcontrol.web.node_models import NodeState

EVERY_S: Final = 0.25
"""Between two updates of a display, at least."""
COLORS: Final = {
    "Rendering": "#0b7a9e",
    "Finished": "#2e7d32",
    "Failed": "#c62828",
    "Stopped": "#9a6700",
    "online": "#2e7d32",
    "offline": "#c62828",
    "resting": "#9a6700",
}
CELL: Final = "padding:2px 12px 2px 0;text-align:left;vertical-align:top"


def followed(states: Iterable[JobInfo]) -> Iterator[JobInfo]:
    """Pass a job's states on, and show each in the cell's output where there is one."""
    display = _display()
    handle: Any = None
    shown, shown_at = "", 0.0
    for info in states:
        yield info
        html = job_html(info)
        over = info["status"] not in ("Waiting", "Rendering")
        if display is None or html == shown or not (over or time.monotonic() - shown_at > EVERY_S):
            continue
        shown, shown_at = html, time.monotonic()
        content = {"text/plain": job_line(info), "text/html": html}
        if handle is None:
            handle = display(content, raw=True, display_id=True)
        else:
            handle.update(content, raw=True)


def _display() -> Any:
    """Return IPython's `display` in a notebook; None elsewhere."""
    if (ipython := sys.modules.get("IPython")) is None:
        return None
    shell = ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def job_line(info: JobInfo) -> str:
    """Return a job in one line."""
    reason = f": {info['reason']}" if info["reason"] else ""
    frames = f"{info['frames_done']}/{info['frames_total']} frames"
    return f"{info['name']} ({info['id'][:8]}) {info['status']} {frames}{reason}"


def job_html(info: JobInfo) -> str:
    """Return a job with its progress and what its nodes are at."""
    at_work = [
        f"{escape(name)}: frame {node['frame']}, {node['progress']:.0f} %"
        for name, node in info["node_status"].items()
        if node["rendering"]
    ]
    times = {"elapsed": info["time_elapsed"], "left": info["time_remaining"]}
    said = ", ".join(f"{clock(seconds)} {word}" for word, seconds in times.items() if seconds)
    lines = [said, *at_work, escape(info["reason"])]
    notes = "".join(f"<div style='opacity:.75'>{line}</div>" for line in lines if line)
    bar = (
        "<div style='background:#8883;border-radius:3px;height:8px;margin:4px 0'>"
        f"<div style='background:{COLORS.get(info['status'], '#888')};border-radius:3px;"
        f"height:8px;width:{info['progress']:.1f}%'></div></div>"
    )
    frames = f"{info['frames_done']} of {info['frames_total']} frames"
    return (
        f"<div style='max-width:36em'><b>{escape(info['name'])}</b> "
        f"<code>{escape(info['id'][:8])}</code> {_word(info['status'])}, {frames}{bar}{notes}</div>"
    )


def jobs_html(jobs: Sequence[JobInfo]) -> str:
    """Return the queue as a table."""
    rows = [
        [
            f"<code>{escape(job['id'][:8])}</code>",
            escape(job["name"]),
            _word(job["status"]),
            f"{job['frames_done']}/{job['frames_total']}",
            clock(job["time_remaining"]),
            escape(job["reason"]),
        ]
        for job in jobs
    ]
    return _table(("job", "name", "status", "frames", "left", "reason"), rows)


def nodes_html(nodes: Sequence[NodeState]) -> str:
    """Return nodes as a table."""
    rows = [
        [
            escape(node["name"]),
            _word(node["state"]) if node["duty"] == "serving" else node["duty"],
            ", ".join(
                f"<code>{escape(frame['job_id'][:8])}</code>/{frame['frame']}"
                for frame in node["rendering"]
            ),
            escape(node["reason"] or node["duty_reason"]),
        ]
        for node in nodes
    ]
    return _table(("node", "state", "rendering", "reason"), rows)


def _word(word: str) -> str:
    return f"<span style='color:{COLORS.get(word, 'inherit')}'>{escape(word)}</span>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th style='{CELL}'>{name}</th>" for name in heads)
    body = "".join(
        f"<tr>{''.join(f'<td style={CELL!r}>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
