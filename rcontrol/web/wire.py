"""Views of the farm, in the words of the wire. Pure: the time comes in."""

from collections.abc import Iterable

from rcontrol.farm.numbers import FrameNumbers
from rcontrol.farm.reasons import DRAINING, Why
from rcontrol.farm.views import AttemptView, FarmView, JobView, NodeView, RunningFrame
from rcontrol.framelogs import LogPart
from rcontrol.sequences import Found, Wanted
from rcontrol.storage import Listing
from rcontrol.web.frame_models import FrameCount, FrameStates, MissingAnswer
from rcontrol.web.log_models import AttemptInfo, LogText
from rcontrol.web.models import (
    FarmState,
    Folder,
    JobDetails,
    JobInfo,
    JobLine,
    JobRow,
    JobStatusAnswer,
    NodeOfJob,
    Summary,
    WhyAnswer,
)
from rcontrol.web.node_models import NodeState


def summary(farm: FarmView, at: float) -> Summary:
    """Return the whole queue in short."""
    return {
        "state": {"autostart": farm.autostart},
        "jobs": [job_line(job, at) for job in farm.jobs.values()],
    }


def notice(farm: FarmView) -> str:
    """Return what the farm as a whole has to say to people; empty: nothing."""
    return DRAINING.sentence if farm.draining_until else ""


def farm_state(farm: FarmView) -> FarmState:
    """Return how the farm as a whole is."""
    return {
        "autostart": farm.autostart,
        "draining_until": farm.draining_until,
        "notice": notice(farm),
    }


def job_line(view: JobView, at: float) -> JobLine:
    """Return a job in short."""
    return {
        "id": view.job.id,
        "file_path": view.job.spec.path,
        "status": view.job.status.value,
        "progress": view.percent,
        "time_remaining": view.remaining_s(at),
    }


def job_row(view: JobView, at: float) -> JobRow:
    """Return what the web page's queue shows of a job."""
    job, spec = view.job, view.job.spec
    return {
        "id": spec.id,
        "name": spec.name,
        "path": spec.path,
        "status": job.status.value,
        "reason": job.reason,
        "place": job.place,
        "priority": spec.priority,
        "first": spec.start_frame,
        "last": spec.end_frame,
        "total": view.total,
        "done": view.done,
        "failed": view.given_up,
        "progress": round(view.percent, 2),
        "elapsed": round(view.elapsed_s(at), 1),
        "remaining": round(view.remaining_s(at), 1),
        "created": spec.created_at,
        "started": job.started_at,
        "stopped": job.stopped_at,
        "nodes": len(job.nodes),
    }


def job_status(view: JobView, nodes: Iterable[NodeView], at: float) -> JobStatusAnswer:
    """Return a job in the words of 2018."""
    spec = view.job.spec
    return {
        "id": spec.id,
        "file_path": spec.path,
        "start_frame": spec.start_frame,
        "end_frame": spec.end_frame,
        "render_engine": spec.engine,
        "status": view.job.status.value,
        "progress": view.percent,
        "time_avg": view.average_s(at),
        "time_elapsed": view.elapsed_s(at),
        "time_remaining": view.remaining_s(at),
        "node_status": node_status(view, nodes),
        **_details(view),
    }


def job_info(view: JobView, nodes: Iterable[NodeView], at: float) -> JobInfo:
    """Return a job in the words of 2022."""
    job, spec = view.job, view.job.spec
    return {
        "id": spec.id,
        "path": spec.path,
        "start_frame": spec.start_frame,
        "end_frame": spec.end_frame,
        "status": job.status.value,
        "time_start": job.started_at,
        "time_stop": job.stopped_at,
        "time_elapsed": view.elapsed_s(at),
        "time_avg_per_frame": view.average_s(at),
        "time_remaining": view.remaining_s(at),
        "progress": view.percent,
        "node_status": node_status(view, nodes),
        **_details(view),
    }


