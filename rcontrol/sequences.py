"""Sequences of frames among the names of files, and what is missing from them.

No file is opened: names and sizes come in. Which names belong together is fileseq's to say.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from fileseq.constants import PAD_STYLE_HASH1
from fileseq.filesequence import FileSequence

from rcontrol.errors import BadRequest
from rcontrol.farm.numbers import (
    HIGHEST,
    MAX_FRAMES,
    FrameNumbers,
    expression,
    read_frames,
    runs_of,
)
from rcontrol.storage import Storage

_VIEW: Final = re.compile(r"(?<=[0-9])(_[LR])(\.[^.]+)\Z")
"""What Blender puts between number and ending in the pictures of a stereo scene; fileseq does not
look for a number before it."""
IMAGES: Final = (
    *(".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".tga", ".bmp", ".webp", ".jp2"),
    *(".hdr", ".dpx", ".cin", ".psd", ".iff", ".sgi", ".rgb"),
)
"""Endings of the files that are looked at unless `allowed_filetypes` says otherwise."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The frames that a sequence should have."""

    frames: FrameNumbers | None = None
    """These; None: every one from `first` to `last`."""
    first: int | None = None
    """None: the sequence's own, as for `last`."""
    last: int | None = None

    @property
    def known(self) -> FrameNumbers | None:
        """What is wanted, whatever there is; None: that depends on what there is."""
        if self.frames is not None or self.first is None or self.last is None:
            return self.frames
        return FrameNumbers((range(self.first, self.last + 1),))


@dataclass(frozen=True, slots=True)
class Found:
    """A sequence, and what is missing from it. Frames are expressions, empty for none."""

    pattern: str
    """Its files' names, with a `#` for each digit of the number: `shot.####.exr`."""
    files: int
    present: str
    """Frames whose files hold something."""
    empty: str
    """Wanted frames whose files are there, with zero bytes; they are missing, too."""
    missing: str
    missing_total: int
    wanted_total: int


def wanted(frames: str | None, first: int | None, last: int | None) -> Wanted:
    """Return what a person asked for. Raises BadRequest, naming the field as the API has it."""
    if frames is not None:
        if (first, last) != (None, None):
            raise BadRequest("frames", "say either this or start_frame and end_frame, not both")
        return Wanted(read_frames(frames))
    if first is not None and last is not None and last < first:
        raise BadRequest("end_frame", f"must not be before start_frame ({first})")
    return Wanted(None, first, last)


def find_missing_in(
    storage: Storage, folder: str, wanted: Wanted, filetypes: Collection[str] = ()
) -> tuple[str, list[Found]]:
    """Return a folder's absolute path, and each of its sequences. Raises StorageError."""
    listing = storage.list(folder)
    files = ((entry.name, entry.size) for entry in listing.contents if entry.type == "f")
    return listing.current, find_missing(files, wanted, filetypes)


def find_missing(
    files: Iterable[tuple[str, int]], wanted: Wanted, filetypes: Collection[str] = ()
) -> list[Found]:
    """Return each sequence among the files of a folder, in the order of their names.

    Args:
        files: names and bytes.
        wanted: the frames that there should be.
        filetypes: endings of the names to look at, in any case; empty: `IMAGES`.
    """
    endings = tuple(ending.lower() for ending in filetypes) or IMAGES
    sizes = {
        name: size
        for name, size in files
        if name.lower().endswith(endings) and not name.startswith(".")
    }
    empty = {name for name, size in sizes.items() if size == 0}
    sequences = _with_their_negatives(list(_sequences(sizes)), wanted)
    found = [_judged(sequence, empty, wanted) for sequence in sequences]
    return sorted(found, key=lambda one: one.pattern)


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Files that differ in a number alone."""

    before: str
    digits: int
    """At least; the number is filled up with zeros."""
    after: str
    numbers: Sequence[int]
    """In order."""

    @property
    def pattern(self) -> str:
        return f"{self.before}{'#' * self.digits}{self.after}"

    def name(self, number: int) -> str:
        sign = "-" if number < 0 else ""
        return f"{self.before}{sign}{abs(number):0{self.digits}d}{self.after}"


def _sequences(names: Iterable[str]) -> Iterator[_Numbered]:
    views = defaultdict[str, list[str]](list)
    for name in names:
        view = match[1] if (match := _VIEW.search(name)) else ""
        views[view].append(_VIEW.sub(r"\2", name))
    for view, of_view in views.items():
        for found in FileSequence.yield_sequences_in_list(of_view, pad_style=PAD_STYLE_HASH1):
            numbers = sorted(int(number) for number in found.frameSet() or ())
            numbers = [number for number in numbers if abs(number) <= HIGHEST]
            if numbers:
                digits = max(1, found.zfill() - (numbers[0] < 0))
                yield _Numbered(found.basename(), digits, view + found.extension(), numbers)


def _with_their_negatives(found: list[_Numbered], wanted: Wanted) -> Iterator[_Numbered]:
    """Yield sequences whose negative numbers are frames.

    `cube-0005.png` is frame -5 where there is a `cube0001.png`, or frames below 0 are wanted.
    Else it is frame 5, and the minus a hyphen.
    """
    signed = {one.pattern: one for one in found if one.numbers[0] >= 0}
    for one in found:
        if one.numbers[0] >= 0:
            continue
        if other := signed.get(one.pattern):
            numbers = sorted({*one.numbers, *other.numbers})
            signed[one.pattern] = replace(other, numbers=numbers)
        elif one.numbers[-1] > 0 or ((known := wanted.known) and known.first < 0):
            signed[one.pattern] = one
        else:
            numbers = sorted(-number for number in one.numbers)
            hyphened = replace(one, before=f"{one.before}-", numbers=numbers)
            signed[hyphened.pattern] = hyphened
    yield from signed.values()


def _judged(sequence: _Numbered, empty: Collection[str], wanted: Wanted) -> Found:
    numbers = sequence.numbers
    hollow = {number for number in numbers if sequence.name(number) in empty} if empty else set()
    present = [number for number in numbers if number not in hollow] if hollow else numbers
    if wanted.frames is not None:
        there = set(present)
        total = len(wanted.frames)
        missing = list(runs_of(frame for frame in wanted.frames if frame not in there))
        hollow = {number for number in hollow if number in wanted.frames}
    else:
        first = numbers[0] if wanted.first is None else wanted.first
        last = numbers[-1] if wanted.last is None else wanted.last
        total = max(0, last - first + 1)
        missing = list(_gaps(present, first, last))
        if sum(map(len, missing)) <= MAX_FRAMES:
            missing = list(runs_of(chain.from_iterable(missing)))
        hollow = {number for number in hollow if first <= number <= last}
    return Found(
        pattern=sequence.pattern,
        files=len(numbers),
        present=expression(runs_of(present)),
        empty=expression(runs_of(sorted(hollow))),
        missing=expression(missing),
        missing_total=sum(map(len, missing)),
        wanted_total=total,
    )


def _gaps(numbers: Iterable[int], first: int, last: int) -> Iterator[range]:
    """Yield the runs from `first` to `last` in which there is none of the numbers."""
    for number in numbers:
        if number > last:
            break
        if number > first:
            yield range(first, number)
        first = max(first, number + 1)
    if first <= last:
        yield range(first, last + 1)
