"""One render session, as the controller drives it."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from rcontrol.engines.base import Engine, Line, Outdated, Problem, Progress, Ready, Rendered
from rcontrol.errors import NodeUnreachable, SessionError
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import Blame, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.sessions import node_scripts, wire
from rcontrol.sessions.attachment import Detached, Exited
from rcontrol.sessions.hold import Hold
from rcontrol.sessions.outcomes import Complete, Failed, Outcome, Stale
from rcontrol.sessions.reach import Reach
from rcontrol.sessions.records import Found, Given, given_line, read_listing, spec_line
from rcontrol.ssh import Connection

log = logging.getLogger(__name__)

MOST_OUTPUT: Final = 256 * 1024 * 1024
"""Bytes of output after which a session is spent; they take room on the node."""
KEPT_HINTS: Final = 20

Ending = Ready | Rendered | Problem | Outdated | Exited | Detached
"""What an order, or the start, can be answered with."""


class RenderSession:
    """One renderer process on a node, from before its start to its checked end.

    `start` once unless it was found, `render` one frame at a time, and `end` in any state, however
    `start` or `render` ended. `spent` sessions take no more frames. A frame outlives its
    connection: `render` goes on where it was once there is another one within the lease.
    """

    def __init__(
        self,
        reach: Reach,
        farm: str,
        node: NodeSettings,
        spec: JobSpec,
        engine: Engine,
        settings: SessionSettings,
        epoch: int,
        found: Found | None = None,
    ) -> None:
        """`found`: it runs already, and the frame it is at is the first one to be rendered."""
        self.spec = spec
        self.name = found.session if found else secrets.token_hex(8)
        self._reach, self._node, self._epoch = reach, node, epoch
        self._engine, self._settings = engine, settings
        self._place = (wire.folder_name(farm), wire.folder_name(node.name))
        self._reader = engine.reader(spec)
        self._starting: asyncio.Task[None] | None = None
        self._found = found.given if found else None
        offset = self._found.offset if self._found else 0
        self._hold = Hold(
            reach, self._place, self.name, epoch, settings, offset, self._take, self._over
        )
        self._first_byte = offset
        self._endings: asyncio.Queue[Ending] = asyncio.Queue()
        self._hints: deque[Problem] = deque(maxlen=KEPT_HINTS)
        self._progress: Callable[[float], None] | None = None
        # Orders are given only to a renderer that is ready.
        self._ready = found is not None
        self._broken = False
        self._frames = self._found.frames if self._found else 0
        self._first_memory_mb = 0.0
        self._memory_mb = 0.0

    @property
    def spent(self) -> bool:
        """Whether it takes no more frames: over, in an unknown state, or grown too old or large."""
        growth_mb = self._memory_mb - self._first_memory_mb
        return (
            self._broken
            or self._frames >= self._settings.max_frames
            or (self._first_memory_mb > 0.0 and growth_mb > self._settings.max_growth_mb)
            or self._hold.output.offset > MOST_OUTPUT
        )

    async def start(self) -> None:
        """Start the renderer and attach to it; it loads the project meanwhile.

        Raises SessionError with the node's words, or NodeUnreachable.
        """
        # Not to be cancelled half-way: `end` has to know whether there is a folder to end.
        self._starting = asyncio.create_task(self._make_folder())
        # Nobody may be left to hear of its failure.
        self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._starting)
        await self._hold.attached()

    async def render(self, order: RenderFrame, progress: Callable[[float], None]) -> Outcome:
        """Render a frame and look at its files; `progress` gets percents as they come."""
        self._progress = progress
        try:
            outcome = await self._render(order)
        except TimeoutError:
            outcome = Failed(
                "the node did not answer when its files were to be checked", Blame.NODE
            )
        except SessionError as error:
            outcome = Failed(error.cause, Blame.NODE)
        finally:
            self._progress = None
            self._hold.answered()
        if isinstance(outcome, Complete):
            self._frames += 1
        # Nobody waits for the connection of an idle session; the next sweep ends it.
        self._broken |= not isinstance(outcome, Complete) or self._hold.detached
        return outcome

    async def end(self) -> None:
        """End the renderer and all it started, and remove its folder.

        Raises SessionError when a process survived even KILL, or NodeUnreachable.
        """
        self.abandon()
        if self._starting is not None:
            await asyncio.wait({self._starting})
        connection = self._reach.connection()
        await end_sessions(connection, self._place, self._settings, self._epoch, "only", self.name)

    def abandon(self) -> None:
        """Let go of the session; without a connection the lease ends it."""
        self._broken = True
        self._hold.close()

    async def _make_folder(self) -> None:
        settings = self._settings
        done = await self._reach.connection().run(
            node_scripts.START,
            *self._place,
            self.name,
            str(settings.lease_s),
            _tenths(settings.grace_s),
            "low" if self._node.low_priority else "normal",
            node_scripts.RESIDENT,
            spec_line(self.spec),
            self._engine.settings_line(self.spec),
            *self._engine.command(self.spec, self._node.executables),
        )
        if done.status != 0:
            words = done.stderr.strip() or f"the start ended with status {done.status}"
            raise SessionError(self._node.name, words)

    async def _render(self, order: RenderFrame) -> Outcome:
        if not self._ready:
            loaded = await self._answer()
            if not isinstance(loaded, Ready):
                return self._explain(loaded)
            self._ready = True
        given, self._found = self._found, None
        if given is None:
            given = Given(
                order.attempt,
                order.frame,
                overwrite=False,
                offset=self._hold.output.offset,
                at=time.time(),
                frames=self._frames,
            )
        answer = await self._order(given)
        flaw = ""
        if isinstance(answer, Rendered):
            flaw = await self._flaw(answer)
        if isinstance(answer, Rendered) and answer.skipped and flaw:
            # Half a picture was in the way, and the scene says not to overwrite.
            answer = await self._order(
                replace(given, overwrite=True, offset=self._hold.output.offset)
            )
            if isinstance(answer, Rendered):
                flaw = await self._flaw(answer)
        if not isinstance(answer, Rendered):
            return self._explain(answer)
        if flaw:
            return self._with_hints(f"the renderer said it saved {flaw}")
        self._memory_mb = answer.memory_mb
        self._first_memory_mb = self._first_memory_mb or answer.memory_mb
        return Complete(answer.files, max(0.0, time.time() - given.at))

    async def _order(self, given: Given) -> Ending | None:
        self._hints.clear()
        text = self._engine.order_line(given.frame, name=given.name, overwrite=given.overwrite)
        await self._hold.order(given_line(given), text)
        while True:
            answer = await self._answer()
            if not isinstance(answer, Ready) and not (
                isinstance(answer, Rendered) and answer.frame != given.frame
            ):
                self._hold.answered()
                return answer

    async def _answer(self) -> Ending | None:
        """Wait for what ends a wait; None: the renderer has been silent for too long."""
        loop, output = asyncio.get_running_loop(), self._hold.output
        while True:
            if self._endings.empty():
                await self._hold.attached()
            left_s = output.heard_at + self._settings.silence_s - loop.time()
            try:
                async with asyncio.timeout(max(left_s, 0.0)):
                    ending = await self._endings.get()
            except TimeoutError:
                if loop.time() - output.heard_at >= self._settings.silence_s:
                    return None
            else:
                if not isinstance(ending, Detached):
                    return ending

    async def _flaw(self, rendered: Rendered) -> str:
        """Return the first file that is not complete, and why; empty: all are."""
        if not rendered.files:
            return "the frame, but named no files"
        answers = await self._inspect(rendered.files)
        for path, words in zip(rendered.files, answers, strict=True):
            if words != "ok":
                return f"{path}, but it {words}"
        return ""

    async def _inspect(self, files: Sequence[str]) -> list[str]:
        while True:
            attachment = await self._hold.attached()
            try:
                return await asyncio.gather(*(attachment.inspect(path) for path in files))
            except NodeUnreachable:
                # The channel is not to be used again even when it has not said so yet.
                attachment.close()

    def _explain(self, answer: Ending | None) -> Outcome:
        match answer:
            case Outdated():
                return Stale()
            case Problem():
                return Failed(answer.error, answer.blame, answer.final)
            case Exited(status):
                problem = self._reader.explain_exit(status)
                return Failed(problem.error, problem.blame, problem.final)
            case None:
                silence_s = self._settings.silence_s
                return self._with_hints(f"the renderer printed nothing for {silence_s:g} s")
            case _:
                return Failed("the renderer reported a frame before it was ready", Blame.JOB)

    def _with_hints(self, error: str) -> Failed:
        """Return a failure with the renderer's last words, a fault of the node before others."""
        faults = [hint for hint in self._hints if hint.blame is Blame.NODE]
        hints = faults or list(self._hints)
        if hints:
            error = f"{error} ({hints[-1].error})"
        full = "No space left on device" in error
        return Failed(error, Blame.NODE if faults or full else Blame.JOB)

    def _take(self, text: str) -> None:
        line: Line | None = self._reader.read_line(text)
        match line:
            case Progress(percent):
                if self._progress is not None:
                    self._progress(percent)
            case Problem(ends_frame=False):
                self._hints.append(line)
            case Ready() | Rendered() | Problem() | Outdated():
                self._endings.put_nowait(line)

    def _over(self, how: Exited | Detached) -> None:
        # A frame waits for the next connection, an idle session does not.
        self._broken |= isinstance(how, Exited) or self._progress is None
        self._endings.put_nowait(how)


