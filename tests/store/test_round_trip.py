"""What is saved is what is loaded, whatever it is and however often the store is reopened."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rcontrol.farm.model import (
    Attempt,
    AttemptId,
    Blame,
    Changes,
    EndedAttempt,
    FrameStatus,
    Job,
    JobId,
    JobOptions,
    JobSpec,
    JobStatus,
    Member,
    NodeDuty,
)
from rcontrol.farm.settings import NodeSettings
from rcontrol.store import Store, sqlite_url

IDS = [JobId(digit * 32) for digit in "0123"]
FRAMES = st.integers(-3, 12)
texts = st.text(st.characters(), max_size=8) | st.sampled_from(["\\u0000", "\\", "\0", "\udc80"])
seconds = st.floats(0, 1e12)
specs = st.builds(
    JobSpec,
    id=st.sampled_from(IDS),
    name=texts,
    path=texts,
    engine=st.sampled_from(["blend", "tgd"]),
    start_frame=st.integers(-(2**40), 0),
    end_frame=st.integers(1, 2**40),
    options=st.builds(
        JobOptions, output=texts, scene=texts, args=st.lists(texts, max_size=3).map(tuple)
    ),
    priority=st.integers(-(2**62), 2**62),
    created_at=seconds,
    expression=st.sampled_from(["", "1-9x2", "1,4,10-20"]),
)
jobs = st.builds(
    Job,
    spec=specs,
    place=st.integers(1, 2**40),
    nodes=st.frozensets(st.sampled_from(["n1", "n2", "n3"])),
    status=st.sampled_from(JobStatus),
    reason=texts,
    elapsed_s=seconds,
    counted_to=seconds,
    started_at=seconds,
    stopped_at=seconds,
)
node_settings = st.builds(
    NodeSettings,
    name=texts,
    host=texts,
    port=st.integers(0, 65535),
    slots=st.lists(st.dictionaries(texts, texts, max_size=2), min_size=1, max_size=2).map(tuple),
    executables=st.dictionaries(texts, texts, max_size=2),
    low_priority=st.booleans(),
)
members = st.builds(
    Member,
    settings=node_settings,
    place=st.integers(0, 100),
    added=st.booleans(),
    duty=st.sampled_from(NodeDuty),
    duty_reason=texts,
    duty_since=seconds,
    successor=st.none() | node_settings,
)
frame_changes = st.dictionaries(
    FRAMES, st.tuples(st.sampled_from(FrameStatus), st.integers(0, 255)), min_size=1
)
attempts = st.builds(
    EndedAttempt,
    attempt=st.builds(
        Attempt,
        id=st.tuples(st.integers(1, 3), st.integers(1, 30)).map(
            lambda number: AttemptId(f"{number[0]}-{number[1]}")
        ),
        job=st.sampled_from(IDS),
        frame=FRAMES,
        node=st.sampled_from(["n1", "n2"]),
        assigned_at=seconds,
        started_at=seconds,
    ),
    ended_at=seconds,
    seconds=seconds,
    error=texts,
    blame=st.none() | st.sampled_from(Blame),
    picture=texts,
)


class Saving(RuleBasedStateMachine):
    """A store beside dictionaries that hold the same."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.store = Store(sqlite_url(Path(self.directory.name)))
        self.store.open()
        self.autostart: bool | None = None
        self.members: dict[str, Member] = {}
        self.removed: frozenset[str] = frozenset()
        self.jobs: dict[JobId, Job] = {}
        self.frames: dict[JobId, dict[int, tuple[FrameStatus, int]]] = {}
        self.attempts: dict[AttemptId, EndedAttempt] = {}

    @rule(
        autostart=st.none() | st.booleans(),
        changed=st.lists(jobs, max_size=3, unique_by=lambda job: job.id),
        frames=st.dictionaries(st.sampled_from(IDS), frame_changes),
        ended=st.lists(attempts, max_size=4, unique_by=lambda ended: ended.attempt.id),
        gone=st.sets(st.sampled_from(IDS), max_size=1),
        nodes=st.lists(members, max_size=2, unique_by=lambda member: member.settings.name),
        closed=st.sets(texts, max_size=1),
        removed=st.none() | st.frozensets(texts, max_size=2),
    )
    def save(
        self,
        autostart: bool | None,
        changed: list[Job],
        frames: dict[JobId, dict[int, tuple[FrameStatus, int]]],
        ended: list[EndedAttempt],
        gone: set[JobId],
        nodes: list[Member],
        closed: set[str],
        removed: frozenset[str] | None,
    ) -> None:
        there_before = closed & self.members.keys()
        self.members = {k: v for k, v in self.members.items() if k not in closed}
        nodes = [node for node in nodes if node.settings.name not in closed]
        self.members |= {node.settings.name: node for node in nodes}
        self.removed = self.removed if removed is None else removed
        there = {*self.jobs, *(job.id for job in changed)}
        changes = Changes(
            autostart,
            tuple(changed),
            tuple(gone),
            {job: of_job for job, of_job in frames.items() if job in there},
            tuple(one for one in ended if one.attempt.job in there),
            members=tuple(nodes),
            gone=tuple(there_before),
            removed=removed,
        )
        self.store.save(changes)
        if autostart is not None:
            self.autostart = autostart
        self.jobs |= {job.id: job for job in changed}
        for job, of_job in changes.frames.items():
            self.frames.setdefault(job, {}).update(of_job)
        self.attempts |= {one.attempt.id: one for one in changes.attempts}
        for job in gone:
            self.jobs.pop(job, None)
            self.frames.pop(job, None)
        self.attempts = {
            id_: one for id_, one in self.attempts.items() if one.attempt.job not in gone
        }

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store.open()

    @invariant()
    def loads_what_was_saved(self) -> None:
        state = self.store.load()
        assert state.autostart is self.autostart
        assert {member.settings.name: member for member in state.members} == self.members
        assert state.removed == self.removed
        assert {stored.job.id: stored.job for stored in state.jobs} == self.jobs
        assert [stored.job.place for stored in state.jobs] == sorted(
            job.place for job in self.jobs.values()
        )
        for stored in state.jobs:
            loaded = {
                frame: (status, failures)
                for run, status, failures in stored.frames
                for frame in run
            }
            assert list(loaded) == sorted(loaded)
            assert loaded == {
                frame: (FrameStatus.PENDING, failures)
                if status is FrameStatus.RENDERING
                else (status, failures)
                for frame, (status, failures) in self.frames.get(stored.job.id, {}).items()
            }

    @invariant()
    def remembers_attempts(self) -> None:
        for job in IDS:
            expected = [one for one in self.attempts.values() if one.attempt.job == job]
            assert list(self.store.attempts(job)) == expected

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()


TestSaving = Saving.TestCase
TestSaving.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)
