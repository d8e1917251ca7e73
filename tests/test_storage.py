import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from rcontrol.errors import StorageError
from rcontrol.storage import Storage, StorageEntry

SECRET_SIZE = 4321


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base directory beside a folder and a sibling that must never be seen."""
    base = tmp_path / "data"
    for folder in (base / "shots" / "old", tmp_path / "outside", tmp_path / "data2"):
        folder.mkdir(parents=True)
    (base / "shots" / "robots.blend").write_bytes(b"12345")
    (base / "shots" / "README").write_bytes(b"")
    for folder in (tmp_path / "outside", tmp_path / "data2"):
        (folder / "secret.blend").write_bytes(b"s" * SECRET_SIZE)
    return base


@pytest.fixture
def storage(base: Path) -> Storage:
    return Storage(base)


def _types(storage: Storage, path: str = "") -> dict[str, str]:
    return {entry.name: entry.type for entry in storage.list(path).contents}


@pytest.mark.parametrize("path", ["", "/", "//", ".", "./", "shots/..", "{base}", "{base}/"])
def test_the_base_directory(storage: Storage, base: Path, path: str) -> None:
    listing = storage.list(path.format(base=base))
    assert listing.current == str(base)
    assert [(entry.name, entry.type) for entry in listing.contents] == [("shots", "d")]


@pytest.mark.parametrize(
    "path",
    ["shots", "shots/", "./shots", "shots//", "shots/old/..", "{base}/shots", "/{base}//shots/."],
)
def test_a_folder_below_it(storage: Storage, base: Path, path: str) -> None:
    listing = storage.list(path.format(base=base))
    assert listing.current == f"{base}/shots"
    assert [entry.path for entry in listing.contents] == [
        f"{base}/shots/README",
        f"{base}/shots/old",
        f"{base}/shots/robots.blend",
    ]


def test_what_is_told_of_a_file(storage: Storage, base: Path) -> None:
    file = base / "shots" / "robots.blend"
    os.utime(file, (1.5, 2.5))
    assert storage.list("shots").contents[2] == StorageEntry(
        "robots.blend", str(file), "f", 5, 1.5, 2.5, file.stat().st_ctime, ".blend"
    )


@pytest.mark.parametrize(
    ("name", "ext"),
    [("a.blend", ".blend"), ("a.tar.gz", ".gz"), ("a", ""), (".hidden", ""), ("a.", ".")],
)
def test_extensions(storage: Storage, base: Path, name: str, ext: str) -> None:
    (base / "shots" / "old" / name).touch()
    (base / "shots" / "old" / "folder.blend").mkdir()
    exts = {entry.name: entry.ext for entry in storage.list("shots/old").contents}
    assert exts == {name: ext, "folder.blend": ""}


OUTSIDE = [
    "..",
    "../data2",
    "../outside",
    "shots/../..",
    "shots/../../outside",
    "{base}2",
    "{base}/..",
    "{base}/../data2",
    "{base}/../outside/secret.blend",
    "/etc",
    "//etc",
    "///etc/../etc",
    "/shots",
    "out",
    "out/",
    "out/missing",
    "out/secret.blend",
    "shots/loop/out",
    "up",
    "up/outside",
    "chain",
    "root/etc",
]


@pytest.fixture
def _links(base: Path, tmp_path: Path) -> None:
    (base / "out").symlink_to(tmp_path / "outside")
    (base / "up").symlink_to("..")
    (base / "chain").symlink_to("shots/next")
    (base / "shots" / "next").symlink_to("../out")
    (base / "shots" / "loop").symlink_to("..")
    (base / "root").symlink_to("/")


@pytest.mark.usefixtures("_links")
@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("ask", [Storage.list, Storage.resolve, Storage.resolve_file])
def test_nothing_outside(
    storage: Storage, base: Path, path: str, ask: Callable[[Storage, str], object]
) -> None:
    asked = path.format(base=base)
    with pytest.raises(StorageError) as caught:
        ask(storage, asked)
    assert caught.value.path == asked
    assert caught.value.problem == "lies outside the base directory"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a\0b", "holds a NUL character"),
        ("/\0", "holds a NUL character"),
        ("caf\udce9", "is not valid Unicode"),
        ("\ud800", "is not valid Unicode"),
    ],
)
@pytest.mark.parametrize("ask", [Storage.list, Storage.resolve, Storage.resolve_file])
def test_what_no_path_holds(
    storage: Storage, path: str, problem: str, ask: Callable[[Storage, str], object]
) -> None:
    with pytest.raises(StorageError) as caught:
        ask(storage, path)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("path", "problem", "cause"),
    [
        ("missing", "does not exist", FileNotFoundError),
        ("%2e%2e/outside", "does not exist", FileNotFoundError),
        ("..\\outside", "does not exist", FileNotFoundError),
        ("~", "does not exist", FileNotFoundError),
        ("shots/robots.blend", "is not a folder", NotADirectoryError),
        ("shots/robots.blend/x", "is not a folder", NotADirectoryError),
        ("x" * 300, "cannot be read: File name too long", OSError),
        ("x/" * 5000, "does not exist", FileNotFoundError),
    ],
)
def test_what_cannot_be_listed(
    storage: Storage, path: str, problem: str, cause: type[OSError]
) -> None:
    with pytest.raises(StorageError) as caught:
        storage.list(path)
    assert caught.value.problem == problem
    assert isinstance(caught.value.__cause__, cause)


@pytest.mark.usefixtures("_links")
def test_symlinks(storage: Storage, base: Path) -> None:
    (base / "inside").symlink_to("shots/old")
    (base / "file.lnk").symlink_to(base / "shots" / "robots.blend")
    (base / "twice").symlink_to("file.lnk")
    (base / "dangling").symlink_to("nowhere")
    (base / "secret").symlink_to("../outside/secret.blend")
    (base / "circle").symlink_to("circle")
    (base / "self").symlink_to(".")
    assert _types(storage) == {
        "chain": "l",
        "circle": "l",
        "dangling": "l",
        "file.lnk": "f",
        "inside": "d",
        "out": "l",
        "root": "l",
        "secret": "l",
        "self": "d",
        "shots": "d",
        "twice": "f",
        "up": "l",
    }
    sizes = {entry.name: entry.size for entry in storage.list("").contents}
    assert sizes["twice"] == 5
    assert sizes["secret"] != SECRET_SIZE


def test_a_folder_behind_a_symlink_keeps_its_name(storage: Storage, base: Path) -> None:
    (base / "current").symlink_to("shots")
    listing = storage.list("current")
    assert listing.current == f"{base}/current"
    assert listing.contents[2].path == f"{base}/current/robots.blend"


def test_a_base_directory_that_is_a_symlink(base: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(base)
    storage = Storage(link)
    assert storage.list("shots").current == f"{link}/shots"
    assert storage.resolve_file("shots/robots.blend") == f"{link}/shots/robots.blend"
    with pytest.raises(StorageError, match="outside"):
        storage.list(str(base))


def test_everything_else_has_no_type(storage: Storage, base: Path) -> None:
    os.mkfifo(base / "fifo")
    (base / "to fifo").symlink_to("fifo")
    with socket.socket(socket.AF_UNIX) as unix, tempfile.TemporaryDirectory() as short:
        unix.bind(f"{short}/socket")
        Path(short, "socket").rename(base / "socket")
        assert _types(storage) == {"fifo": "", "shots": "d", "socket": "", "to fifo": ""}


def test_names_that_are_not_utf8(storage: Storage, base: Path) -> None:
    Path(os.fsdecode(os.fsencode(base) + b"/caf\xe9.blend")).touch()
    (base / "été.blend").touch()
    entries = storage.list("").contents
    assert [(entry.name, entry.type, entry.ext) for entry in entries] == [
        ("caf\\xe9.blend", "", ""),
        ("shots", "d", ""),
        ("été.blend", "f", ".blend"),
    ]
    json.dumps([asdict(entry) for entry in entries], ensure_ascii=False).encode()


@pytest.fixture
def private() -> Iterator[Path]:
    """A base directory whose folders `closed` and `blind` deny reading and searching."""
    base = Path(tempfile.mkdtemp())
    base.chmod(0o755)
    for name, mode in (("closed", 0o311), ("blind", 0o444)):
        (base / name / "folder").mkdir(parents=True)
        (base / name / "file").touch()
        (base / name).chmod(mode)
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    yield base
    os.seteuid(me)
    for folder in base.iterdir():
        folder.chmod(0o755)
    rmtree(base)


def test_folders_without_permission(private: Path) -> None:
    storage = Storage(private)
    assert _types(storage) == {"blind": "d", "closed": "d"}
    for folder in ("blind", "closed"):
        with pytest.raises(StorageError, match="cannot be read: Permission denied"):
            storage.list(folder)
    assert _types(storage, "closed/folder") == {}


def test_without_a_base_directory() -> None:
    storage = Storage(None)
    with pytest.raises(StorageError, match="no fileserver_base_dir is configured"):
        storage.list("/")
    assert storage.resolve_file("/srv//shots/../a.blend") == "/srv/a.blend"
    with pytest.raises(StorageError, match="is not absolute, and no fileserver_base_dir"):
        storage.resolve_file("a.blend")


def test_the_root_as_base_directory(base: Path) -> None:
    storage = Storage(Path("/"))
    assert storage.list(f"{base}/shots").current == f"{base}/shots"
    assert "usr" in _types(storage)
    assert storage.resolve_file("srv/a.blend") == "/srv/a.blend"


@pytest.mark.parametrize(
    "path", ["shots/new.blend", "{base}/shots/./new.blend", "x/../shots/new.blend"]
)
def test_a_project_file(storage: Storage, base: Path, path: str) -> None:
    assert storage.resolve_file(path.format(base=base)) == f"{base}/shots/new.blend"


@pytest.mark.parametrize("path", ["", "/", ".", "{base}"])
def test_a_project_file_is_no_base_directory(storage: Storage, base: Path, path: str) -> None:
    assert storage.resolve(path.format(base=base)) == str(base)
    with pytest.raises(StorageError, match="is a folder, not a file"):
        storage.resolve_file(path.format(base=base))


def test_a_storage_that_only_nodes_mount() -> None:
    storage = Storage(Path("/nowhere/data"))
    assert storage.resolve_file("shots/a.blend") == "/nowhere/data/shots/a.blend"
    assert storage.resolve_file("/nowhere/data/a.blend") == "/nowhere/data/a.blend"
    for path in ("../a.blend", "/nowhere/data2/a.blend", "/a.blend"):
        with pytest.raises(StorageError, match="lies outside the base directory"):
            storage.resolve_file(path)
    with pytest.raises(StorageError, match="does not exist"):
        storage.list("/")


@pytest.fixture
def _swappable(base: Path, tmp_path: Path) -> None:
    """Give `moved`, `moved/inner` and `real.blend` namesakes outside, and symlinks to them."""
    for folder in (base / "moved", tmp_path / "outside"):
        (folder / "inner").mkdir(parents=True)
    (tmp_path / "outside" / "inner" / "secret.blend").write_bytes(b"s" * SECRET_SIZE)
    (base / "real.blend").touch()
    (base / "link").symlink_to("real.blend")
    (base / "door").symlink_to("moved")


def _lead_out(base: Path) -> None:
    (base / "moved").rename(base / "aside")
    (base / "moved").symlink_to("../outside")
    (base / "real.blend").unlink()
    (base / "real.blend").symlink_to("../outside/secret.blend")


def _lead_in(base: Path) -> None:
    (base / "moved").unlink()
    (base / "aside").rename(base / "moved")
    (base / "real.blend").unlink()
    (base / "real.blend").touch()


def _assert_nothing_seen(storage: Storage, path: str) -> None:
    with suppress(StorageError):
        listing = storage.list(path)
        assert "secret.blend" not in {entry.name for entry in listing.contents}
        assert SECRET_SIZE not in {entry.size for entry in listing.contents}


@pytest.mark.usefixtures("_swappable")
@pytest.mark.parametrize("path", ["", "moved", "moved/inner", "door", "door/inner"])
@pytest.mark.parametrize("call", ["open", "stat"])
@pytest.mark.parametrize("count", range(8))
def test_a_swap_between_two_steps_shows_nothing(
    storage: Storage, base: Path, monkeypatch: pytest.MonkeyPatch, path: str, call: str, count: int
) -> None:
    calls = iter(range(1000))
    step = getattr(os, call)

    def swap_first(*args: Any, **options: Any) -> Any:
        if next(calls) == count:
            _lead_out(base)
        return step(*args, **options)

    monkeypatch.setattr(os, call, swap_first)
    _assert_nothing_seen(storage, path)


@pytest.mark.usefixtures("_swappable")
def test_swaps_at_any_time_show_nothing(storage: Storage, base: Path) -> None:
    over = Event()

    def swap() -> None:
        while not over.is_set():
            _lead_out(base)
            _lead_in(base)

    thread = Thread(target=swap)
    thread.start()
    try:
        deadline = monotonic() + 1.0
        while monotonic() < deadline:
            for path in ("", "moved", "moved/inner", "door", "door/inner"):
                _assert_nothing_seen(storage, path)
    finally:
        over.set()
        thread.join()
