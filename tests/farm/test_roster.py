"""Nodes come and go, pause, and have their frames killed while jobs render."""

import pytest

from rcontrol.errors import NodeConflict, NodeNotFound
from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, FrameStatus, JobStatus, NodeDuty
from rcontrol.farm.settings import FarmSettings, NodeSettings
from rcontrol.farm.viewlog import node_view
from tests.farm.simulated import Simulation


def opened(*nodes: str, **settings: float) -> Simulation:
    sim = Simulation(
        [NodeSettings(node) for node in nodes or ("hex1", "hex2")],
        FarmSettings(**settings),  # type: ignore[arg-type]
        autostart=True,
    )
    sim.open()
    return sim


def names(sim: Simulation) -> list[str]:
    return [node.name for node in sim.farm.state.in_order()]


def add(sim: Simulation, name: str, **settings: int) -> None:
    sim.send(ev.NodeAdded(sim.now, NodeSettings(name, **settings)))  # type: ignore[arg-type]


def remove(sim: Simulation, name: str) -> None:
    sim.send(ev.NodeRemoved(sim.now, name))


def reload(sim: Simulation, *nodes: NodeSettings | str) -> None:
    listed = [NodeSettings(node) if isinstance(node, str) else node for node in nodes]
    sim.send(ev.NodesListed(sim.now, tuple(listed), anew=True))


def test_a_node_that_is_added_renders_jobs_that_enable_it() -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 9))
    add(sim, "hex9")
    assert not sim.nodes["hex9"].held, "the job did not name it"
    sim.send(ev.NodeEnabled(sim.now, job, "hex9"))
    assert sim.nodes["hex9"].held
    later = sim.submit(range(1, 3), ["hex9"], priority=1)
    sim.send(ev.JobStarted(sim.now, later))
    assert later in [sim.finish("hex9")[0] for _ in range(3)]


def test_a_node_that_is_removed_finishes_its_frame_and_is_gone() -> None:
    sim = opened()
    job = sim.submit(range(1, 7))
    sim.begin("hex1")
    assert len(sim.nodes["hex1"].held) == 2
    remove(sim, "hex1")
    assert len(sim.nodes["hex1"].held) == 1, "what was in line went back"
    assert node_view(sim.farm.state, sim.farm.state.nodes["hex1"]).duty is NodeDuty.LEAVING
    with pytest.raises(NodeNotFound):
        sim.farm.state.node("hex1")
    sim.finish("hex1")
    assert "hex1" not in sim.nodes
    assert names(sim) == ["hex2"]
    while sim.farm.state.job(job).status is JobStatus.RENDERING:
        sim.finish("hex2")
    assert sim.farm.state.frames(job).count(FrameStatus.DONE) == 6
    assert len(sim.rendered) == 6


def test_a_node_that_leaves_and_dies_gives_its_frame_to_another() -> None:
    sim = opened()
    sim.submit(range(1, 3))
    sim.begin("hex1")
    remove(sim, "hex1")
    sim.fail("hex1")
    assert "hex1" not in sim.nodes
    assert {sim.finish("hex2")[1], sim.finish("hex2")[1]} == {1, 2}


def test_a_job_whose_only_node_left_waits_for_another() -> None:
    sim = opened()
    job = sim.submit(range(1, 4), ["hex1"])
    sim.begin("hex1")
    remove(sim, "hex1")
    sim.finish("hex1")
    assert sim.farm.state.job(job).status is JobStatus.RENDERING
    sim.send(ev.NodeEnabled(sim.now, job, "hex2"))
    assert sim.nodes["hex2"].held


def test_a_frame_that_a_removed_node_failed_blames_nobody_who_is_not_there() -> None:
    sim = opened("hex1", "hex2")
    sim.submit(range(1, 2))
    failed = sim.fail("hex1")
    remove(sim, "hex1")
    assert sim.finish("hex2")[1] == failed


def test_what_cannot_be_done_is_refused() -> None:
    sim = opened()
    with pytest.raises(NodeConflict, match="already"):
        add(sim, "hex1")
    with pytest.raises(NodeNotFound):
        remove(sim, "hex7")
    with pytest.raises(NodeNotFound):
        sim.send(ev.NodePaused(sim.now, "hex7", ""))
    with pytest.raises(NodeConflict, match="renders nothing"):
        sim.send(ev.NodeFramesKilled(sim.now, "hex1"))
    remove(sim, "hex1")
    with pytest.raises(NodeConflict, match="configuration file"):
        add(sim, "hex1")


def test_a_node_that_is_added_again_while_it_leaves_stays() -> None:
    sim = opened("hex1")
    add(sim, "hex9", port=1)
    sim.submit(range(1, 5), ["hex9"])
    sim.begin("hex9")
    remove(sim, "hex9")
    add(sim, "hex9", port=1)
    assert len(sim.nodes["hex9"].held) == 2, "as if nothing had been"
    remove(sim, "hex9")
    add(sim, "hex9", port=2)
    assert sim.nodes["hex9"].settings.port == 1
    sim.finish("hex9")
    assert sim.nodes["hex9"].settings.port == 2, "connected anew once its frame was done"
    assert sim.nodes["hex9"].held


def test_added_nodes_survive_restarts_and_follow_the_files() -> None:
    sim = opened("hex1")
    add(sim, "zoo")
    add(sim, "ant")
    sim.start_farm([NodeSettings("hex1"), NodeSettings("hex3")])
    assert names(sim) == ["hex1", "hex3", "zoo", "ant"]
    sim.start_farm()
    assert names(sim) == ["hex1", "hex3", "zoo", "ant"]


