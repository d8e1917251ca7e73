"""Logs on their way to the disk, on a thread that nobody waits for."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rcontrol.framelogs.echo import Echo
from rcontrol.framelogs.files import LogFiles
from rcontrol.framelogs.layout import FIRST_PIECE, frame_folder

log = logging.getLogger(__name__)

GATHER_S: Final = 0.25
"""Output is gathered for so long before it is compressed and written, unless its log ends."""
MOST_WAITING: Final = 2 * 1024 * 1024
"""Bytes of one log after its first piece that may wait for the disk; of more, the oldest are
dropped."""
MOST_LOGS: Final = 64
"""Logs that may wait for the disk; of further attempts nothing is kept."""


class AttemptLog:
    """One attempt's log. Both methods return at once, whatever the disk does; from one thread."""

    def __init__(
        self, files: LogFiles, echo: Echo, news: Callable[[], None], hurry: Callable[[], None]
    ) -> None:
        self._files, self._echo, self._news, self._hurry = files, echo, news, hurry
        self._lock = threading.Lock()
        self._first: list[tuple[int, bytes]] = []
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._room_first = FIRST_PIECE
        self._ended = False

    def write(self, offset: int, output: bytes) -> None:
        """Add output that begins at this byte of the session's; a gap is one in the log, too."""
        with self._lock:
            if self._room_first > 0:
                self._first.append((offset, output))
                self._room_first -= len(output)
            else:
                self._waiting.append((offset, output))
                self._size += len(output)
            while self._size > MOST_WAITING and len(self._waiting) > 1:
                self._size -= len(self._waiting.popleft()[1])
        self._news()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._news()
        self._hurry()

    def work(self) -> bool:
        """Write what waits; on the writer's thread. False: that was all."""
        ended = self._ended
        with self._lock:
            waiting = [*self._first, *self._waiting]
            self._first.clear()
            self._waiting.clear()
            self._size = 0
        for offset, output in waiting:
            self._files.write(offset, output)
            self._echo.take(output)
        if ended:
            self._files.end()
        else:
            self._files.flush()
        return not ended


class LogWriter:
    """Writes the logs of one node's attempts into a folder, on a daemon thread of its own."""

    def __init__(self, folder: Path, node: str) -> None:
        self._folder, self._node = folder, node
        self._logs: list[AttemptLog] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._hurry = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"logs {node}", daemon=True)

    def open(
        self, job: str, frame: int, attempt: str, offset: int, *, resumed: bool = False
    ) -> AttemptLog:
        """Return the log of an attempt, to be ended; see `LogFiles`."""
        place = frame_folder(self._folder, job, frame)
        opened = AttemptLog(
            LogFiles(place, attempt, offset, resumed=resumed),
            Echo({"node": self._node, "job": job, "frame": frame, "attempt": attempt}),
            self._news.set,
            self._hurry.set,
        )
        with self._lock:
            if len(self._logs) >= MOST_LOGS:
                log.warning("attempt.log_not_kept", extra={"attempt": attempt, "node": self._node})
                return opened
            self._logs.append(opened)
            if self._thread.ident is None and not self._closing.is_set():
                self._thread.start()
        # Who follows the log finds it before the renderer has said anything.
        opened.write(offset, b"")
        self._hurry.set()
        return opened

    def close(self, timeout_s: float = 5.0) -> None:
        """End all logs; blocks until they are written, `timeout_s` at most."""
        with self._lock:
            for each in self._logs:
                each.end()
        self._closing.set()
        self._news.set()
        self._hurry.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while not (self._closing.is_set() and not self._logs):
            self._news.wait()
            self._news.clear()
            for each in list(self._logs):
                if not each.work():
                    with self._lock:
                        self._logs.remove(each)
            self._hurry.wait(GATHER_S)
            self._hurry.clear()
