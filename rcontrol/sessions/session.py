"""One render session, as the controller drives it."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from rcontrol.engines.base import Engine, Line, Outdated, Problem, Progress, Ready, Rendered
from rcontrol.errors import NodeUnreachable, SessionError
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import Blame, JobSpec, Publish
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions import node_scripts, wire
from rcontrol.sessions.attachment import Attachment, Detached, Exited, Output
from rcontrol.sessions.hold import Hold
from rcontrol.sessions.outcomes import Complete, Failed, Made, Outcome, Stale
from rcontrol.sessions.reach import Reach
from rcontrol.sessions.recording import Recording
from rcontrol.sessions.records import Found, Given, given_line, spec_line
from rcontrol.sessions.sweep import end_sessions, tenths

log = logging.getLogger(__name__)

MOST_OUTPUT: Final = 256 * 1024 * 1024
"""Bytes of output after which a session is spent; they take room on the node."""
KEPT_HINTS: Final = 20
NOT_CHECKED: Final = "the node did not answer when its files were to be checked"
DISK_FAULTS: Final = (
    "No space left on device",
    "Disk quota exceeded",
    "Input/output error",
    "Read-only file system",
    "Stale file handle",
)
"""What the system says of a disk, or a mount, of the node's."""

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
        environment: Mapping[str, str],
        spec: JobSpec,
        engine: Engine,
        settings: SessionSettings,
        epoch: int,
        logs: LogWriter,
        found: Found | None = None,
    ) -> None:
        """`environment` is set for the renderer.

        `found`: it runs already, and the frames of its orders are the first to be rendered.
        """
        self.spec, self._environment = spec, environment
        self.name = found.session if found else secrets.token_hex(8)
        self._reach, self._node, self._epoch = reach, node, epoch
        self._engine, self._settings = engine, settings
        self._place = (wire.folder_name(farm), wire.folder_name(node.name))
        self._reader = engine.reader(spec)
        self._starting: asyncio.Task[None] | None = None
        orders = found.orders if found else ()
        self._found = {given.attempt: given for given in orders}
        self._unpublished: Given | None = None
        self._recording = Recording(logs, spec.id)
        for given in orders:
            self._recording.begin(given.attempt, given.frame, given.offset, resumed=True)
        output = Output(orders[0].offset if orders else 0, self._recording.write)
        self._hold = Hold(
            reach, self._place, self.name, epoch, settings, output, self._take, self._over
        )
        self._endings: asyncio.Queue[Ending] = asyncio.Queue()
        self._hints: deque[Problem] = deque(maxlen=KEPT_HINTS)
        self._progress: Callable[[float], None] | None = None
        # Orders are given only to a renderer that is ready.
        self._ready = found is not None
        self._broken = False
        self._frames = orders[0].frames if orders else 0
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

    async def start(self, order: RenderFrame) -> None:
        """Start the renderer and attach to it; it loads the project meanwhile.

        `order` is the first one that it is to render: what it says until then goes into its log.
        Raises SessionError with the node's words, or NodeUnreachable.
        """
        self._recording.begin(order.attempt, order.frame, 0)
        # Not to be cancelled half-way: `end` has to know whether there is a folder to end.
        self._starting = asyncio.create_task(self._make_folder())
        # Nobody may be left to hear of its failure.
        self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._starting)
        await self._hold.attached()

    async def render(self, order: RenderFrame, progress: Callable[[float], None]) -> Outcome:
        """Render a frame; `progress` gets percents as they come.

        Made is to be given to `publish`, which may go on beside the next frame.
        """
        self._progress = progress
        self._recording.begin(order.attempt, order.frame, self._hold.output.offset)
        try:
            outcome = await self._render(order)
        except TimeoutError:
            outcome = Failed(NOT_CHECKED, Blame.NODE)
        except SessionError as error:
            outcome = Failed(error.cause, Blame.NODE)
        finally:
            self._progress = None
            self._hold.answered()
            self._recording.end(order.attempt)
        facts = {"node": self._node.name, "attempt": order.attempt, "frame": order.frame}
        log.debug("session.answered", extra={**facts, "outcome": type(outcome).__name__})
        if isinstance(outcome, Complete | Made):
            self._frames += 1
        # Nobody waits for the connection of an idle session; the next sweep ends it.
        self._broken |= isinstance(outcome, Failed | Stale) or self._hold.detached
        return outcome

    async def publish(self, made: Made) -> Complete | Failed:
        """Look at a frame's files and put them in their places; one frame at a time."""
        try:
            flaw = await self._flaw(made)
        except TimeoutError:
            outcome: Complete | Failed = Failed(NOT_CHECKED, Blame.NODE)
        except SessionError as error:
            outcome = Failed(error.cause, Blame.NODE)
        else:
            outcome = self._with_hints(flaw) if flaw else _complete(made)
        self._unpublished = None
        self._broken |= isinstance(outcome, Failed)
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
        self._recording.end_all()

    async def _make_folder(self) -> None:
        settings = self._settings
        done = await self._reach.connection().run(
            node_scripts.START,
            *self._place,
            self.name,
            str(settings.lease_s),
            tenths(settings.grace_s),
            "low" if self._node.low_priority else "normal",
            node_scripts.RESIDENT,
            spec_line(self.spec, self._environment),
            self._engine.settings_line(self.spec),
            *_under(self._environment, self._engine.command(self.spec, self._node)),
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
        given, answer = await self._answer_to(order)
        if not isinstance(answer, Rendered):
            return self._explain(answer)
        made = Made(given, answer.files)
        if answer.skipped:
            if not await self._flaw(made):
                return _complete(made)
            # Half a picture was in the way, and the scene says not to overwrite.
            given = replace(given, overwrite=True, offset=self._hold.output.offset)
            answer = await self._order(given)
            if not isinstance(answer, Rendered):
                return self._explain(answer)
            made = Made(given, answer.files)
        self._memory_mb = answer.memory_mb
        self._first_memory_mb = self._first_memory_mb or answer.memory_mb
        if answer.unseen:
            return _complete(made)
        self._unpublished = given
        return made

    async def _answer_to(self, order: RenderFrame) -> tuple[Given, Ending | None]:
        found = self._found.pop(order.attempt, None)
        if found is not None and self._found:
            # A later order was given, so this one has been answered.
            return found, await self._answer_for(found)
        given = found or Given(
            order.attempt,
            order.frame,
            overwrite=False,
            # The log of the first one begins with what was said before it.
            offset=self._hold.output.offset if self._frames else 0,
            at=time.time(),
            frames=self._frames,
            before=self._unpublished and replace(self._unpublished, before=None),
        )
        return given, await self._order(given)

    async def _order(self, given: Given) -> Ending | None:
        self._hints.clear()
        text = self._engine.order_line(
            self.spec,
            given.frame,
            name=given.name,
            overwrite=given.overwrite,
            hidden=self._hidden_folder(given),
        )
        facts = {"node": self._node.name, "attempt": given.attempt, "frame": given.frame}
        log.debug("session.ordered", extra=facts)
        await self._hold.order(given_line(given), text)
        return await self._answer_for(given)

    async def _answer_for(self, given: Given) -> Ending | None:
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

    async def _flaw(self, made: Made) -> str:
        """Say which file is not complete or not in its place, and why; empty: all are."""
        if not made.files:
            return "the renderer said it saved the frame, but named no files"
        while True:
            attachment = await self._hold.attached()
            try:
                number, words = await self._look(attachment, made)
            except NodeUnreachable:
                # The channel is not to be used again even when it has not said so yet.
                attachment.close()
                continue
            if words == "ok":
                return ""
            return f"the renderer said it saved {made.files[number].path}, but it {words}"

    async def _look(self, attachment: Attachment, made: Made) -> tuple[int, str]:
        """Return `ok`, or the index of a file and what is wrong with it."""
        hidden = self._hidden_folder(made.given)
        if any(file.made != file.path for file in made.files):
            said = await attachment.publish(hidden, [(file.made, file.path) for file in made.files])
            number, _, words = said.partition(" ")
            return (int(number) - 1, words) if words else (0, said)
        answers = await asyncio.gather(*(attachment.inspect(file.path) for file in made.files))
        return next(((n, words) for n, words in enumerate(answers) if words != "ok"), (0, "ok"))

    def _hidden_folder(self, given: Given) -> str:
        if self.spec.options.publish is Publish.DIRECT:
            return ""
        return wire.hidden_folder(self.spec.id, given.frame, given.attempt)

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
        on_node = faults or any(words in error for words in DISK_FAULTS)
        return Failed(error, Blame.NODE if on_node else Blame.JOB)

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


def _under(environment: Mapping[str, str], argv: Sequence[str]) -> Sequence[str]:
    """Return the argv that runs another one with some variables set."""
    if not environment:
        return argv
    variables = (f"{name}={value}" for name, value in environment.items())
    # A program whose path holds a = would be taken for a variable: env finds sh first.
    return ("env", *variables, "sh", "-c", 'exec "$@"', "sh", *argv)


def _complete(made: Made) -> Complete:
    seconds = max(0.0, time.time() - made.given.at)
    return Complete(tuple(file.path for file in made.files), seconds)
