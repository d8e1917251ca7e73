"""Views in the words of the wire."""

from dataclasses import replace
from typing import Any

import pytest

from rcontrol.farm.model import (
    AttemptId,
    Job,
    JobId,
    JobOptions,
    JobSpec,
    JobStatus,
    NodeStatus,
    Publish,
)
from rcontrol.farm.views import EMPTY_VIEW, JobView, NodeView, RunningFrame
from rcontrol.web import wire

SPEC = JobSpec(
    JobId("feed"),
    "film",
    "/mnt/film.blend",
    "blend",
    start_frame=1,
    end_frame=10,
    options=JobOptions("/out/", "Scene", ("-x",), Publish.DIRECT),
    priority=3,
)
JOB = Job(SPEC, place=1, nodes=frozenset({"hex1", "gone"}))
NODES = [
    NodeView(name, NodeStatus.ONLINE, "", since=5.0, rest_until=0.0, slots=2)
    for name in ("hex1", "hex2")
]

ATTEMPT = AttemptId("1-1")


def rendering(done: int = 0, given_up: int = 0, *running: RunningFrame) -> JobView:
    job = replace(
        JOB, status=JobStatus.RENDERING, elapsed_s=20.0, counted_to=100.0, started_at=50.0
    )
    return JobView(job, done, given_up, running)


@pytest.mark.parametrize(
    ("view", "at", "expected"),
    [
        (JobView(JOB, 0, 0), 100.0, (0.0, 0.0, 0.0, 0.0)),
        (rendering(), 100.0, (0.0, 20.0, 0.0, 0.0)),
        (rendering(), 90.0, (0.0, 20.0, 0.0, 0.0)),
        (rendering(2), 110.0, (20.0, 30.0, 15.0, 120.0)),
        (
            rendering(2, 0, RunningFrame("hex1", 3, 50.0, ATTEMPT)),
            130.0,
            (25.0, 50.0, 25.0, 150.0),
        ),
        (rendering(9, 1), 110.0, (90.0, 30.0, 30.0 / 9, 30.0 / 9)),
    ],
)
def test_numbers(view: JobView, at: float, expected: tuple[float, ...]) -> None:
    info = wire.job_info(view, NODES, at)
    status = wire.job_status(view, NODES, at)
    assert (
        info["progress"],
        info["time_elapsed"],
        info["time_avg_per_frame"],
        info["time_remaining"],
    ) == pytest.approx(expected)
    assert (
        status["progress"],
        status["time_elapsed"],
        status["time_avg"],
        status["time_remaining"],
    ) == pytest.approx(expected)


def test_of_several_frames_on_a_node_the_lowest_shows() -> None:
    view = rendering(
        0,
        0,
        RunningFrame("hex1", 7, 60.0, ATTEMPT),
        RunningFrame("hex1", 4, 10.0, ATTEMPT),
    )
    assert wire.node_status(view, NODES) == {
        "hex1": {"rendering": True, "enabled": True, "frame": 4, "progress": 10.0},
        "hex2": {"rendering": False, "enabled": False, "frame": None, "progress": 0.0},
    }
    assert wire.job_info(view, NODES, 0.0)["rendering"] == [
        {"node": "hex1", "frame": 4, "progress": 10.0},
        {"node": "hex1", "frame": 7, "progress": 60.0},
    ]


def test_a_disabled_node_shows_the_frame_it_finishes() -> None:
    [_, disabled] = wire.node_status(
        rendering(0, 0, RunningFrame("hex2", 1, 5.0, ATTEMPT)), NODES
    ).values()
    assert disabled == {"rendering": True, "enabled": False, "frame": 1, "progress": 5.0}


@pytest.mark.parametrize("status", list(JobStatus))
def test_statuses_are_the_words_of_the_contract(status: JobStatus) -> None:
    line = wire.job_line(JobView(replace(JOB, status=status), 0, 0), 0.0)
    assert line["status"] in {"Waiting", "Rendering", "Stopped", "Finished", "Failed"}


def test_what_the_original_did_not_tell() -> None:
    view = JobView(replace(JOB, status=JobStatus.FAILED, reason="no camera"), 3, 7)
    info: Any = wire.job_info(view, NODES, 0.0)
    assert {
        key: info[key]
        for key in ("name", "reason", "frames_done", "frames_failed", "left_out", "options")
    } == {
        "name": "film",
        "reason": "no camera",
        "frames_done": 3,
        "frames_failed": 7,
        "left_out": {},
        "options": {
            "output": "/out/",
            "scene": "Scene",
            "args": ["-x"],
            "publish": "direct",
            "priority": 3,
        },
    }


def test_an_empty_farm() -> None:
    found = wire.summary(EMPTY_VIEW, 0.0)
    assert found["state"] == {"autostart": False}
    assert found["jobs"] == []
