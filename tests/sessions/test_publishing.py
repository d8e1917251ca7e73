"""How files get to their places, in the shells that nodes have."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rcontrol.sessions import wire
from tests.fakes.renderer import png
from tests.sessions.node import NODES, Follower, LocalNode, alive, until

WHOLE = png()


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalNode]:
    made = LocalNode(request.param, tmp_path)
    assert made.start("sleep", "1000").returncode == 0
    made.group()
    yield made
    made.end("except")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def hidden(attempt: str, frame: int = 4) -> str:
    return wire.hidden_folder("job", frame, attempt)


def make(out: Path, attempt: str, files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Make the files of frame 4; return (where it is, where it belongs) of each."""
    pairs = []
    for name, content in files.items():
        made = out / hidden(attempt) / name
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(content)
        pairs.append((str(made), str(out / name)))
    return pairs


def publish(
    follower: Follower, attempt: str, pairs: Sequence[tuple[str, str]], token: str = "p0"
) -> str:
    """Have an attempt's files published and return the answer."""
    answered = len(follower.errors)
    follower.send(wire.publication(token, hidden(attempt), pairs).decode("ascii").rstrip("\n"))
    follower.read(lambda: follower.errors[answered:].endswith(b"\n"), "no answer")
    said, _, words = follower.errors[answered:].decode("utf-8", "replace").strip().partition(" ")
    assert said == token
    return words


def test_whole_files_appear_in_their_places_and_nothing_else_is_left(
    node: LocalNode, out: Path
) -> None:
    names = ["f_0004.png", "a b\n$(x);'q'*ö\udcff.png", "below/deeper/f_0004.png"]
    pairs = make(out, "2-7", dict.fromkeys(names, WHOLE))
    (out / "f_0004.png").write_bytes(b"of an earlier try")
    follower = node.attach()
    assert publish(follower, "2-7", pairs) == "ok"
    follower.detach()
    assert all((out / name).read_bytes() == WHOLE for name in names)
    assert sorted(os.listdir(out)) == sorted(["below", *names[:2]])  # noqa: PTH208


@pytest.mark.parametrize(
    ("second", "words"),
    [(WHOLE[:-4], "2 is incomplete: no end of PNG"), (b"", "2 is empty"), (None, "2 is missing")],
)
def test_unless_all_are_whole_none_is_published(
    node: LocalNode, out: Path, second: bytes | None, words: str
) -> None:
    pairs = make(out, "2-7", {"l.png": WHOLE, "r.png": second or b""})
    if second is None:
        Path(pairs[1][0]).unlink()
    follower = node.attach()
    assert publish(follower, "2-7", pairs) == words
    follower.detach()
    assert not (out / "l.png").exists()
    assert not (out / "r.png").exists()


def test_asked_for_again_it_goes_on_where_it_was(node: LocalNode, out: Path) -> None:
    files = {"l.png": WHOLE, "r.png": WHOLE}
    pairs = make(out, "2-7", files)
    follower = node.attach()
    assert publish(follower, "2-7", pairs) == "ok"
    assert publish(follower, "2-7", pairs, "p1") == "ok"
    make(out, "2-7", {"r.png": WHOLE})
    (out / "r.png").unlink()
    assert publish(follower, "2-7", pairs, "p2") == "ok"
    assert (out / "r.png").read_bytes() == WHOLE
    (out / "l.png").unlink()
    assert publish(follower, "2-7", pairs, "p3") == "1 is missing"
    follower.detach()


def test_another_attempts_files_are_not_taken_for_ones_own(node: LocalNode, out: Path) -> None:
    """A file that is in its place was put there by whoever published; not by this one."""
    out.mkdir()
    (out / "f.png").write_bytes(WHOLE)
    follower = node.attach()
    pairs = [(str(out / hidden("2-7") / "f.png"), str(out / "f.png"))]
    assert publish(follower, "2-7", pairs) == "1 is missing"
    follower.detach()


@pytest.mark.parametrize("newer", ["2-10", "3-1", "10-2"])
def test_where_there_is_a_newer_attempt_an_older_one_publishes_nothing(
    node: LocalNode, out: Path, newer: str
) -> None:
    pairs = make(out, "2-7", {"f.png": WHOLE})
    make(out, newer, {})
    (out / hidden(newer)).mkdir(parents=True)
    follower = node.attach()
    assert publish(follower, "2-7", pairs) == "1 belongs to a newer attempt by now"
    follower.detach()
    assert not (out / "f.png").exists()
    assert (out / hidden(newer)).is_dir()


def test_the_newest_attempt_takes_away_what_older_ones_could_publish(
    node: LocalNode, out: Path
) -> None:
    old = make(out, "2-7", {"f.png": WHOLE, "below/g.png": WHOLE})
    other_frame = out / hidden("2-8", frame=41)
    other_frame.mkdir()
    follower = node.attach()
    assert publish(follower, "10-1", make(out, "10-1", {"f.png": png(9, 9)})) == "ok"
    assert publish(follower, "2-7", old, "p1") == "1 is missing"
    follower.detach()
    assert (out / "f.png").read_bytes() == png(9, 9)
    assert not (out / hidden("2-7")).exists()
    assert other_frame.is_dir()


def test_a_folder_in_the_way_is_told(node: LocalNode, out: Path) -> None:
    pairs = make(out, "2-7", {"f.png": WHOLE})
    (out / "f.png").mkdir()
    follower = node.attach()
    assert publish(follower, "2-7", pairs) == "1 cannot be put in its place: there is a folder"
    follower.detach()
    assert not list((out / "f.png").iterdir())


def test_a_file_on_another_disk_below_appears_whole(node: LocalNode, out: Path) -> None:
    elsewhere = Path("/dev/shm") / f"rcontrol-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        pairs = make(out, "2-7", {"below/f.png": WHOLE})
        (out / "below").symlink_to(elsewhere)
        follower = node.attach()
        assert publish(follower, "2-7", pairs) == "ok"
        follower.detach()
        assert [path.name for path in elsewhere.iterdir()] == ["f.png"]
    finally:
        shutil.rmtree(elsewhere)


def test_a_session_that_ends_takes_its_hidden_folders_with_it(node: LocalNode, out: Path) -> None:
    make(out, "2-7", {"ö f.png": WHOLE})
    kept = make(out, "2-9", {"f.png": WHOLE})
    (node.folder() / "hidden").write_bytes(
        wire.publication("", hidden("2-7"), [(str(out / hidden("2-7")), "/")]).split()[2]
        + b"\n"
        + str(out).encode()
        + b"\n/no/such/.rcontrol-job/1.1-1\n"
    )
    renderer = node.group()
    assert node.end("only", "s1") == ["ended s1"]
    until(lambda: not alive(renderer), "the renderer lives")
    assert not (out / hidden("2-7")).exists()
    assert Path(kept[0][0]).exists()
