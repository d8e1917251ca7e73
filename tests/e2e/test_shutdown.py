"""The server is told to end while a job renders, is replaced by a newer version, and starts."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.chaos.case import Case
from tests.chaos.farm import ChaosFarm
from tests.e2e.server import until
from tests.fakes.older_store import make_older

FRAMES = 40
LEASE_S = 60


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosFarm]:
    """A farm of two nodes whose server drains."""
    folder = tmp_path_factory.mktemp("shutdown")
    with ChaosFarm(folder, random.Random(1), nodes=2, lease_s=LEASE_S, drain=90) as running:
        yield running


def begun(case: Case) -> Counter[int]:
    """Return how often each frame was begun."""
    return Counter(each.frame for each in case.begun())


def each_once() -> Counter[int]:
    return Counter(range(1, FRAMES + 1))


def revision(farm: ChaosFarm) -> str:
    with closing(sqlite3.connect(farm.server.work / "farm.db")) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_drained_server_has_begun_nothing_that_it_did_not_finish(farm: ChaosFarm) -> None:
    server = farm.server
    with farm.case("drained and upgraded", frames=FRAMES) as case:
        case.until_rendering()
        case.pace(300.0)
        case.until_all_are_at_a_frame()
        server.terminate()
        until(lambda: "the server is about to end" in server.get("/farm/state")["notice"])
        assert "frames under way, at most 90 s; signal again to end now" in server.said
        waiting = server.submit(case.project, 1, 2)
        assert server.get(f"/job/why/{waiting}")["reason"] == "autostart_off"
        assert "about to end" in server.get(f"/job/why/{case.job}")["why"]
        case.pace(0.1)
        assert server.ended() == 0
        done = {each.frame for each in case.evidence().done}
        assert done == set(begun(case)), "what was begun is done, and saved"
        assert len(done) < FRAMES
        assert not case.left_behind()
        newest = revision(farm)
        make_older(server.work / "farm.db", "0003")
        server.start()
        assert revision(farm) == newest
        assert [job["id"] for job in server.get("/job/info")][-2:] == [case.job, waiting]
    assert begun(case) == each_once()
    server.get(f"/job/delete/{waiting}")


def test_a_second_signal_ends_the_server_at_once(farm: ChaosFarm) -> None:
    server = farm.server
    with farm.case("told to end twice", frames=FRAMES) as case:
        case.until_rendering()
        case.pace(300.0)
        case.until_all_are_at_a_frame()
        said = server.said
        server.terminate()
        until(lambda: "draining:" in server.said.removeprefix(said))
        server.terminate()
        assert server.ended() == 0
        assert "ending now; frames under way go back" in server.said
        assert not case.left_behind()
        case.pace(0.1)
        server.start()
    # The two that were under way began anew.
    assert begun(case).total() == FRAMES + 2


def test_a_server_that_is_killed_and_replaced_within_the_lease_wastes_nothing(
    farm: ChaosFarm,
) -> None:
    server = farm.server
    with farm.case("killed and upgraded", frames=FRAMES) as case:
        case.until_rendering()
        case.pace(20.0)
        case.until_all_are_at_a_frame()
        server.kill_everything()
        make_older(server.work / "farm.db", "0003")
        case.pace(0.1)
        server.start()
    assert begun(case) == each_once()


def test_a_server_whose_database_was_damaged_says_what_it_restored(farm: ChaosFarm) -> None:
    server = farm.server
    waiting = server.submit(farm.base / "waiting.blend", 1, 2)
    assert server.stop() == 0
    database = server.work / "farm.db"
    for log in server.work.glob("farm.db-*"):
        log.unlink()
    database.write_bytes(database.read_bytes()[:-20_000])
    server.start()
    assert "rcontrol: the database was damaged (kept as" in server.said
    assert "ERROR farm.restored" in server.log
    assert server.get(f"/job/info/{waiting}")["status"] == "Waiting"
