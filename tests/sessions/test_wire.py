import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcontrol.sessions import wire


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("hex1", "hex1"),
        ("10.0.0.1", "10.0.0.1"),
        ("me@host:22", "me_40host_3a22"),
        ("a_b", "a_5fb"),
        ("..", "_2e."),
        (".hidden", "_2ehidden"),
        ("ä/b", "_c3_a4_2fb"),
    ],
)
def test_names_become_folders(name: str, folder: str) -> None:
    assert wire.folder_name(name) == folder


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_names_have_different_folders(one: str, other: str) -> None:
    assert (wire.folder_name(one) == wire.folder_name(other)) == (one == other)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_any_path_survives_the_shell(shell: str) -> None:
    paths = ["/a b", "/a\nb\n\n", "/%s\\0101", "/ä", "/\udcff", "/'\"$(x)`", "/-n", "/\t\r\x01"]
    for path in paths:
        encoded = wire.inspection("t", path).split(b" ", 1)[1].rstrip(b"\n")
        decoded = subprocess.check_output([shell, "-c", 'printf %b "$1"', "sh", encoded])
        assert decoded == path.encode("utf-8", "surrogateescape")
        assert wire.inspection("t", path).count(b"\n") == 1


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_lines_are_the_same_however_they_arrive(pieces: list[bytes], size: int) -> None:
    whole = b"\n".join(pieces)
    splitter = wire.LineSplitter()
    lines = [
        line
        for start in range(0, len(whole), size)
        for line in splitter.split(whole[start : start + size])
    ]
    complete = whole.replace(b"\r", b"\n").split(b"\n")[:-1]
    assert lines == [piece.decode("utf-8", "replace") for piece in complete if piece]


def test_the_rest_of_a_long_line_is_dropped() -> None:
    splitter = wire.LineSplitter()
    lines: list[str] = []
    for _ in range(5):
        lines += splitter.split(b"x" * 30000)
    lines += splitter.split(b"yz\nnext\n")
    assert lines == ["x" * wire.LONGEST_LINE, "next"]
