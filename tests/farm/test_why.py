"""What is said of every job, frame and node that waits."""

import pytest

from rcontrol.errors import FrameNotFound, JobNotFound, NodeNotFound
from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, FrameStatus, JobId, JobStatus
from rcontrol.farm.reasons import Reason
from rcontrol.farm.settings import FarmSettings, NodeSettings
from rcontrol.farm.why import inquire
from rcontrol.farm.words import length, listed
from tests.farm.simulated import Simulation


def farm(*nodes: str, autostart: bool = True, slots: int = 1, **settings: float) -> Simulation:
    sim = Simulation(
        [NodeSettings(node, slots=({},) * slots) for node in nodes or ("hex1", "hex2")],
        FarmSettings(**settings),  # type: ignore[arg-type]
        autostart=autostart,
    )
    sim.open()
    return sim


def job(sim: Simulation, which: JobId) -> tuple[Reason, str]:
    why = inquire(sim.farm, sim.now).job(which)
    return why.reason, why.sentence


def frame(sim: Simulation, which: JobId, number: int, error: str = "") -> tuple[Reason, str]:
    why = inquire(sim.farm, sim.now).frame(which, number, error)
    return why.reason, why.sentence


def node(sim: Simulation, name: str) -> tuple[Reason, str]:
    why = inquire(sim.farm, sim.now).node(name)
    return why.reason, why.sentence


# --- jobs ---


def test_autostart_is_off() -> None:
    sim = farm(autostart=False)
    waiting = sim.submit()
    assert job(sim, waiting) == (
        Reason.AUTOSTART_OFF,
        "autostart is off: switch it on or start the job",
    )
    assert frame(sim, waiting, 1) == (
        Reason.JOB_WAITS,
        "its job is Waiting: autostart is off: switch it on or start the job",
    )
    assert node(sim, "hex1") == (
        Reason.NO_JOB_RENDERS,
        "no job renders; cube (00000000) waits: autostart is off: switch it on or start the job",
    )


def test_another_job_is_rendering() -> None:
    sim = farm()
    sim.submit()
    second, third = sim.submit(), sim.submit()
    said = "jobs start one at a time, unless started by hand"
    assert job(sim, second) == (Reason.QUEUED, f"cube (00000000) is rendering; {said}")
    assert job(sim, third) == (
        Reason.QUEUED,
        f"cube (00000000) is rendering, and 1 job waits before this one; {said}",
    )


def test_no_node_is_enabled() -> None:
    sim = farm("hex1")
    first = sim.submit(range(1, 9))
    sim.begin("hex1")
    sim.send(ev.NodeDisabled(sim.now, first, "hex1"))
    assert job(sim, first)[0] is Reason.RENDERING
    sim.finish("hex1")
    assert job(sim, first) == (
        Reason.NO_NODE_ENABLED,
        "no node is enabled for it: enable one",
    )
    assert frame(sim, first, 8) == job(sim, first)
    assert node(sim, "hex1") == (
        Reason.DISABLED,
        "every rendering job has it disabled: enable it",
    )


def test_no_enabled_node_is_online() -> None:
    sim = farm("hex1", "hex2", "hex3")
    first = sim.submit(range(1, 9))
    sim.fail("hex2", Blame.NODE)
    for name in ("hex1", "hex3"):
        sim.send(ev.NodeWentDown(sim.now, name, "it refused the key; add it with ssh-copy-id"))
        sim.send(ev.NodeAdopted(sim.now, name, ()))
    sim.now += 4.0
    assert job(sim, first) == (
        Reason.NODES_OUT,
        "no enabled node can work: "
        "hex1 and hex3 (offline: it refused the key; add it with ssh-copy-id), "
        "hex2 (resting 6 s more after 1 fault, the last: Error: no)",
    )
    assert node(sim, "hex1") == (
        Reason.OFFLINE,
        "it is offline: it refused the key; add it with ssh-copy-id",
    )
    assert node(sim, "hex2")[0] is Reason.RESTING


def test_its_nodes_render_other_jobs() -> None:
    sim = farm("hex1", "hex2")
    first = sim.submit(range(1, 9), ["hex1"], priority=1)
    second = sim.submit(range(1, 9), ["hex1"])
    sim.send(ev.JobStarted(sim.now, second))
    sim.begin("hex1")
    assert job(sim, second) == (
        Reason.NODES_BUSY,
        "it waits for a node: hex1 (rendering frame 1 of cube (00000000))",
    )
    assert frame(sim, second, 1) == (
        Reason.NODES_BUSY,
        "it is the next frame of its job and waits for a node: "
        "hex1 (rendering frame 1 of cube (00000000))",
    )
    assert job(sim, first) == (Reason.RENDERING, "it renders on hex1; 6 frames to give out")


def test_jobs_that_came_to_an_end() -> None:
    sim = farm("hex1", max_attempts=1)
    stopped, failed, finished = (sim.submit(range(1, 2)) for _ in range(3))
    sim.send(ev.JobStopped(sim.now, stopped))
    sim.fail("hex1")
    sim.finish("hex1")
    assert job(sim, stopped) == (
        Reason.STOPPED,
        "a person stopped it: start it, or put it back in the queue",
    )
    assert job(sim, failed)[0] is Reason.FAILED
    assert "Error: no (attempt 1 of 1): mend that and start it again" in job(sim, failed)[1]
    assert job(sim, finished) == (Reason.FINISHED, "every frame is done")
    assert frame(sim, finished, 1) == (Reason.DONE, "it is done")


