"""What is counted of attempts, and when."""

from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, FrameStatus
from rcontrol.farm.settings import FarmSettings, NodeSettings
from rcontrol.farm.tally import BOUNDS_S, NOTHING_YET
from tests.farm.simulated import Simulation


def opened(**settings: int) -> Simulation:
    sim = Simulation([NodeSettings("hex1")], FarmSettings(**settings), autostart=True)
    sim.open()
    return sim


def test_every_outcome_is_counted_once() -> None:
    sim = opened(max_attempts=2)
    job = sim.submit(range(1, 4))
    frames = sim.farm.state.frames(job)
    sim.finish("hex1")
    sim.fail("hex1", Blame.FARM)
    while not frames.count(FrameStatus.GIVEN_UP):
        sim.fail("hex1")
    while sim.nodes["hex1"].held:
        sim.finish("hex1")
    tally = sim.farm.state.tally
    assert (tally.done, tally.given_up) == (2, 1)
    assert tally.failed[Blame.FARM] == 1
    assert tally.failed[Blame.JOB] + 1 == tally.retried + tally.given_up
    assert sum(tally.by_seconds) == 2
    assert tally.seconds == 2.0
    sim.start_farm()
    assert sim.farm.state.tally is NOTHING_YET, "it counts from the JobManager's start"


def test_what_could_not_be_saved_is_not_counted() -> None:
    sim = opened()
    job = sim.submit()
    sim.begin("hex1")
    [attempt, *_] = sim.nodes["hex1"].held
    report = ev.FrameRendered(sim.now, "hex1", attempt, job, 1, 1.0, ("/f.png",))
    sim.farm.handle(report)
    sim.farm.rollback()
    assert sim.farm.state.tally is NOTHING_YET
    sim.farm.handle(report)
    assert sim.farm.state.tally is NOTHING_YET, "not on disk yet"
    sim.farm.commit()
    assert sim.farm.state.tally.done == 1


def test_seconds_are_sorted_by_inclusive_bounds() -> None:
    sim = opened()
    job = sim.submit()
    for seconds, bucket in ((0.0, 0), (1.0, 0), (1.1, 1), (BOUNDS_S[-1] + 1.0, len(BOUNDS_S))):
        before = sim.farm.state.tally.by_seconds[bucket]
        sim.begin("hex1")
        attempt = sim.running("hex1")
        assert attempt is not None
        order = sim.nodes["hex1"].drop(attempt)
        assert order is not None
        sim.send(ev.FrameRendered(sim.now, "hex1", attempt, job, order.frame, seconds, ("/f.png",)))
        assert sim.farm.state.tally.by_seconds[bucket] == before + 1
