"""One render session, as the controller drives it."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final

from rcontrol.engines.base import Engine, Line, Outdated, Problem, Progress, Ready, Rendered
from rcontrol.errors import NodeUnreachable, SessionError
from rcontrol.farm.model import Blame, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.sessions import node_scripts, wire
from rcontrol.sessions.attachment import Attachment, Detached, Exited
from rcontrol.sessions.outcomes import Complete, Failed, Outcome, Stale
from rcontrol.ssh import Connection

log = logging.getLogger(__name__)

LONGEST_HEARTBEAT_S: Final = 10.0
MOST_OUTPUT: Final = 256 * 1024 * 1024
"""Bytes of output after which a session is spent; they take room on the node."""
KEPT_HINTS: Final = 20

Ending = Ready | Rendered | Problem | Outdated | Exited | Detached
"""What an order, or the start, can be answered with."""


class RenderSession:
    """One renderer process on a node, from before its start to its checked end.

    `start` once, `render` one frame at a time, and `end` in any state, however `start` or `render`
    ended. `spent` sessions take no more frames.
    """

    def __init__(
        self,
        connection: Connection,
        farm: str,
        node: NodeSettings,
        spec: JobSpec,
        engine: Engine,
        settings: SessionSettings,
    ) -> None:
        self.spec = spec
        self.name = secrets.token_hex(8)
        self._connection, self._node = connection, node
        self._engine, self._settings = engine, settings
        self._place = (wire.folder_name(farm), wire.folder_name(node.name))
        self._reader = engine.reader(spec)
        self._starting: asyncio.Task[None] | None = None
        self._attachment: Attachment | None = None
        self._endings: asyncio.Queue[Ending] = asyncio.Queue()
        self._hints: deque[Problem] = deque(maxlen=KEPT_HINTS)
        self._progress: Callable[[float], None] | None = None
        self._ready = self._broken = False
        self._frames = 0
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
            or (self._attachment is not None and self._attachment.bytes_read > MOST_OUTPUT)
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
        owner = secrets.token_hex(8)
        process = await self._connection.start(
            node_scripts.ATTACH, *self._place, self.name, owner, "0"
        )
        self._attachment = Attachment(
            process,
            self.name,
            min(self._settings.lease_s / 4, LONGEST_HEARTBEAT_S),
            self._take,
            self._over,
        )
        await self._attachment.order(self._engine.settings_line(self.spec))

    async def render(self, frame: int, progress: Callable[[float], None]) -> Outcome:
        """Render a frame and look at its files; `progress` gets percents as they come."""
        self._progress = progress
        try:
            outcome = await self._render(frame)
        except TimeoutError:
            outcome = Failed(
                "the node did not answer when its files were to be checked", Blame.NODE
            )
        except NodeUnreachable as error:
            outcome = Failed(f"connection lost: {error.cause}", Blame.NODE)
        finally:
            self._progress = None
        if isinstance(outcome, Complete):
            self._frames += 1
        else:
            self._broken = True
        return outcome

    async def end(self) -> None:
        """End the renderer and all it started, and remove its folder.

        Raises SessionError when a process survived even KILL, or NodeUnreachable.
        """
        self.abandon()
        if self._starting is not None:
            await asyncio.wait({self._starting})
        await end_sessions(self._connection, self._place, self._settings, "only", self.name)

    def abandon(self) -> None:
        """Let go of the session; without a connection the lease ends it."""
        self._broken = True
        if self._attachment is not None:
            self._attachment.close()

    async def _make_folder(self) -> None:
        settings = self._settings
        done = await self._connection.run(
            node_scripts.START,
            *self._place,
            self.name,
            str(settings.lease_s),
            _tenths(settings.grace_s),
            "low" if self._node.low_priority else "normal",
            node_scripts.RESIDENT,
            *self._engine.command(self.spec, self._node.executables),
        )
        if done.status != 0:
            words = done.stderr.strip() or f"the start ended with status {done.status}"
            raise SessionError(self._node.name, words)

    async def _render(self, frame: int) -> Outcome:
        if not self._ready:
            loaded = await self._answer()
            if not isinstance(loaded, Ready):
                return self._explain(loaded)
            self._ready = True
        ordered_at = asyncio.get_running_loop().time()
        answer = await self._order(frame, overwrite=False)
        flaw = ""
        if isinstance(answer, Rendered):
            flaw = await self._flaw(answer)
        if isinstance(answer, Rendered) and answer.skipped and flaw:
            # Half a picture was in the way, and the scene says not to overwrite.
            answer = await self._order(frame, overwrite=True)
            if isinstance(answer, Rendered):
                flaw = await self._flaw(answer)
        if not isinstance(answer, Rendered):
            return self._explain(answer)
        if flaw:
            return self._with_hints(f"the renderer said it saved {flaw}")
        self._memory_mb = answer.memory_mb
        self._first_memory_mb = self._first_memory_mb or answer.memory_mb
        return Complete(answer.files, asyncio.get_running_loop().time() - ordered_at)

    async def _order(self, frame: int, *, overwrite: bool) -> Ending | None:
        self._hints.clear()
        attachment = self._attached()
        attachment.heard_at = asyncio.get_running_loop().time()
        await attachment.order(self._engine.order_line(frame, overwrite=overwrite))
        while True:
            answer = await self._answer()
            if not isinstance(answer, Ready) and not (
                isinstance(answer, Rendered) and answer.frame != frame
            ):
                return answer

    async def _answer(self) -> Ending | None:
        """Wait for what ends a wait; None: the renderer has been silent for too long."""
        loop, attachment = asyncio.get_running_loop(), self._attached()
        while True:
            left_s = attachment.heard_at + self._settings.silence_s - loop.time()
            try:
                async with asyncio.timeout(max(left_s, 0.0)):
                    return await self._endings.get()
            except TimeoutError:
                if loop.time() - attachment.heard_at >= self._settings.silence_s:
                    return None

    async def _flaw(self, rendered: Rendered) -> str:
        """Return the first file that is not complete, and why; empty: all are."""
        if not rendered.files:
            return "the frame, but named no files"
        attachment = self._attached()
        answers = await asyncio.gather(*(attachment.inspect(path) for path in rendered.files))
        for path, words in zip(rendered.files, answers, strict=True):
            if words != "ok":
                return f"{path}, but it {words}"
        return ""

    def _explain(self, answer: Ending | None) -> Outcome:
        match answer:
            case Outdated():
                return Stale()
            case Problem():
                return Failed(answer.error, answer.blame, answer.final)
            case Exited(status):
                problem = self._reader.explain_exit(status)
                return Failed(problem.error, problem.blame, problem.final)
            case Detached(cause):
                return Failed(f"connection lost: {cause}", Blame.NODE)
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

    def _attached(self) -> Attachment:
        if self._attachment is None:
            raise SessionError(self._node.name, "it has not been started")
        return self._attachment

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
        self._broken = True
        self._endings.put_nowait(how)


async def end_sessions(
    connection: Connection,
    place: tuple[str, str],
    settings: SessionSettings,
    which: str,
    *names: str,
) -> None:
    """End the named sessions (`which` is `only`), or all but these (`except`).

    Raises SessionError when a process survived even KILL, or NodeUnreachable.
    """
    farm, node = place
    done = await connection.run(
        node_scripts.END,
        farm,
        node,
        _tenths(settings.grace_s),
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


def _tenths(seconds: float) -> str:
    return str(max(0, round(10 * seconds)))
