"""The shared storage: what may be seen of it, and which paths jobs may name.

Nothing outside the base directory is ever listed or named by a job, however it is asked for.
Paths are first judged as text, then by what their symlinks lead to. A listing is read through
directory handles that were opened one component at a time without following symlinks, so that
whatever is swapped in between cannot lead out.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from rcontrol.errors import StorageError

EntryType = Literal["d", "f", "l", ""]
"""Folder; file; symlink that leads nowhere or out of the base directory; anything else."""

_READ: Final = os.O_RDONLY | os.O_DIRECTORY
_PASS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
"""Opens a folder to go on from; where the system has O_PATH, that needs no right to read it."""
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
"""Opens a file without waiting, whatever it is."""
_OUTSIDE: Final = "lies outside the base directory"


@dataclass(frozen=True, slots=True)
class StorageEntry:
    """One name in a folder."""

    name: str
    """Of a name that is not UTF-8 the odd bytes are shown as `\\xNN`; its type is "", since no
    request can name it."""
    path: str
    """Absolute."""
    type: EntryType
    """A symlink that stays inside the base directory is what it leads to."""
    size: int = 0
    """Bytes."""
    atime: float = 0.0
    """Unix seconds, as are the others; 0.0 when unknown."""
    mtime: float = 0.0
    ctime: float = 0.0
    ext: str = ""
    """Of files: the extension with its dot, or empty."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds."""

    current: str
    """Absolute path of the folder, below the base directory as it is configured."""
    contents: tuple[StorageEntry, ...]
    """Sorted by name."""


class Storage:
    """The part of the file system below a base directory, as nodes and controller share it.

    Stateless: any thread may call it. It blocks as long as the file system does.
    """

    def __init__(self, base: Path | None) -> None:
        self._base = None if base is None else os.path.normpath(base.absolute())

    def list(self, path: str) -> Listing:
        """List a folder, given absolute or relative to the base directory ("/" and "": itself).

        Raises:
            StorageError: it lies outside, or cannot be read; `__cause__` is then the OSError.
        """
        if self._base is None:
            raise StorageError(path, "cannot be listed: no fileserver_base_dir is configured")
        folder = _normal(path, self._base)
        try:
            tree = _Tree(self._base)
            parts = tree.parts(folder)
            if parts is None:
                raise StorageError(path, _OUTSIDE)
            with tree.folder(parts) as handle:
                entries = [_entry(tree, parts, handle, folder, name) for name in _names_in(handle)]
        except OSError as error:
            raise StorageError(path, _problem(error)) from error
        found = sorted((entry for entry in entries if entry), key=lambda entry: entry.name)
        return Listing(folder, tuple(found))

    @contextmanager
    def file(self, path: str) -> Iterator[int]:
        """Open a regular file to read and give its descriptor.

        Raises:
            StorageError: it lies outside, or cannot be opened; `__cause__` is then the OSError.
        """
        if self._base is None:
            raise StorageError(path, "cannot be read: no fileserver_base_dir is configured")
        file = _normal(path, self._base)
        try:
            tree = _Tree(self._base)
            parts = tree.parts(file)
            if parts is None:
                raise StorageError(path, _OUTSIDE)
            with tree.folder(parts[:-1]) as folder:
                handle = os.open(parts[-1] if parts else ".", _FILE, dir_fd=folder)
        except OSError as error:
            raise StorageError(path, _problem(error)) from error
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StorageError(path, "is not a file")
            yield handle
        finally:
            os.close(handle)

    def resolve(self, path: str) -> str:
        """Return the normalised absolute path of what a job names, at or below the base directory.

        It need not exist here: the storage may be mounted on the nodes alone. Without a base
        directory any absolute path will do.

        Raises:
            StorageError: it lies outside.
        """
        if self._base is None and not path.startswith("/"):
            raise StorageError(path, "is not absolute, and no fileserver_base_dir is configured")
        base = self._base or "/"
        normal = _normal(path, base)
        if _Tree(base).parts(normal) is None:
            raise StorageError(path, _OUTSIDE)
        return normal

    def resolve_file(self, path: str) -> str:
        """Return the same of a job's project file. Raises StorageError for the base directory."""
        file = self.resolve(path)
        if file == (self._base or "/"):
            raise StorageError(path, "is a folder, not a file")
        return file


