"""Farm, jobs and nodes as objects."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rcontrol.client import ApiError, connect
from rcontrol.errors import BadRequest, JobNotFound, NodeNotFound, WaitTimeout
from rcontrol.farm.model import Blame
from rcontrol.notebook import NotebookFarm, NotebookJob
from tests.fakes.farm import FakeFarm


def shown(thing: Any) -> Mapping[str, str]:
    """Return what Jupyter is given to show."""
    bundle: Mapping[str, str] = thing._repr_mimebundle_(include=None, exclude=None)
    return bundle


def test_a_job_is_what_is_done_with_it(book: NotebookFarm, farm: FakeFarm) -> None:
    job = book.submit("cube.blend", 1, 2, ["hex1"], output="//o/", priority=3)
    assert job.status == "Waiting"
    assert job.info()["options"]["priority"] == 3
    assert job.why() == "autostart is off: switch it on or start the job"
    job.stop()
    assert job.status == "Stopped"
    job.enqueue()
    job.disable("hex1")
    job.enable("hex2")
    job.start()
    assert job.frames() == {1: "rendering", 2: "rendering"}
    assert job.why(2) == "it is in line on hex2 behind 1 frame"
    farm.fail("hex2", Blame.JOB)
    assert "Error: no" in job.reason
    farm.finish("hex2")
    farm.finish("hex2")
    assert job.frames() == {1: "done", 2: "done"}
    assert job.status == "Finished"
    job.delete()
    assert book.jobs() == []
    with pytest.raises(ApiError, match="Job ID not found"):
        _ = job.status


def test_the_frames_of_an_expression(book: NotebookFarm, farm: FakeFarm) -> None:
    job = book.submit("cube.blend", frames="1-10x4,20", nodes=["hex1"])
    job.start()
    farm.finish("hex1")
    assert job.frames() == {1: "done", 5: "rendering", 9: "rendering", 20: "pending"}
    assert "1/4 frames" in shown(job)["text/plain"]
    with pytest.raises(ApiError, match="frames: 'x' cannot be read"):
        book.submit("cube.blend", frames="x")


def test_what_is_missing_can_be_submitted(book: NotebookFarm, base: Path) -> None:
    for name in ("a.1.png", "a.3.png", "b0001.exr"):
        (base / name).write_bytes(b"picture")
    assert book.missing_frames("/") == {"a.#.png": "2", "b####.exr": ""}
    missing = book.missing_frames(str(base), "1-5")
    assert missing == {"a.#.png": "2,4-5", "b####.exr": "2-5"}
    assert book.submit("cube.blend", frames=missing["a.#.png"]).info()["frames"] == "2,4-5"


def test_jobs_are_found_by_how_only_they_begin(book: NotebookFarm, job: NotebookJob) -> None:
    assert book.job(job.id) == job == book.job(job.id[:8])
    assert book.jobs() == [job]
    with pytest.raises(JobNotFound):
        book.job("nothing")
    with pytest.raises(JobNotFound):
        book.job("")
    others = [book.submit("cube.blend", 1, 1) for _ in range(16)]
    assert len({other.id[0] for other in [job, *others]}) < 17
    several = next(one for one in others if sum(one.id[0] == o.id[0] for o in [job, *others]) > 1)
    with pytest.raises(BadRequest, match="may be any of"):
        book.job(several.id[0])


def test_the_queue_has_an_order(book: NotebookFarm, job: NotebookJob) -> None:
    second = book.submit("cube.blend", 1, 1)
    second.move(before=job)
    assert book.jobs() == [second, job]
    second.move()
    assert book.jobs() == [job, second]


def test_waiting_ends_with_the_job(book: NotebookFarm, job: NotebookJob, farm: FakeFarm) -> None:
    job.start()

    def render() -> None:
        for node in ("hex1", "hex2", "hex1", "hex2"):
            farm.finish(node)

    rendering = threading.Thread(target=render)
    rendering.start()
    last = job.wait(timeout_s=30)
    rendering.join()
    assert (last["status"], last["frames_done"]) == ("Finished", 4)


def test_waiting_has_an_end(job: NotebookJob) -> None:
    with pytest.raises(WaitTimeout, match="still Waiting"):
        job.wait(timeout_s=0.0)


def test_nodes(book: NotebookFarm, job: NotebookJob, farm: FakeFarm) -> None:
    assert [node.name for node in book.nodes()] == ["hex1", "hex2", "mac1"]
    hex1 = book.node("hex1")
    job.start()
    farm.begin("hex1")
    hex1.pause("new fans")
    assert hex1.info()["duty_reason"] == "new fans"
    hex1.kill_frames()
    assert hex1.why() == "it is paused: new fans: resume it"
    hex1.resume()
    added = book.add_node("hex9", slots=2)
    assert added in book.nodes()
    added.remove()
    assert "offline" in shown(added)["text/plain"] or "hex9" in shown(added)["text/plain"]
    with pytest.raises(NodeNotFound):
        book.node("nobody")


def test_autostart(book: NotebookFarm) -> None:
    assert book.autostart is False
    book.set_autostart(True)
    assert book.autostart is True


def test_jupyter_shows_them(book: NotebookFarm, job: NotebookJob, farm: FakeFarm) -> None:
    job.start()
    farm.begin("hex1")
    farm.progress("hex1", 50.0)
    farm.lose("mac1", "no <route>")
    card = shown(job)
    assert card["text/plain"] == f"a <b>film</b> ({job.id[:8]}) Rendering 0/4 frames"
    assert "a &lt;b&gt;film&lt;/b&gt;" in card["text/html"]
    assert "hex1: frame 1, 50 %" in card["text/html"]
    whole = shown(book)
    assert whole["text/plain"] == "1 jobs, 3 nodes"
    assert "no &lt;route&gt;" in whole["text/html"]
    assert "<b>film" not in whole["text/html"]
    assert "no &lt;route&gt;" in shown(book.node("mac1"))["text/html"]


def test_what_cannot_be_reached_can_still_be_shown() -> None:
    book = connect("http://127.0.0.1:1")
    for thing in (book, NotebookJob(book.calls, "feed")):
        assert "no rcontrol server at http://127.0.0.1:1" in shown(thing)["text/plain"]
        assert "127.0.0.1:1" in repr(book)