async def end_sessions(
    connection: Connection,
    place: tuple[str, str],
    settings: SessionSettings,
    epoch: int,
    which: str,
    *names: str,
) -> None:
    """End the named sessions (`which` is `only`), or all but these (`except`).

    Those of a newer epoch are left alone.
    Raises SessionError when a process survived even KILL, or NodeUnreachable.
    """
    farm, node = place
    done = await connection.run(
        node_scripts.END,
        farm,
        node,
        _tenths(settings.grace_s),
        str(epoch),
        which,
        *names,
        timeout_s=settings.grace_s + 60.0,
    )
    left = [line.removeprefix("left ") for line in done.stdout.splitlines() if "left " in line]
    if done.status != 0 or left:
        words = done.stderr.strip() or f"a renderer cannot be killed (session {', '.join(left)})"
        raise SessionError(node, words)
    for line in done.stdout.splitlines():
        log.info("session.ended", extra={"node": node, "session": line.removeprefix("ended ")})


async def find_sessions(connection: Connection, place: tuple[str, str], epoch: int) -> list[Found]:
    """Take the sessions that other drivers have left; return those that were given an order.

    Raises SessionError when the node does not say, or NodeUnreachable.
    """
    owner = f"{epoch}.{secrets.token_hex(8)}"
    done = await connection.run(node_scripts.LIST, *place, owner)
    if done.status != 0:
        raise SessionError(place[1], done.stderr.strip() or "its sessions cannot be listed")
    return read_listing(done.stdout)


def _tenths(seconds: float) -> str:
    return str(max(0, round(10 * seconds)))
