import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rcontrol
from tests.fakes.need import need
from tests.sessions.node import NODES, LocalNode, alive, until


@pytest.fixture(params=NODES)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalNode]:
    made = LocalNode(request.param, tmp_path)
    yield made
    made.end("except")


def printed(node: LocalNode, text: bytes, session: str = "s1") -> None:
    output = node.folder(session) / "output"
    until(lambda: output.exists() and text in output.read_bytes(), f"{text!r} never came")


@contextmanager
def stopped(supervisor: int) -> Iterator[None]:
    """Keep a supervisor from noticing what happens; thawed, it ends with its session."""
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)
    until(lambda: not alive(supervisor), "the supervisor stays")


def test_a_session_runs_in_a_group_of_its_own_and_is_told_how_it_ended(node: LocalNode) -> None:
    argv = ["a b", "$(exit 3)", "'\"\\", "", "ä\n", "*"]
    program = (
        'for a in "$@"; do printf "[%s]" "$a"; done; read -r line; printf "<%s>\\n" "$line"; exit 7'
    )
    assert node.start("sh", "-c", program, "sh", *argv).returncode == 0
    group = node.group()
    assert os.getpgid(group) == group
    assert node.folder().stat().st_mode & 0o777 == 0o700
    follower = node.attach()
    follower.order("an order \\n")
    follower.read(lambda: b"@ 7\n" in follower.output, "no end line")
    expected = "".join(f"[{each}]" for each in argv).encode() + b"<an order \\n>\n"
    assert follower.output == expected + b"\n@session-s1@ 7\n"
    assert (node.folder() / "status").read_text() == "7\n"
    follower.detach()
    assert node.end("only", "s1") == ["ended s1"]
    assert not node.base.exists()


def test_start_returns_without_holding_the_channel(node: LocalNode) -> None:
    # capture_output reads to the end of both pipes: anything left holding them would block it.
    began = time.monotonic()
    node.start("sleep", "1000")
    assert time.monotonic() - began < 10


def test_the_renderer_keeps_the_users_umask_and_nice(node: LocalNode) -> None:
    node.start("sh", "-c", "umask; nice", low="low")
    printed(node, b"@session-")
    mask, niceness = (node.folder() / "output").read_text().split()[:2]
    assert int(mask, 8) == int(subprocess.check_output(["sh", "-c", "umask"], text=True), 8)
    assert int(niceness) == os.nice(0) + 10


def test_what_a_renderer_leaves_in_its_temporary_folder_ends_with_the_session(
    node: LocalNode,
) -> None:
    node.start("sh", "-c", 'touch "$TMPDIR/left" && echo "@$TMPDIR@"; exec sleep 1000')
    printed(node, b"@")
    assert (node.folder() / "tmp" / "left").exists()
    assert f"@{node.folder()}/tmp@" in (node.folder() / "output").read_text()
    assert node.end("only", "s1") == ["ended s1"]
    assert not node.base.exists()


def test_a_missing_executable_is_status_127(node: LocalNode) -> None:
    node.start("/no/such/blender")
    printed(node, b"@session-s1@ 127")
    assert b"/no/such/blender" in (node.folder() / "output").read_bytes()


def test_a_signal_is_128_and_its_number(node: LocalNode) -> None:
    node.start("sleep", "1000")
    os.kill(node.group(), signal.SIGSEGV)
    printed(node, b"@session-s1@ 139")


def test_a_suspended_renderer_is_no_ended_one(node: LocalNode) -> None:
    node.start("sleep", "1000")
    os.kill(node.group(), signal.SIGSTOP)
    until(lambda: "T" in Path(f"/proc/{node.group()}/stat").read_text(), "not suspended")
    assert not (node.folder() / "status").exists()
    group = node.group()
    assert node.end("only", "s1") == ["ended s1"]
    assert not alive(group)


def test_what_a_renderer_leaves_behind_ends_with_it(node: LocalNode) -> None:
    node.start("sh", "-c", "trap '' TERM; sleep 1000 & echo child $!; exit 5")
    printed(node, b"@session-s1@ 5")
    child = int((node.folder() / "output").read_text().split()[1])
    assert not alive(child)
    assert (node.folder() / "status").read_text() == "5\n"