def test_the_file_takes_over_an_added_node() -> None:
    sim = opened("hex1")
    add(sim, "hex9", port=5)
    reload(sim, NodeSettings("hex9", port=7), "hex1")
    assert names(sim) == ["hex9", "hex1"]
    assert sim.nodes["hex9"].settings.port == 7
    reload(sim, "hex1")
    assert names(sim) == ["hex1"]


def test_a_node_of_the_file_stays_removed_until_it_is_reloaded() -> None:
    sim = opened()
    remove(sim, "hex1")
    sim.start_farm(sim.listed)
    assert names(sim) == ["hex2"]
    sim.open()
    reload(sim, "hex1", "hex2")
    assert names(sim) == ["hex1", "hex2"]


def test_a_removal_is_forgotten_when_the_file_no_longer_names_the_node() -> None:
    sim = opened()
    remove(sim, "hex1")
    sim.start_farm([NodeSettings("hex2")])
    sim.start_farm([NodeSettings("hex1"), NodeSettings("hex2")])
    assert names(sim) == ["hex1", "hex2"]


def test_other_settings_count_once_the_node_has_no_frame() -> None:
    sim = opened()
    sim.submit(range(1, 9))
    sim.begin("hex1")
    reload(sim, NodeSettings("hex1", slots=({}, {})), "hex2")
    assert len(sim.nodes["hex1"].held) == 1
    assert [node.name for node in sim.farm.state.in_order()] == ["hex1", "hex2"]
    sim.finish("hex1")
    sim.begin("hex1")
    assert len(sim.nodes["hex1"].begun) == 2
    assert sim.rendered == [(next(iter(sim.farm.state.jobs)), 1)], "its frame was finished"


def test_a_node_that_leaves_is_closed_by_the_next_job_manager() -> None:
    sim = opened()
    sim.submit(range(1, 5))
    sim.begin("hex1")
    remove(sim, "hex1")
    sim.start_farm()
    sim.open()
    assert sim.nodes["hex1"].held, "it is at its frame still"
    sim.finish("hex1")
    assert names(sim) == ["hex2"]


# --- pause ---


def test_a_paused_node_finishes_its_frame_and_gets_no_more() -> None:
    sim = opened()
    sim.submit(range(1, 9))
    sim.begin("hex1")
    sim.now = 1500.0
    sim.send(ev.NodePaused(sim.now, "hex1", "new graphics card"))
    assert len(sim.nodes["hex1"].held) == 1
    sim.finish("hex1")
    sim.tick(60.0)
    assert not sim.nodes["hex1"].held
    view = node_view(sim.farm.state, sim.farm.state.node("hex1"))
    assert (view.duty, view.duty_reason, view.duty_since) == ("paused", "new graphics card", 1500.0)
    sim.send(ev.NodePaused(sim.now, "hex1", "another one"))
    again = node_view(sim.farm.state, sim.farm.state.node("hex1"))
    assert (again.duty_reason, again.duty_since) == ("another one", 1500.0)
    sim.send(ev.NodeResumed(sim.now, "hex1"))
    assert len(sim.nodes["hex1"].held) == 2
    assert node_view(sim.farm.state, sim.farm.state.node("hex1")).duty_reason == ""


def test_a_pause_survives_restarts_and_new_settings() -> None:
    sim = opened()
    sim.send(ev.NodePaused(sim.now, "hex1", "moved"))
    sim.start_farm([NodeSettings("hex1", port=3), NodeSettings("hex2")])
    sim.open()
    sim.submit(range(1, 3), ["hex1"])
    assert not sim.nodes["hex1"].held
    reload(sim, NodeSettings("hex1", port=4), "hex2")
    assert not sim.nodes["hex1"].held
    sim.send(ev.NodeResumed(sim.now, "hex1"))
    assert sim.nodes["hex1"].held


def test_while_a_node_is_paused_a_resting_one_is_let_back_in() -> None:
    sim = opened(rest_s=10.0, strikes=99)
    sim.submit(range(1, 9))
    for rest_s in (11.0, 21.0):
        sim.fail("hex2", Blame.NODE)
        sim.tick(rest_s)
    sim.fail("hex2", Blame.NODE)
    sim.tick(11.0)
    assert not sim.nodes["hex2"].held, "it rests 40 s"
    sim.send(ev.NodePaused(sim.now, "hex1", ""))
    assert sim.nodes["hex2"].held


# --- kill ---


def test_a_killed_frame_goes_back_first_in_line_without_blame() -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 5))
    sim.begin("hex1")
    before = sim.running("hex1")
    sim.send(ev.NodeFramesKilled(sim.now, "hex1"))
    assert before not in sim.nodes["hex1"].held
    frames = sim.farm.state.frames(job)
    assert (frames.status(1), frames.failures(1)) == (FrameStatus.RENDERING, 0)
    assert sorted(order.frame for order in sim.nodes["hex1"].held.values()) == [1, 2]
    assert sim.farm.state.node("hex1").faults == 0


def test_all_frames_of_a_node_with_slots_are_killed() -> None:
    sim = Simulation([NodeSettings("gpu", slots=({}, {}))], autostart=True)
    sim.open()
    sim.submit(range(1, 9))
    sim.begin("gpu")
    begun = set(sim.nodes["gpu"].begun)
    assert len(begun) == 2
    sim.send(ev.NodeFramesKilled(sim.now, "gpu"))
    assert not begun & set(sim.nodes["gpu"].held)
