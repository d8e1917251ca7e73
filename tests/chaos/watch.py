"""What anybody sees of a job while it renders: its pictures, and what the farm says of it."""

import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

EVERY_S = 0.05


class NotWhole(Exception):
    """A file is no complete PNG."""


def text_of(picture: bytes) -> str:
    """Return the text of a complete PNG; raise NotWhole for any other."""
    text = ""
    if picture[:8] != b"\x89PNG\r\n\x1a\n":
        raise NotWhole("does not begin as a PNG")
    at = 8
    while at + 12 <= len(picture):
        length = int.from_bytes(picture[at : at + 4], "big")
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        checksum = picture[at + 8 + length : at + 12 + length]
        if int.from_bytes(checksum, "big") != zlib.crc32(kind + body):
            raise NotWhole(f"chunk {kind!r} is damaged")
        at += 12 + length
        if kind == b"tEXt":
            text = body.partition(b"\0")[2].decode()
        if kind == b"IEND":
            return text
    raise NotWhole(f"ends after {len(picture)} bytes")


@dataclass(frozen=True)
class Sight:
    """A picture as it was seen at its final path for the first time."""

    path: Path
    at: float
    """Unix seconds."""
    text: str
    """Which attempt and process made it; empty where the picture does not say."""


@dataclass(frozen=True)
class Word:
    """What the farm said of the job by REST."""

    at: float
    status: str
    frames_done: int
    whole: int
    """Files that were at final paths when it had been said."""


class Watcher(threading.Thread):
    """Looks at a job's folder, and asks the farm for its status, from `start` to `stop`."""

    def __init__(self, out: Path, status_url: str) -> None:
        super().__init__(name="watcher", daemon=True)
        self._out, self._status_url = out, status_url
        self._over = threading.Event()
        self._known: dict[Path, tuple[int, int, int]] = {}
        self.sights: list[Sight] = []
        self.flaws: list[str] = []
        """What nobody must ever see."""
        self.words: list[Word] = []

    def run(self) -> None:
        with httpx.Client(timeout=5.0, trust_env=False) as http:
            while not self._over.wait(EVERY_S):
                self._look()
                self._ask(http)

    def stop(self) -> None:
        self._over.set()
        self.join(30.0)
        self._look()

    def _look(self) -> None:
        for path in self._paths(self._out):
            with suppress(FileNotFoundError):
                stat = path.stat()
                stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if self._known.get(path) == stamp:
                    continue
                try:
                    text = text_of(path.read_bytes())
                except NotWhole as flaw:
                    self.flaws.append(f"{path.relative_to(self._out)} {flaw}")
                    text = ""
                self._known[path] = stamp
                self.sights.append(Sight(path, time.time(), text))

    def _paths(self, folder: Path) -> Iterator[Path]:
        with suppress(FileNotFoundError):
            for path in folder.iterdir():
                if path.name.startswith("."):
                    continue
                if path.is_dir():
                    yield from self._paths(path)
                else:
                    yield path

    def _ask(self, http: httpx.Client) -> None:
        with suppress(httpx.HTTPError):
            answer = http.get(self._status_url)
            if answer.status_code == 200:
                at, said = time.time(), answer.json()
                self._look()
                word = Word(at, said["status"], said["frames_done"], len(self._known))
                self.words.append(word)
