"""What the design promises of the queue, of frames and of nodes, one scenario each."""

import pytest

from rcontrol.errors import JobNotFound, NodeNotFound, QueueFull, WrongStatus
from rcontrol.farm import commands as cmd
from rcontrol.farm import events as ev
from rcontrol.farm.farm import Farm
from rcontrol.farm.model import AttemptId, Blame, FrameStatus, JobId, JobStatus, NodeStatus
from rcontrol.farm.settings import FarmSettings, NodeSettings
from rcontrol.farm.viewlog import job_view
from tests.farm.simulated import Simulation


def status(sim: Simulation, job: JobId) -> JobStatus:
    return sim.farm.state.job(job).status


def opened(*nodes: str, autostart: bool = False, **settings: float) -> Simulation:
    sim = Simulation(
        [NodeSettings(node) for node in nodes or ("hex1", "hex2")],
        FarmSettings(**settings),  # type: ignore[arg-type]
        autostart=autostart,
    )
    sim.open()
    return sim


def start(sim: Simulation, job: JobId) -> None:
    sim.send(ev.JobStarted(sim.now, job))


# --- queue and autostart ---


def test_a_full_queue_takes_no_more_until_a_job_is_deleted() -> None:
    sim = opened(max_jobs=2)
    first, _ = sim.submit(), sim.submit()
    with pytest.raises(QueueFull, match="holds 2 jobs, which is max_jobs; delete some"):
        sim.submit()
    assert not sim.farm.changes()
    sim.send(ev.JobDeleted(sim.now, first))
    sim.submit()


def test_without_autostart_jobs_wait() -> None:
    sim = opened()
    job = sim.submit()
    sim.tick()
    assert status(sim, job) is JobStatus.WAITING


def test_autostart_renders_one_at_a_time_in_order() -> None:
    sim = opened("hex1", autostart=True)
    first, second = sim.submit(range(1, 3)), sim.submit(range(1, 3))
    assert (status(sim, first), status(sim, second)) == (JobStatus.RENDERING, JobStatus.WAITING)
    assert [sim.finish("hex1") for _ in range(4)] == [
        (first, 1),
        (first, 2),
        (second, 1),
        (second, 2),
    ]
    assert (status(sim, first), status(sim, second)) == (JobStatus.FINISHED, JobStatus.FINISHED)


def test_nothing_is_autostarted_until_all_jobs_started_by_hand_are_done() -> None:
    sim = opened("hex1")
    first, second, third = (sim.submit(range(1, 2)) for _ in range(3))
    start(sim, second)
    start(sim, third)
    sim.send(ev.AutostartSet(sim.now, True))
    sim.finish("hex1")
    assert status(sim, first) is JobStatus.WAITING
    sim.finish("hex1")
    assert status(sim, first) is JobStatus.RENDERING


def test_a_failed_job_lets_the_next_one_start() -> None:
    sim = opened("hex1", autostart=True, max_attempts=1)
    first, second = sim.submit(range(1, 2)), sim.submit(range(1, 2))
    sim.fail("hex1")
    assert (status(sim, first), status(sim, second)) == (JobStatus.FAILED, JobStatus.RENDERING)


def test_an_enqueued_job_returns_to_its_old_place() -> None:
    sim = opened("hex1")
    first, second = sim.submit(), sim.submit()
    sim.send(ev.JobStopped(sim.now, first))
    sim.send(ev.JobEnqueued(sim.now, first))
    sim.send(ev.AutostartSet(sim.now, True))
    assert (status(sim, first), status(sim, second)) == (JobStatus.RENDERING, JobStatus.WAITING)