def test_the_lease_ends_a_renderer_that_ignores_term_and_forks(node: LocalNode) -> None:
    program = "trap '' TERM; sleep 1000 & echo $!; sleep 1000 & echo $!; echo .; wait"
    node.start("sh", "-c", program, lease_s=2)
    printed(node, b".")
    pids = [node.group(), *map(int, (node.folder() / "output").read_text().split()[:2])]
    assert all(map(alive, pids))
    until(lambda: not any(map(alive, pids)), "the renderer outlived its lease")
    until(lambda: not node.base.exists(), "the folder was left")


def test_signs_of_life_keep_a_session(node: LocalNode) -> None:
    node.start("sleep", "1000", lease_s=3)
    group = node.group()
    follower = node.attach()
    began = time.monotonic()

    def beat() -> bool:
        follower.send("")
        return time.monotonic() - began > 6

    until(beat, "")
    assert alive(group)
    follower.detach()
    until(lambda: not alive(group), "the lease did not end it")


def test_without_its_supervisor_a_renderer_ends(node: LocalNode) -> None:
    node.start("sleep", "1000")
    group = node.group()
    os.kill(node.supervisor(), signal.SIGKILL)
    printed(node, b"@session-s1@ 137")
    assert not alive(group)
    assert node.end("only", "s1") == ["ended s1"]


def test_cut_and_attached_again_every_byte_comes_once(node: LocalNode) -> None:
    node.start("sh", "-c", "i=0; while read line; do i=$((i+1)); echo $i-$line; done")
    output = b""
    for turn in range(4):
        follower = node.attach(len(output), owner=f"1.{turn}")
        for each in range(5):
            follower.order(f"{turn}.{each}")
        follower.read(lambda f=follower, t=turn: f"{t}.4\n".encode() in f.output, "lost")  # type: ignore[misc]
        output += follower.output
        # In mid-order, as when a cable is cut.
        assert follower.process.stdin
        follower.process.stdin.write(b">{}\thalf an ord")
        follower.detach()
    expected = "".join(
        f"{5 * turn + each + 1}-{turn}.{each}\n" for turn in range(4) for each in range(5)
    )
    assert output == expected.encode()
    assert output == (node.folder() / "output").read_bytes()


def test_the_newest_attachment_wins(node: LocalNode) -> None:
    node.start("cat")
    old = node.attach(owner="1.old")
    old.order("one")
    old.read(lambda: b"one\n" in old.output, "no echo")
    new = node.attach(owner="1.new")
    new.order("two")
    new.read(lambda: b"two\n" in new.output, "no echo")
    old.order("three")
    old.read(lambda: b"newer owner" in old.errors, "the old one went on")
    assert old.process.wait(10) == 4
    new.order("four")
    new.read(lambda: b"four\n" in new.output, "no echo")
    assert new.output == b"one\ntwo\nfour\n"
    new.detach()


def test_attaching_to_nothing_says_so(node: LocalNode) -> None:
    follower = node.attach()
    follower.read(lambda: b"has ended" in follower.errors, "no words")
    node.start("sleep", "1000")
    follower = node.attach(session="s2")
    follower.read(lambda: b"has ended" in follower.errors, "no words")


@pytest.mark.parametrize("how", ["link", "file", "foreign"])
def test_a_base_that_is_not_ours_is_refused(node: LocalNode, how: str, tmp_path: Path) -> None:
    if how == "link":
        (tmp_path / "elsewhere").mkdir()
        node.base.symlink_to(tmp_path / "elsewhere")
    elif how == "file":
        node.base.touch()
    else:
        need("only root can give a folder away" if os.getuid() else None)
        node.base.mkdir()
        os.chown(node.base, 12345, 12345)
    done = node.start("sleep", "1000")
    assert done.returncode == 1
    assert "must be a directory owned" in done.stderr
    assert node.end("except") == []
    assert not (tmp_path / "elsewhere" / "farm").exists()


