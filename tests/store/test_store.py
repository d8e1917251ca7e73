import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from rcontrol.errors import StoreError
from rcontrol.farm.model import (
    Changes,
    FarmState,
    FrameStatus,
    JobId,
    JobStatus,
    Member,
    NodeDuty,
)
from rcontrol.farm.settings import NodeSettings
from rcontrol.store import Store, sqlite_url
from tests.store.examples import JOB, done, ended, job

OTHER = JobId("1" * 32)


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.load() == FarmState(autostart=None)
    assert not store.attempts(JOB)


def test_the_farm_keeps_its_id(store: Store, url: str) -> None:
    farm_id = store.farm_id
    assert len(farm_id) == 32
    store.close()
    again = Store(url)
    again.open()
    assert again.farm_id == farm_id
    again.close()


def test_two_farms_have_two_ids(tmp_path: Path) -> None:
    ids = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        store = Store(sqlite_url(tmp_path / name))
        store.open()
        ids.add(store.farm_id)
        store.close()
    assert len(ids) == 2


def test_every_start_has_a_higher_epoch(store: Store) -> None:
    assert store.raise_epoch() == 1
    assert store.raise_epoch() == 2
    store.close()
    store.open()
    assert store.raise_epoch() == 3


def test_a_replaced_store_saves_nothing(store: Store, url: str) -> None:
    store.raise_epoch()
    store.save(Changes(jobs=(job(),)))
    successor = Store(url)
    successor.open()
    successor.raise_epoch()
    with pytest.raises(StoreError, match="another rcontrol has taken it over"):
        store.save(Changes(deleted=(JOB,)))
    assert len(successor.load().jobs) == 1
    successor.save(done(1))
    successor.close()


def test_nodes_come_and_go(store: Store) -> None:
    hex1 = Member(NodeSettings("hex1", executables={"blender": "/b"}), duty_since=5.0)
    gpu = Member(
        NodeSettings("gpu", slots=({"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"})),
        *(0, True, NodeDuty.PAUSED, "fans", 6.0),
        successor=NodeSettings("gpu", port=7),
    )
    store.save(Changes(members=(hex1, gpu), removed=frozenset({"hex2"})))
    state = store.load()
    assert sorted(state.members, key=lambda member: member.added) == [hex1, gpu]
    assert state.removed == {"hex2"}
    store.save(Changes(members=(replace(gpu, successor=None),), gone=("hex1",)))
    assert store.load().members == (replace(gpu, successor=None),)
    assert store.load().removed == {"hex2"}


def test_autostart_is_unknown_until_it_is_switched(store: Store) -> None:
    store.save(Changes(jobs=(job(),)))
    assert store.load().autostart is None
    store.save(Changes(autostart=False))
    assert store.load().autostart is False


def test_a_restart_finds_everything_as_it_was(store: Store) -> None:
    rendering = replace(job(), status=JobStatus.RENDERING, elapsed_s=2.5, counted_to=17.0)
    store.save(Changes(autostart=True, jobs=(job(OTHER, place=2), rendering)))
    store.save(
        Changes(
            frames={
                JOB: {
                    3: (FrameStatus.DONE, 0),
                    2: (FrameStatus.DONE, 0),
                    5: (FrameStatus.DONE, 0),
                    6: (FrameStatus.GIVEN_UP, 3),
                    7: (FrameStatus.RENDERING, 1),
                }
            }
        )
    )
    store.close()
    store.open()
    first, second = store.load().jobs
    assert first.job == rendering
    assert first.frames == [
        (range(2, 4), FrameStatus.DONE, 0),
        (range(5, 6), FrameStatus.DONE, 0),
        (range(6, 7), FrameStatus.GIVEN_UP, 3),
        (range(7, 8), FrameStatus.PENDING, 1),
    ]
    assert second.job == job(OTHER, place=2)
    assert not second.frames


def test_frames_that_are_evenly_spaced_are_one_run(store: Store) -> None:
    spec = replace(job().spec, end_frame=201, expression="1-201x5")
    store.save(Changes(jobs=(replace(job(), spec=spec),)))
    store.save(done(1, 6, 11, 16, 30, 31))
    store.close()
    store.open()
    (stored,) = store.load().jobs
    assert stored.job.spec == spec
    assert len(stored.job.spec.frames) == 41
    assert stored.frames == [
        (range(1, 17, 5), FrameStatus.DONE, 0),
        (range(30, 32), FrameStatus.DONE, 0),
    ]