@pytest.mark.parametrize(
    ("given", "action", "after"),
    [
        ("Waiting", ev.JobStarted, "Rendering"),
        ("Waiting", ev.JobStopped, "Stopped"),
        ("Waiting", ev.JobEnqueued, None),
        ("Waiting", ev.JobDeleted, "gone"),
        ("Rendering", ev.JobStarted, None),
        ("Rendering", ev.JobStopped, "Stopped"),
        ("Rendering", ev.JobEnqueued, None),
        ("Rendering", ev.JobDeleted, None),
        ("Stopped", ev.JobStarted, "Rendering"),
        ("Stopped", ev.JobStopped, None),
        ("Stopped", ev.JobEnqueued, "Waiting"),
        ("Stopped", ev.JobDeleted, "gone"),
        ("Finished", ev.JobStarted, None),
        ("Finished", ev.JobStopped, None),
        ("Finished", ev.JobEnqueued, None),
        ("Finished", ev.JobDeleted, "gone"),
        ("Failed", ev.JobStarted, "Rendering"),
        ("Failed", ev.JobStopped, None),
        ("Failed", ev.JobEnqueued, "Waiting"),
        ("Failed", ev.JobDeleted, "gone"),
    ],
)
def test_actions_in_every_status(
    given: str, action: type[ev.JobStarted], after: str | None
) -> None:
    sim = opened("hex1", max_attempts=1)
    job = sim.submit(range(1, 2))
    if given == "Stopped":
        sim.send(ev.JobStopped(sim.now, job))
    elif given != "Waiting":
        start(sim, job)
    if given == "Finished":
        sim.finish("hex1")
    elif given == "Failed":
        sim.fail("hex1")
    assert status(sim, job) == given
    if after is None:
        with pytest.raises(WrongStatus, match=given):
            sim.send(action(sim.now, job))
        assert status(sim, job) == given
    else:
        sim.send(action(sim.now, job))
        now = sim.farm.state.jobs.get(job)
        assert (now.status if now else "gone") == after


def test_unknown_jobs_and_nodes_are_refused() -> None:
    sim = opened()
    with pytest.raises(JobNotFound):
        start(sim, JobId("none"))
    with pytest.raises(NodeNotFound):
        sim.submit(nodes=["hex9"])
    job = sim.submit()
    with pytest.raises(NodeNotFound):
        sim.send(ev.NodeEnabled(sim.now, job, "hex9"))
    assert not sim.farm.changes()


# --- dispatch ---


def test_idle_slots_are_filled_before_anything_is_put_in_line() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 3))
    start(sim, job)
    assert [sim.farm.state.load_of(node) for node in ("hex1", "hex2")] == [1, 1]


def test_a_node_has_one_frame_in_line_for_each_slot() -> None:
    sim = Simulation([NodeSettings("gpu", slots=({}, {}, {}))])
    sim.open()
    start(sim, sim.submit(range(1, 100)))
    sim.begin("gpu")
    assert sim.farm.state.load_of("gpu") == 6
    assert len(sim.nodes["gpu"].begun) == 3


def test_frames_go_lowest_first_and_one_that_comes_back_goes_first() -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 6))
    start(sim, job)
    assert sim.finish("hex1") == (job, 1)
    assert sim.fail("hex1") == 2
    assert [sim.finish("hex1")[1] for _ in range(4)] == [3, 2, 4, 5]


def test_a_failed_frame_goes_to_another_node() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 3))
    start(sim, job)
    assert sim.fail("hex1") == 1
    assert sim.finish("hex2") == (job, 2)
    assert sim.finish("hex2") == (job, 1)


def test_a_failed_frame_returns_to_its_node_when_there_is_no_other() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 2), nodes=["hex1"])
    start(sim, job)
    sim.fail("hex1")
    assert sim.finish("hex1") == (job, 1)


def test_a_frame_in_line_is_asked_back_when_another_node_has_nothing_to_do() -> None:
    sim = opened("slow", "quick")
    job = sim.submit(range(1, 5))
    start(sim, job)
    sim.begin("slow")
    at_work = sim.farm.state.attempts_on("slow")[0].frame
    frames = [sim.finish("quick")[1] for _ in range(3)]
    assert sorted([*frames, at_work]) == [1, 2, 3, 4]
    assert sim.farm.state.load_of("slow") == 1


def test_jobs_started_by_hand_share_the_nodes() -> None:
    sim = opened("a", "b", "c", "d")
    first, second = sim.submit(range(1, 50)), sim.submit(range(1, 50))
    start(sim, first)
    start(sim, second)
    for _ in range(5):
        for node in "abcd":
            sim.finish(node)
    running = [attempt.job for node in "abcd" for attempt in sim.farm.state.attempts_on(node)]
    assert running.count(first) == running.count(second)


def test_priority_goes_first() -> None:
    sim = opened("hex1")
    low, high = sim.submit(range(1, 10)), sim.submit(range(1, 3), priority=5)
    start(sim, low)
    start(sim, high)
    sim.finish("hex1")
    sim.finish("hex1")
    assert {sim.finish("hex1")[0], sim.finish("hex1")[0]} == {high}


def test_a_disabled_node_finishes_its_frame_and_gets_no_more() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 9))
    start(sim, job)
    sim.begin("hex1")
    sim.send(ev.NodeDisabled(sim.now, job, "hex1"))
    assert sim.farm.state.load_of("hex1") == 1
    sim.finish("hex1")
    assert sim.farm.state.load_of("hex1") == 0
    sim.send(ev.NodeEnabled(sim.now, job, "hex1"))
    assert sim.farm.state.load_of("hex1") == 2


