"""Thumbnails of frames: made in processes of their own, a few at a time, and kept for a while."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from anyio import BrokenWorkerProcess, CapacityLimiter, to_process, to_thread

from rcontrol.farm.model import JobId
from rcontrol.gateway import Farm
from rcontrol.storage import Storage
from rcontrol.web.problems import Problem
from rcontrol.web.thumbnail import thumbnail

LARGEST_FILE: Final = 256 << 20
MADE_AT_ONCE: Final = 2
PATIENCE_S: Final = 60.0
BYTES_KEPT: Final = 64 << 20
PATHS_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail."""

    etag: str
    webp: bytes


class Pictures:
    """Thumbnails of the frames of one farm, from files below the base directory alone."""

    def __init__(self, farm: Farm, storage: Storage) -> None:
        self._farm = farm
        self._storage = storage
        self._paths: OrderedDict[tuple[JobId, int], str] = OrderedDict()
        self._kept: OrderedDict[Hashable, Picture] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, asyncio.Task[Picture]] = {}
        self._makers = CapacityLimiter(MADE_AT_ONCE)
        self._readers = CapacityLimiter(MADE_AT_ONCE)

    async def get(self, job: JobId, frame: int, pixels: int) -> Picture:
        """Return the thumbnail of a done frame.

        Raises:
            Problem: there is none; says why.
            StorageError: the file lies outside the base directory, or cannot be read.
        """
        path = await self._path(job, frame)
        key = (path, pixels, await to_thread.run_sync(self._stamp, path))
        if picture := self._kept.get(key):
            self._kept.move_to_end(key)
            return picture
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, path, pixels))
            making.add_done_callback(lambda _: self._making.pop(key))
        return await asyncio.shield(making)

    async def _path(self, job: JobId, frame: int) -> str:
        """Return where a frame's picture is. A frame that is done stays so: it is asked once."""
        path = self._paths.get((job, frame)) or await self._farm.picture(job, frame)
        if not path:
            raise Problem(404, "No picture", f"no picture of frame {frame} is known")
        self._paths[job, frame] = path
        self._paths.move_to_end((job, frame))
        if len(self._paths) > PATHS_KEPT:
            self._paths.popitem(last=False)
        return path

    def _stamp(self, path: str) -> tuple[int, int, int]:
        with self._storage.file(path) as handle:
            status = os.fstat(handle)
        return status.st_ino, status.st_mtime_ns, status.st_size

    async def _make(self, key: Hashable, path: str, pixels: int) -> Picture:
        data = await to_thread.run_sync(self._read, path, limiter=self._readers)
        try:
            async with asyncio.timeout(PATIENCE_S):
                webp = await to_process.run_sync(
                    thumbnail, data, pixels, cancellable=True, limiter=self._makers
                )
        except ValueError as error:
            raise Problem(404, "No picture", f"{path!r} cannot be shown: {error}") from None
        except (BrokenWorkerProcess, TimeoutError):
            cause = "reading it ended the reader, or took too long"
            raise Problem(404, "No picture", f"{path!r} cannot be shown: {cause}") from None
        picture = Picture(f'"{blake2b(webp, digest_size=12).hexdigest()}"', webp)
        self._keep(key, picture)
        return picture

    def _read(self, path: str) -> bytes:
        with self._storage.file(path) as handle, os.fdopen(os.dup(handle), "rb") as file:
            data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            cause = f"it is larger than {LARGEST_FILE >> 20} MB"
            raise Problem(404, "No picture", f"{path!r} cannot be shown: {cause}")
        return data

    def _keep(self, key: Hashable, picture: Picture) -> None:
        self._kept[key] = picture
        self._bytes += len(picture.webp)
        while self._bytes > BYTES_KEPT:
            self._bytes -= len(self._kept.popitem(last=False)[1].webp)