class _Tree:
    """The base directory with all symlinks resolved."""

    def __init__(self, base: str) -> None:
        self._root = os.path.realpath(base)

    def parts(self, path: str) -> Sequence[str] | None:
        """Return the names that lead from the root to where `path` leads; None: it leads out."""
        real = os.path.realpath(path)
        if not _is_below(real, self._root):
            return None
        return [part for part in real[len(self._root) :].split("/") if part]

    def target(self, parts: Sequence[str], name: str) -> Sequence[str] | None:
        """Return what `parts` would for a name in a folder."""
        return self.parts("/".join((self._root, *parts, name)))

    @contextmanager
    def folder(self, parts: Sequence[str]) -> Iterator[int]:
        """Open a folder without following any symlink below the root."""
        handle = os.open(self._root, _PASS)
        try:
            for part in parts:
                outer, handle = handle, os.open(part, _PASS, dir_fd=handle)
                os.close(outer)
            yield handle
        finally:
            os.close(handle)


def _normal(path: str, base: str) -> str:
    """Return a path that is absolute or relative to `base` without dots, judged as text alone."""
    if "\0" in path:
        raise StorageError(path, "holds a NUL character")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise StorageError(path, "is not valid Unicode") from error
    absolute = f"/{path.lstrip('/')}" if path.startswith("/") else os.path.join(base, path)  # noqa: PTH118
    normal = os.path.normpath(absolute)
    if normal == "/":
        return base
    if not _is_below(normal, base):
        raise StorageError(path, _OUTSIDE)
    return normal


def _is_below(path: str, base: str) -> bool:
    return os.path.commonpath((path, base)) == base


def _names_in(handle: int) -> Sequence[str]:
    readable = os.open(".", _READ, dir_fd=handle)
    try:
        with os.scandir(readable) as entries:
            return [entry.name for entry in entries]
    finally:
        os.close(readable)


def _entry(
    tree: _Tree, parts: Sequence[str], handle: int, folder: str, name: str
) -> StorageEntry | None:
    """Return a name's entry, or None when it has just been removed."""
    shown = os.fsencode(name).decode(errors="backslashreplace")
    path = os.path.join(folder, shown)  # noqa: PTH118
    try:
        status = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError:
        return StorageEntry(shown, path, "")
    if stat.S_ISLNK(status.st_mode):
        status = _target_status(tree, tree.target(parts, name)) or status
    kind = _type(status.st_mode) if shown == name else ""
    return StorageEntry(
        shown,
        path,
        kind,
        status.st_size,
        status.st_atime,
        status.st_mtime,
        status.st_ctime,
        os.path.splitext(shown)[1] if kind == "f" else "",  # noqa: PTH122
    )


def _target_status(tree: _Tree, target: Sequence[str] | None) -> os.stat_result | None:
    """Return the status of what a symlink leads to; None: nowhere, or out."""
    if target is None:
        return None
    try:
        with tree.folder(target[:-1]) as handle:
            return os.stat(target[-1] if target else ".", dir_fd=handle, follow_symlinks=False)
    except OSError:
        return None


def _type(mode: int) -> EntryType:
    kinds: dict[int, EntryType] = {stat.S_IFDIR: "d", stat.S_IFREG: "f", stat.S_IFLNK: "l"}
    return kinds.get(stat.S_IFMT(mode), "")


def _problem(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "does not exist"
        case NotADirectoryError():
            return "is not a folder"
        case _:
            return f"cannot be read: {error.strerror}"