# --- frames and attempts ---


def test_a_frame_is_given_up_after_three_failures_and_the_job_fails_with_the_reason() -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 3))
    start(sim, job)
    for _ in range(20):
        if status(sim, job) is not JobStatus.RENDERING:
            break
        attempt = sim.farm.state.attempts_on("hex1")[0]
        if attempt.frame == 1:
            sim.fail("hex1")
        else:
            sim.finish("hex1")
    assert status(sim, job) is JobStatus.FAILED
    assert sim.farm.state.frames(job).failures(1) == 3
    assert sim.farm.state.job(job).reason == (
        "1 of 2 frames given up; last: frame 1 on hex1: Error: no (attempt 3 of 3)"
    )
    start(sim, job)
    assert sim.farm.state.frames(job).status(1) is FrameStatus.RENDERING
    assert sim.farm.state.frames(job).failures(1) == 0
    assert sim.finish("hex1") == (job, 1)
    assert status(sim, job) is JobStatus.FINISHED
    assert sim.farm.state.job(job).reason == ""


def test_a_final_failure_fails_the_job_at_once_and_ends_its_other_renders() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 100))
    start(sim, job)
    sim.begin("hex2")
    sim.fail("hex1", final=True)
    assert status(sim, job) is JobStatus.FAILED
    assert not sim.nodes["hex2"].held


def test_stop_cancels_everything_and_drops_late_reports() -> None:
    sim = opened("hex1")
    job = sim.submit()
    start(sim, job)
    sim.begin("hex1")
    late = sim.farm.state.attempts_on("hex1")[0]
    commands = sim.farm.handle(ev.JobStopped(sim.now, job))
    assert {type(command) for command in commands} == {cmd.CancelAttempt, cmd.CloseSessions}
    rendered = ev.FrameRendered(sim.now, "hex1", late.id, job, late.frame, 1.0, ("/f",))
    assert sim.farm.handle(rendered) == [cmd.Acknowledge("hex1", late.id)]
    assert sim.farm.state.frames(job).count(FrameStatus.DONE) == 0
    sim.farm.validate()


def test_every_outcome_is_acknowledged_even_of_unknown_attempts() -> None:
    sim = opened("hex1")
    sim.send(ev.FrameRendered(sim.now, "hex1", AttemptId("0-7"), JobId("gone"), 3, 1.0, ()))
    assert sim.acknowledged == ["0-7"]


# --- nodes ---


def test_a_node_fault_costs_the_frame_nothing_and_rests_the_node() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 10))
    start(sim, job)
    frame = sim.fail("hex1", Blame.NODE)
    assert sim.farm.state.frames(job).failures(frame) == 0
    node = sim.farm.state.node("hex1")
    assert (node.status, node.reason) == (NodeStatus.RESTING, "Error: no")
    assert not sim.nodes["hex1"].held
    sim.tick(9.0)
    assert sim.farm.state.node("hex1").status is NodeStatus.RESTING
    sim.tick(1.0)
    assert sim.farm.state.node("hex1").status is NodeStatus.ONLINE


def test_pauses_grow_up_to_a_limit_and_a_success_forgets_the_faults() -> None:
    sim = opened("hex1", "hex2", longest_rest_s=60.0)
    start(sim, sim.submit(range(1, 100)))
    pauses = []
    for _ in range(5):
        sim.fail("hex1", Blame.NODE)
        pauses.append(sim.farm.state.node("hex1").rest_until - sim.now)
        sim.tick(1000.0)
    assert pauses == [10.0, 20.0, 40.0, 60.0, 60.0]
    sim.finish("hex1")
    assert sim.farm.state.node("hex1").faults == 0


def test_a_success_lets_the_oldest_resting_node_back_in() -> None:
    sim = opened("a", "b", "c")
    start(sim, sim.submit(range(1, 100)))
    for node in "ab":
        sim.fail(node, Blame.NODE)
        sim.tick(10.0)
        sim.fail(node, Blame.NODE)
        sim.tick(1.0)
    sim.tick(8.0)
    sim.finish("c")
    assert sim.farm.state.node("a").status is NodeStatus.ONLINE
    assert sim.farm.state.node("b").status is NodeStatus.RESTING