def test_the_nodes_own_words_when_there_is_no_folder_to_be_made(node: LocalNode) -> None:
    node.tmp.rmdir()
    done = node.start("sleep", "1000")
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr


def test_all_but_the_named_ones_are_ended(node: LocalNode) -> None:
    for session in ("s1", "s2", "s3"):
        node.start("sleep", "1000", session=session)
    groups = {session: node.group(session) for session in ("s1", "s2", "s3")}
    assert sorted(node.end("except", "s2")) == ["ended s1", "ended s3"]
    assert [alive(groups[session]) for session in groups] == [False, True, False]
    assert node.end("only", "s2") == ["ended s2"]
    assert not alive(groups["s2"])
    assert not node.base.exists()


def test_ending_while_it_starts_leaves_nothing(node: LocalNode) -> None:
    for turn in range(10):
        session = f"s{turn}"
        node.start("sh", "-c", "echo $$; sleep 1000", session=session)
        output = node.folder(session) / "output"
        kept = output.open("rb")
        assert node.end("only", session) == [f"ended {session}"]
        pids = [int(word) for word in kept.read().split() if word.isdigit()]
        kept.close()
        assert not any(map(alive, pids))
        assert not node.folder(session).exists()


def test_half_made_folders_are_ended(node: LocalNode) -> None:
    node.folder("s1").mkdir(parents=True)
    node.folder("s2").mkdir()
    os.mkfifo(node.folder("s2") / "orders")
    assert sorted(node.end("except")) == ["ended s1", "ended s2"]
    assert not node.base.exists()


@pytest.mark.parametrize("how", ["boot", "birth"])
def test_someone_elses_process_with_our_id_is_left_alone(node: LocalNode, how: str) -> None:
    node.start("sleep", "1000")
    group = node.group()
    with stopped(node.supervisor()):
        pid = node.folder() / "pid"
        leader, boot, birth = pid.read_text().split()
        facts = (leader, "another-boot", birth) if how == "boot" else (leader, boot, "1")
        pid.write_text(" ".join(facts) + "\n")
        assert node.end("only", "s1") == ["ended s1"]
        assert alive(group)
        os.killpg(group, signal.SIGKILL)


def test_orphans_of_a_dead_supervisor_are_ended(node: LocalNode) -> None:
    node.start("sh", "-c", "sleep 1000 & echo $!; wait")
    printed(node, b"\n")
    child = int((node.folder() / "output").read_text())
    # The leader goes while nobody is there to notice, its child stays.
    with stopped(node.supervisor()):
        os.kill(node.group(), signal.SIGKILL)
        assert alive(child)
        assert node.end("only", "s1") == ["ended s1"]
        assert not alive(child)


SCRIPTS = sorted((Path(rcontrol.__file__).parent).rglob("*.sh"))
NOT_EVERYWHERE = (
    *(r"\[\[", r"\blocal ", r"\$'", r"<<<", r"\bsource "),
    *(
        r" --[a-z]",
        r"(?<!/)\bstat ",
        r"\breadlink\b",
        r"\brealpath\b",
        r"\bmktemp\b",
        r"\btimeout\b",
    ),
    *(r"\bseq ", r"\btac\b", r"\bstdbuf\b", r"\bflock\b", r"\bpkill\b", r"\bpgrep\b", r"\bpidof\b"),
    *(r"\bsed -[iErz]", r"\bgrep -[oPz]", r"\bdate -[dI]", r"%N", r"\bcp -[adu]", r"\bxargs\b"),
    *(r"-printf\b", r"-delete\b", r"\bhead -c", r"\bsleep [a-z]", r"\bsort -[Vz]", r"\bdf -[BTh]"),
)
"""What macOS's own programs, or its sh, do not have, or do otherwise than GNU's."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_use_only_what_every_node_has(script: Path) -> None:
    lines = [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]
    for line in lines:
        for unusual in NOT_EVERYWHERE:
            assert not re.search(unusual, line), line
    text = "\n".join(lines)
    if "setsid" in text:
        assert "command -v setsid" in text
