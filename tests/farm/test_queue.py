"""Where a moved job goes, and how many others have to make room."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from rcontrol.farm import events as ev
from rcontrol.farm.model import Job, JobId, JobSpec
from rcontrol.farm.queue import STEP, last_place, moved
from tests.farm.simulated import Simulation


def jobs(*places: int) -> list[Job]:
    """Jobs "0", "1", ... at these places."""
    return [
        Job(JobSpec(JobId(str(number)), "", "/f", "blend", 1, 1), place, frozenset())
        for number, place in enumerate(places)
    ]


@pytest.mark.parametrize(
    ("places", "job", "before", "expected"),
    [
        ((1, 2, 3), "2", "0", {"2": 1 - STEP}),
        ((1, 2, 3), "0", None, {"0": 3 + STEP}),
        ((10, 20, 30), "2", "1", {"2": 15}),
        ((10, 20, 30), "1", "2", {"1": 20}),
        ((1, 2, 3), "2", "1", {"0": STEP, "2": 2 * STEP, "1": 3 * STEP}),
        ((7,), "0", None, {"0": STEP}),
    ],
)
def test_places(
    places: tuple[int, ...], job: str, before: str | None, expected: dict[str, int]
) -> None:
    assert moved(jobs(*places), JobId(job), JobId(before) if before else None) == expected


@given(st.data(), st.integers(2, 6))
def test_a_job_moved_again_and_again_always_gets_there(data: st.DataObject, count: int) -> None:
    queue = {job.id: job.place for job in jobs(*range(count))}
    for _ in range(30):
        job, before = data.draw(st.permutations(sorted(queue)).map(lambda ids: ids[:2]))
        order = [id_ for id_ in sorted(queue, key=queue.__getitem__) if id_ != job]
        order.insert(order.index(before), job)
        held = [
            Job(JobSpec(id_, "", "/f", "blend", 1, 1), place, frozenset())
            for id_, place in queue.items()
        ]
        queue |= moved(held, job, before)
        assert sorted(queue, key=queue.__getitem__) == order
        assert len(set(queue.values())) == count


def test_a_new_job_goes_last() -> None:
    assert last_place([]) == STEP
    assert last_place(jobs(5, 3)) == 5 + STEP


def test_autostart_takes_the_job_that_was_moved_to_the_front() -> None:
    sim = Simulation()
    sim.open()
    first, second = sim.submit(), sim.submit()
    sim.send(ev.JobMoved(sim.now, second, first))
    sim.send(ev.AutostartSet(sim.now, True))
    assert [job.id for job in sim.farm.state.rendering()] == [second]


def test_a_move_before_itself_changes_nothing() -> None:
    sim = Simulation()
    job = sim.submit()
    sim.farm.handle(ev.JobMoved(sim.now, job, job))
    assert not sim.farm.changes()


def test_clearing_removes_finished_jobs_alone() -> None:
    sim = Simulation()
    sim.open()
    finished, waiting = sim.submit(range(1, 2)), sim.submit()
    sim.send(ev.JobStarted(sim.now, finished))
    sim.finish("hex1")
    sim.send(ev.FinishedCleared(sim.now))
    assert list(sim.farm.state.jobs) == [waiting]
    assert list(sim.store.jobs) == [waiting]