def test_when_every_enabled_node_rests_the_oldest_is_released() -> None:
    sim = opened("a", "b")
    start(sim, sim.submit(range(1, 100)))
    for node in "ab":
        for _ in range(3):
            sim.send(ev.NodeCameUp(sim.now, node))
            if sim.farm.state.node(node).status is NodeStatus.RESTING:
                sim.tick(1000.0)
            sim.fail(node, Blame.NODE)
    sim.tick(10.0)
    assert NodeStatus.ONLINE in {node.status for node in sim.farm.state.nodes.values()}


def test_an_offline_node_gets_nothing_and_says_why() -> None:
    sim = opened("hex1", "hex2")
    sim.send(ev.NodeWentDown(sim.now, "hex1", "connection refused"))
    start(sim, sim.submit())
    assert sim.farm.state.load_of("hex1") == 0
    assert sim.farm.state.node("hex1").reason == "connection refused"


# --- whose fault ---


def test_a_job_whose_first_frames_fail_alike_is_failed_after_a_handful() -> None:
    sim = opened("a", "b", "c")
    job = sim.submit(range(1, 5001))
    start(sim, job)
    failures = 0
    while status(sim, job) is JobStatus.RENDERING:
        sim.fail("abc"[failures % 3])
        failures += 1
    assert failures == 6
    assert sim.farm.state.job(job).reason == (
        "the first 6 attempts all failed alike, on a, b and c: Error: no"
    )
    start(sim, job)
    assert status(sim, job) is JobStatus.RENDERING


def test_one_node_alone_does_not_condemn_a_job_that_has_another() -> None:
    sim = opened("a", "b")
    job = sim.submit(range(1, 5001))
    start(sim, job)
    sim.begin("b")
    for _ in range(10):
        sim.fail("a")
    assert status(sim, job) is JobStatus.RENDERING
    sim.finish("b")
    for _ in range(10):
        if sim.nodes["a"].held:
            sim.fail("a")
    assert status(sim, job) is JobStatus.RENDERING, "others render it: it is not the job's fault"


def test_a_node_that_fails_what_others_render_is_rested_then_left_out_then_forgiven() -> None:
    sim = opened("good", "bad", longest_rest_s=60.0)
    job = sim.submit(range(1, 200))
    start(sim, job)
    for _ in range(3):
        frame = sim.fail("bad")
        while sim.finish("good") != (job, frame):
            pass
        assert sim.farm.state.node("bad").status is NodeStatus.RESTING
        sim.tick(1000.0)
    view = job_view(sim.farm.state, job)
    assert view.left_out == {}, "the ticks above were long enough to forgive"
    for _ in range(3):
        frame = sim.fail("bad")
        while sim.finish("good") != (job, frame):
            pass
        sim.tick(100.0)
    assert job_view(sim.farm.state, job).left_out == {
        "bad": f"failed frame {frame}, which good rendered: Error: no"
    }
    assert sim.farm.state.node("bad").status is NodeStatus.ONLINE
    assert not sim.nodes["bad"].held
    other = sim.submit(range(1, 3))
    start(sim, other)
    assert sim.nodes["bad"].held, "left out of that job alone"
    sim.tick(600.0)
    assert job_view(sim.farm.state, job).left_out == {}


def test_a_node_is_not_left_out_when_it_is_the_only_one() -> None:
    sim = opened("only")
    job = sim.submit(range(1, 200))
    start(sim, job)
    for _ in range(5):
        sim.fail("only", Blame.NODE)
        sim.tick(1000.0)
    assert sim.finish("only")[0] == job


# --- restarts ---


def test_a_restarted_farm_adopts_what_the_nodes_hold() -> None:
    sim = opened("hex1", "hex2")
    job = sim.submit(range(1, 20))
    start(sim, job)
    sim.finish("hex1")
    sim.begin("hex1")
    sim.begin("hex2")
    held = {node: list(sim.nodes[node].held) for node in ("hex1", "hex2")}
    sim.start_farm()
    sim.open()
    assert {node: list(sim.nodes[node].held) for node in held} == held
    while sim.farm.state.job(job).status is JobStatus.RENDERING:
        sim.finish("hex1" if sim.nodes["hex1"].held else "hex2")
    frames = [frame for _, frame in sim.rendered]
    assert sorted(frames) == list(range(1, 20)), "none lost, none rendered twice"


def test_nothing_is_given_out_before_the_farm_is_opened() -> None:
    sim = Simulation()
    start(sim, sim.submit())
    for node in sim.nodes.values():
        sim.adopt(node)
        sim.send(ev.NodeCameUp(sim.now, node.name))
    assert not sim.farm.state.attempts
    sim.send(ev.FarmOpened(sim.now))
    assert sim.farm.state.attempts