def test_a_deleted_job_takes_its_frames_and_attempts_along(store: Store) -> None:
    store.save(Changes(jobs=(job(), job(OTHER, place=2)), attempts=(ended(1), ended(2, id=OTHER))))
    store.save(done(1, 2))
    store.save(Changes(deleted=(JOB,)))
    assert [stored.job.id for stored in store.load().jobs] == [OTHER]
    assert not store.attempts(JOB)
    assert store.attempts(OTHER) == [ended(2, id=OTHER)]
    store.save(Changes(jobs=(job(),)))
    assert not store.load().jobs[0].frames


def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    store.save(Changes(deleted=(JOB,)))
    assert not store.load().jobs


def test_history_is_limited_to_the_newest(store: Store) -> None:
    store.save(Changes(jobs=(job(),), attempts=tuple(ended(n, frame=n % 2) for n in range(6))))
    assert store.attempts(JOB, limit=2) == [ended(4, frame=0), ended(5, frame=1)]
    assert store.attempts(JOB, frame=0, limit=2) == [ended(2, frame=0), ended(4, frame=0)]
    assert store.attempts(JOB, frame=7) == []


def test_an_attempt_saved_again_keeps_its_place(store: Store) -> None:
    store.save(Changes(jobs=(job(),), attempts=(ended(1), ended(2))))
    corrected = replace(ended(1), error="", blame=None)
    store.save(Changes(attempts=(corrected,)))
    assert store.attempts(JOB) == [corrected, ended(2)]


def test_a_save_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    store.save(Changes(jobs=(job(),)))
    before = store.load()
    orphan = ended(2, id=OTHER)
    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        store.save(
            Changes(
                autostart=True,
                jobs=(replace(job(), reason="changed"),),
                frames={JOB: {1: (FrameStatus.DONE, 0)}},
                attempts=(ended(1), orphan),
            )
        )
    assert store.load() == before
    assert not store.attempts(JOB)
    store.save(done(1))
    assert store.load().jobs[0].frames == [(range(1, 2), FrameStatus.DONE, 0)]


def test_a_number_too_large_for_the_database_is_a_store_error(store: Store) -> None:
    with pytest.raises(StoreError):
        store.save(Changes(jobs=(job(place=2**63),)))
    assert not store.load().jobs


def test_saving_nothing_needs_no_database(tmp_path: Path) -> None:
    Store(sqlite_url(tmp_path)).save(Changes())
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_not_open_says_so(tmp_path: Path) -> None:
    store = Store(sqlite_url(tmp_path))
    with pytest.raises(StoreError, match="not open"):
        store.load()
    store.close()


@pytest.mark.parametrize("name", ["a b", "a?b=c&d", "a#b", "100%25", "ü@:x", "mode=ro", "'\"\\"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    directory.mkdir()
    store = Store(sqlite_url(directory))
    store.open()
    store.save(Changes(jobs=(job(),)))
    store.close()
    assert [file.name for file in directory.iterdir()] == ["farm.db"]


def test_errors_can_be_pickled(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store(sqlite_url(tmp_path / "missing")).open()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)


def test_results_and_pictures_are_read_in_parts(store: Store) -> None:
    finished = replace(ended(3, frame=2), error="", blame=None, picture="/p/0002.png")
    older = replace(ended(2, frame=2), error="", blame=None, picture="/p/old.png")
    store.save(Changes(jobs=(job(), job(OTHER, 2)), attempts=(ended(1), older, finished)))
    store.save(Changes(attempts=(ended(4, id=OTHER),)))
    first = store.results(JOB, 0, 2)
    assert [(one.frame, one.node, one.done) for one in first] == [(1, "n1", False), (2, "n1", True)]
    rest = store.results(JOB, first[-1].number, 2)
    assert [(one.frame, one.seconds) for one in rest] == [(2, 1.0)]
    assert store.results(JOB, rest[-1].number, 2) == []
    assert store.picture(JOB, 2) == "/p/0002.png"
    assert store.picture(JOB, 1) == ""
    assert store.picture(OTHER, 1) == ""
