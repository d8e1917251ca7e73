"""One channel to a session: its output comes, orders and signs of life go."""

import asyncio
import itertools
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from rcontrol.errors import NodeUnreachable
from rcontrol.sessions import wire
from rcontrol.ssh import Chunk, Process

log = logging.getLogger(__name__)

INSPECTION_TIMEOUT_S: Final = 120.0
"""Longest wait for a look at a file, as on a network mount that hangs."""
GONE: Final = 3
"""Exit status of `attach.sh`: there is no session."""
TAKEN: Final = 4
"""Exit status of `attach.sh`: a newer epoch has it."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The renderer has ended."""

    status: int
    """As a shell gives it: 128 + N for signal N."""


@dataclass(frozen=True, slots=True)
class Detached:
    """Nothing more will be heard of the session through this channel."""

    cause: str
    for_good: bool = False
    """Nor through another one: it is gone, or someone else's."""


class Output:
    """How far a session's output has been read, through whatever channels."""

    def __init__(self, offset: int, keep: Callable[[int, bytes], None]) -> None:
        """`keep` gets the bytes as they come, and where in the output they begin."""
        self._keep = keep
        self.offset = offset
        """Bytes."""
        self.heard_at = asyncio.get_running_loop().time()
        """When the renderer last printed anything, by the loop's clock."""
        self._lines = wire.LineSplitter()

    def take(self, data: bytes) -> list[str]:
        """Return the lines that are whole with what has come now."""
        if data:
            self._keep(self.offset, data)
            self.offset += len(data)
            self.heard_at = asyncio.get_running_loop().time()
        return list(self._lines.split(data))


class Attachment:
    """Passes lines of output to `take` as they come and, last, how it ended to `over`.

    After Exited nothing but Detached can follow. Lives until `close`.
    """

    def __init__(
        self,
        process: Process,
        session: str,
        heartbeat_s: float,
        output: Output,
        take: Callable[[str], None],
        over: Callable[[Exited | Detached], None],
    ) -> None:
        self._process = process
        self._end_line = re.compile(rf"{re.escape(wire.end_mark(session))} (\d+)")
        self._take, self._over = take, over
        self._output, self._errors = output, wire.LineSplitter()
        self._tokens = itertools.count()
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._last_words = ""
        self.detached: Detached | None = None
        """None: it works."""
        self.signed_at = asyncio.get_running_loop().time()
        """When the session was last sent a sign of life, by the loop's clock."""
        self._reading = asyncio.create_task(self._read())
        self._beating = asyncio.create_task(self._beat(heartbeat_s))

    async def order(self, facts: str, text: str) -> None:
        """Pass a line on to the renderer. A broken channel is told by `over`, not here."""
        await self._write(wire.order(facts, text))

    async def inspect(self, path: str) -> str:
        """Return `ok`, or what is wrong with a picture, to be read after "it".

        Raises TimeoutError when the node does not say within INSPECTION_TIMEOUT_S, and
        NodeUnreachable when it no longer can.
        """
        token = f"i{next(self._tokens)}"
        return await self._ask(token, wire.inspection(token, path))

    async def publish(self, hidden: str, files: Iterable[tuple[str, str]]) -> str:
        """Look at (made, final) files and put them in their places, all or none.

        Returns `ok`, or the number of a file and what is wrong, to be read after "it". Raises
        as `inspect` does; asked for again, it goes on where it was.
        """
        token = f"p{next(self._tokens)}"
        return await self._ask(token, wire.publication(token, hidden, files))

    async def _ask(self, token: str, line: bytes) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[token] = answer
        try:
            await self._write(line)
            if self._reading.done():
                raise NodeUnreachable("", self._last_words or "the channel is closed")
            async with asyncio.timeout(INSPECTION_TIMEOUT_S):
                return await answer
        finally:
            del self._answers[token]

    def close(self) -> None:
        """Leave the session; it goes on until its lease is over."""
        self._reading.cancel()
        self._beating.cancel()
        self._process.close()

    async def _write(self, line: bytes) -> None:
        try:
            await self._process.write(line)
        except (BrokenPipeError, NodeUnreachable) as error:
            log.info("session.unwritable", extra={"cause": str(error)})
        else:
            self.signed_at = asyncio.get_running_loop().time()

    async def _beat(self, every_s: float) -> None:
        while not self._reading.done():
            await self._write(wire.HEARTBEAT)
            await asyncio.sleep(every_s)

    async def _read(self) -> None:
        detached = Detached("rcontrol could not read the renderer's output")
        try:
            while chunk := await self._process.read():
                self._sort(chunk)
                # A renderer that floods leaves room for the other slots.
                await asyncio.sleep(0)
            cause = self._last_words or "its channel was closed"
            detached = Detached(cause, self._process.exit_status in (GONE, TAKEN))
        except NodeUnreachable as error:
            detached = Detached(error.cause)
        finally:
            self.detached = detached
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(NodeUnreachable("", detached.cause))
            self._over(detached)

    def _sort(self, chunk: Chunk) -> None:
        for line in self._errors.split(chunk.stderr):
            token, _, words = line.partition(" ")
            answer = self._answers.get(token)
            if answer is None:
                self._last_words = line
            elif not answer.done():
                answer.set_result(words)
        for line in self._output.take(chunk.stdout):
            if end := self._end_line.fullmatch(line):
                self._over(Exited(int(end[1])))
            else:
                self._take(line)