def test_attempts_of_a_job_stopped_meanwhile_are_not_adopted() -> None:
    sim = opened("hex1")
    job = sim.submit()
    start(sim, job)
    sim.begin("hex1")
    orders = dict(sim.nodes["hex1"].held)
    sim.send(ev.JobStopped(sim.now, job))
    sim.nodes["hex1"].held.update(orders)
    sim.start_farm()
    sim.open()
    assert not sim.nodes["hex1"].held


def test_a_farm_that_drains_finishes_what_is_under_way_and_nothing_else() -> None:
    sim = opened("hex1", "hex2", autostart=True)
    first, second = sim.submit(range(1, 9)), sim.submit()
    for node in ("hex1", "hex2"):
        sim.begin(node)
    sim.send(ev.FarmDraining(sim.now, sim.now + 60.0))
    assert [len(node.held) for node in sim.nodes.values()] == [1, 1], "lines were taken back"
    later = sim.submit()
    start(sim, later)
    assert {sim.finish("hex1"), sim.finish("hex2")} == {(first, 1), (first, 2)}
    sim.tick()
    assert not sim.farm.state.attempts
    expected = (JobStatus.RENDERING, JobStatus.WAITING, JobStatus.RENDERING)
    assert (status(sim, first), status(sim, second), status(sim, later)) == expected
    sim.start_farm()
    sim.open()
    assert {status(sim, job) for job in (first, later)} == {JobStatus.RENDERING}
    assert all(node.held for node in sim.nodes.values())


def test_the_end_of_a_job_starts_no_other_while_the_farm_drains() -> None:
    sim = opened("hex1", autostart=True)
    first, second = sim.submit(range(1, 2)), sim.submit()
    sim.begin("hex1")
    sim.send(ev.FarmDraining(sim.now, sim.now + 60.0))
    sim.finish("hex1")
    assert (status(sim, first), status(sim, second)) == (JobStatus.FINISHED, JobStatus.WAITING)


def test_elapsed_time_leaves_out_stops_and_downtime() -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 100))
    start(sim, job)
    for _ in range(10):
        sim.tick(1.0)
    sim.send(ev.JobStopped(sim.now, job))
    sim.tick(100.0)
    start(sim, job)
    for _ in range(10):
        sim.tick(1.0)
    sim.now += 1000.0
    sim.start_farm()
    sim.open()
    sim.send(ev.JobStopped(sim.now, job))
    assert sim.farm.state.job(job).elapsed_s == pytest.approx(20.0, abs=0.1)


@pytest.mark.parametrize("step_s", [86_400.0, -86_400.0])
def test_elapsed_time_does_not_jump_with_the_clock(step_s: float) -> None:
    sim = opened("hex1")
    job = sim.submit(range(1, 100))
    start(sim, job)
    for _ in range(10):
        sim.tick(1.0)
    sim.now += step_s
    for _ in range(10):
        sim.tick(1.0)
    sim.send(ev.JobStopped(sim.now, job))
    assert sim.farm.state.job(job).elapsed_s == pytest.approx(19.0, abs=1.1)


# --- size ---


def test_ten_thousand_nodes_render_twelve_thousand_frames() -> None:
    sim = Simulation([NodeSettings(f"n{i}") for i in range(10_000)])
    sim.checks = False
    sim.open()
    job = sim.submit(range(1, 12_001))
    start(sim, job)
    rounds = 0
    while sim.farm.state.job(job).status is JobStatus.RENDERING:
        rounds += 1
        for name, node in sim.nodes.items():
            if node.held:
                sim.finish(name)
    assert len(set(sim.rendered)) == len(sim.rendered) == 12_000
    assert rounds < 20
    sim.farm.validate()


def test_the_farm_is_deterministic() -> None:
    def run() -> list[tuple[JobId, int]]:
        sim = opened("a", "b", autostart=True)
        sim.submit(range(1, 20))
        sim.submit(range(5, 9))
        for step in range(30):
            name = "ab"[step % 2]
            if sim.nodes[name].held:
                sim.fail(name) if step % 7 == 3 else sim.finish(name)
        return sim.rendered

    assert run() == run()


def test_an_unknown_event_is_a_programming_error() -> None:
    farm = Farm(FarmSettings(), epoch=1, autostart=False)
    with pytest.raises(TypeError):
        farm.handle(object())  # type: ignore[arg-type]