def test_the_farm_has_just_been_started() -> None:
    sim = farm("hex1")
    first = sim.submit()
    sim.start_farm()
    assert {job(sim, first)[0], frame(sim, first, 1)[0]} == {Reason.OPENING}
    sim.send(ev.NodeCameUp(sim.now, "hex1"))
    assert node(sim, "hex1")[0] is Reason.OPENING


# --- frames ---


def test_the_server_is_about_to_end() -> None:
    sim = farm("hex1", "hex2")
    first = sim.submit(range(1, 9), nodes=["hex1"])
    second = sim.submit(nodes=["hex2"])
    sim.begin("hex1")
    sim.send(ev.FarmDraining(sim.now, sim.now + 60.0))
    reason, sentence = job(sim, first)
    assert reason is Reason.RENDERING
    assert sentence.startswith("it renders on hex1; 7 frames to give out; the server is about to")
    assert frame(sim, first, 2)[0] is Reason.DRAINING
    assert job(sim, second)[0] is node(sim, "hex2")[0] is Reason.DRAINING
    assert "goes on when it is started again" in job(sim, second)[1]
    sim.finish("hex1")
    assert job(sim, first)[0] is node(sim, "hex1")[0] is Reason.DRAINING


def test_frames_wait_behind_each_other() -> None:
    sim = farm("hex1")
    first = sim.submit(range(1, 6))
    assert frame(sim, first, 1) == (Reason.IN_LINE, "it is in line on hex1 and about to begin")
    sim.begin("hex1")
    assert frame(sim, first, 1) == (Reason.RENDERING, "hex1 renders it, 0 % done")
    assert frame(sim, first, 2) == (Reason.IN_LINE, "it is in line on hex1 behind 1 frame")
    assert frame(sim, first, 3)[0] is Reason.NODES_BUSY
    assert frame(sim, first, 5) == (Reason.BEHIND, "it waits behind 2 frames of its job")


def test_a_frame_avoids_the_node_it_failed_on() -> None:
    sim = farm("hex1", "hex2")
    first = sim.submit(range(1, 9))
    sim.begin("hex2")
    failed = sim.fail("hex1")
    assert frame(sim, first, failed, "Error: no GPU") == (
        Reason.AVOIDS,
        "it avoids hex1, where it failed (Error: no GPU), "
        "and waits: hex2 (rendering frame 2 of cube (00000000))",
    )


def test_a_frame_is_given_up() -> None:
    sim = farm("hex1", max_attempts=2)
    first = sim.submit(range(1, 4))
    sim.finish("hex1")
    sim.fail("hex1")
    failed = sim.fail("hex1")
    while sim.farm.state.frames(first).status(failed) is not FrameStatus.GIVEN_UP:
        failed = sim.fail("hex1")
    reason, sentence = frame(sim, first, failed, "Error: no")
    assert reason is Reason.GIVEN_UP
    assert sentence.startswith("given up after 2 attempts; the last one: Error: no; to try again, ")


# --- nodes ---


def test_slots_that_have_nothing_to_do() -> None:
    sim = farm("hex1", slots=3)
    sim.submit(range(1, 3))
    assert node(sim, "hex1") == (
        Reason.NOTHING_LEFT,
        "2 of 3 slots: about to begin frame 1 of cube (00000000) and "
        "frame 2 of cube (00000000); the rendering jobs have no frame left to give out",
    )


def test_a_node_is_left_out_of_a_job() -> None:
    sim = farm("hex1", "hex2", strikes=2, rest_s=1.0)
    first = sim.submit(range(1, 30))
    for _ in range(2):
        sim.fail("hex1", Blame.NODE)
        sim.tick(100.0)
    assert node(sim, "hex1") == (
        Reason.LEFT_OUT,
        "cube (00000000): left out for 8 min more: Error: no",
    )
    second = sim.submit(range(1, 9), ["hex2"])
    sim.send(ev.JobStarted(sim.now, second))
    assert node(sim, "hex1") == (
        Reason.SEVERAL,
        "cube (00000000): left out for 8 min more: Error: no; "
        "cube (00000000): disabled there: enable it",
    )
    assert sim.farm.state.job(first).status is JobStatus.RENDERING


def test_a_node_that_people_keep_from_work() -> None:
    sim = farm("hex1", "hex2")
    first = sim.submit(range(1, 30))
    for name in ("hex1", "hex2"):
        sim.begin(name)
    sim.send(ev.NodePaused(sim.now, "hex1", "new fans"))
    sim.send(ev.NodeFramesKilled(sim.now, "hex1"))
    sim.send(ev.NodeRemoved(sim.now, "hex2"))
    assert node(sim, "hex1") == (Reason.PAUSED, "it is paused: new fans: resume it")
    assert node(sim, "hex2") == (
        Reason.LEAVING,
        "it is rendering frame 2 of cube (00000000); it is leaving the farm",
    )
    sim.finish("hex2")
    assert job(sim, first) == (
        Reason.NODES_OUT,
        "no enabled node can work: hex1 (paused: new fans: resume it)",
    )
    sim.send(ev.NodeRemoved(sim.now, "hex1"))
    assert job(sim, first)[1] == "the farm has no node: add one and enable it for this job"


# --- all of them ---


def test_what_is_not_there() -> None:
    sim = farm()
    first = sim.submit(range(3, 5))
    with pytest.raises(JobNotFound):
        job(sim, JobId("nobody"))
    with pytest.raises(FrameNotFound, match="has no frame 5"):
        frame(sim, first, 5)
    with pytest.raises(NodeNotFound):
        node(sim, "hex9")


def test_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefg")) == "a, b and 5 more"
    assert [length(seconds) for seconds in (-3.0, 0.2, 40.0, 99.4, 600.0)] == [
        "1 s",
        "1 s",
        "40 s",
        "99 s",
        "10 min",
    ]