def _details(view: JobView) -> JobDetails:
    spec = view.job.spec
    return {
        "name": spec.name,
        "reason": view.job.reason,
        "frames": str(spec.frames),
        "frames_total": view.total,
        "frames_done": view.done,
        "frames_failed": view.given_up,
        "left_out": dict(view.left_out),
        "rendering": [
            {"node": running.node, "frame": running.frame, "progress": running.percent}
            for running in sorted(view.running, key=lambda running: running.frame)
        ],
        "options": {
            "output": spec.options.output,
            "scene": spec.options.scene,
            "args": list(spec.options.args),
            "publish": spec.options.publish.value,
            "priority": spec.priority,
        },
    }


def node_status(view: JobView, nodes: Iterable[NodeView]) -> dict[str, NodeOfJob]:
    """Return what every node does for one job."""
    lowest: dict[str, RunningFrame] = {}
    for running in sorted(view.running, key=lambda running: running.frame):
        lowest.setdefault(running.node, running)
    return {
        node.name: _node_of_job(lowest.get(node.name), node.name in view.job.nodes)
        for node in nodes
    }


def _node_of_job(running: RunningFrame | None, enabled: bool) -> NodeOfJob:
    return {
        "rendering": running is not None,
        "enabled": enabled,
        "frame": running.frame if running else None,
        "progress": running.percent if running else 0.0,
    }


def node_state(node: NodeView) -> NodeState:
    """Return a node with what it does."""
    return {
        "name": node.name,
        "state": node.status.value,
        "reason": node.reason,
        "since": node.since,
        "rest_until": node.rest_until,
        "slots": node.slots,
        "rendering": [
            {"job_id": job, "frame": running.frame, "progress": running.percent}
            for job, running in node.running
        ],
        "duty": node.duty.value,
        "duty_reason": node.duty_reason,
        "duty_since": node.duty_since,
        "frames_done": node.tally.done,
        "average": node.tally.seconds / node.tally.done if node.tally.done else 0.0,
    }


def attempt_info(attempt: AttemptView) -> AttemptInfo:
    """Return an attempt at a frame."""
    return {
        "id": attempt.id,
        "number": attempt.number,
        "node": attempt.node,
        "time_start": attempt.started_at,
        "time_stop": attempt.ended_at,
        "seconds": attempt.seconds,
        "error": attempt.error,
        "blame": attempt.blame.value if attempt.blame else "",
        "log": attempt.has_log,
    }


def log_text(part: LogPart, running: bool) -> LogText:
    """Return a part of a log; `running`: of an attempt that goes on."""
    return {
        "attempt": part.attempt,
        "text": part.text,
        "next": part.next,
        "at_end": part.at_end,
        "ended": part.ended and not running,
    }


def frame_count(frames: FrameNumbers) -> FrameCount:
    """Return what a frame expression means."""
    return {
        "frames": str(frames),
        "count": len(frames),
        "first": frames.first,
        "last": frames.last,
    }


def frame_states(view: JobView, states: str) -> FrameStates:
    """Return the state of every frame of a job; `states` as `frames.runs` writes them."""
    frames = view.job.spec.frames
    return {"first": frames.first, "frames": str(frames), "states": states}


def missing(folder: str, wanted: Wanted, sequences: Iterable[Found]) -> MissingAnswer:
    """Return which frames of a folder's sequences are missing."""
    return {
        "path": folder,
        "wanted": str(wanted.known or ""),
        "sequences": [
            {
                "pattern": one.pattern,
                "files": one.files,
                "present": one.present,
                "empty": one.empty,
                "missing": one.missing,
                "missing_total": one.missing_total,
                "wanted_total": one.wanted_total,
            }
            for one in sequences
        ],
    }


def why(answer: Why) -> WhyAnswer:
    """Return why nothing happens."""
    return {"reason": answer.reason, "why": answer.sentence}


def folder(listing: Listing) -> Folder:
    """Return a folder of the shared storage."""
    return {
        "current": listing.current,
        "contents": [
            {
                "name": entry.name,
                "path": entry.path,
                "type": entry.type,
                "size": entry.size,
                "atime": entry.atime,
                "mtime": entry.mtime,
                "ctime": entry.ctime,
                "ext": entry.ext,
            }
            for entry in listing.contents
        ],
    }
