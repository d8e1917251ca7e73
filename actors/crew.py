"""The JobManager's links to the nodes: made, followed and ended as nodes come and go."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from actors.links import NodeActorLost, NodeLink
from rcontrol.errors import StaleEpoch
from rcontrol.farm import commands as cmd
from rcontrol.farm import events as ev
from rcontrol.farm.settings import NodeSettings

log = logging.getLogger(__name__)

PAUSE_S: Final = 0.2
"""Between tries to reach a node's actor while Ray starts it again."""
CLOSE_S: Final = 20.0
"""How long the end of a node's sessions and connection may take."""


class Crew:
    """Keeps every node adopted, hands in what nodes report, and carries out commands."""

    def __init__(
        self,
        link_to: Callable[[NodeSettings], NodeLink],
        epoch: int,
        report: Callable[[ev.Event], None],
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        """`link_to` finds or starts a node's actor; it may block. `spawn` starts a task."""
        self._link_to, self._epoch, self._report = link_to, epoch, report
        self._clock, self._spawn = clock, spawn
        self._settings: dict[str, NodeSettings] = {}
        self._links: dict[str, NodeLink] = {}
        self._following: dict[str, asyncio.Task[Any]] = {}
        self._suspects: dict[str, asyncio.Event] = {}
        """Set for a node whose actor may have lost what it was told."""
        self._adopted: dict[str, asyncio.Event] = {}

    def open(self, node: NodeSettings) -> None:
        """Adopt a node and follow it until it is closed."""
        self._settings[node.name] = node
        self._suspects[node.name] = asyncio.Event()
        self._adopted[node.name] = asyncio.Event()
        self._following[node.name] = self._spawn(self._follow(node))

    async def all_adopted(self, nodes: Iterable[str]) -> None:
        """Wait until each of these nodes has been adopted."""
        await asyncio.gather(*(self._adopted[node].wait() for node in nodes))

    def carry_out(self, command: cmd.Command) -> None:
        """Send a command; calls to one node take effect in the order made here."""
        match command:
            case cmd.OpenNode(settings):
                self.open(settings)
                return
            case cmd.CloseNode(node):
                self._spawn(self._close_for_good(node))
                return
            case cmd.CloseSessions(job):
                for each in self._links.values():
                    self._spawn(_quietly(each.close_sessions(self._epoch, job)))
                return
        link = self._links.get(command.node)
        if link is None:
            return
        match command:
            case cmd.RenderFrame():
                self._spawn(self._await_render(command, link.render(self._epoch, command)))
            case cmd.WithdrawAttempt():
                self._spawn(_quietly(link.withdraw(self._epoch, command.attempt)))
            case cmd.CancelAttempt():
                self._spawn(_quietly(link.cancel(self._epoch, command.attempt)))
            case cmd.Acknowledge():
                self._spawn(_quietly(link.acknowledge(self._epoch, command.attempt)))

    async def close(self) -> None:
        """End every renderer and every connection."""
        closing = [link.close(self._epoch) for link in self._links.values()]
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*map(_quietly, closing)), CLOSE_S)

    async def _close_for_good(self, node: str) -> None:
        following, settings = self._following.pop(node), self._settings.pop(node)
        following.cancel()
        await asyncio.wait({following})
        link = self._links.pop(node, None)
        if link is None:
            # It was cancelled while the actor was being started.
            link = await asyncio.to_thread(self._link_to, settings)
        with suppress(TimeoutError):
            await asyncio.wait_for(_quietly(link.close(self._epoch)), CLOSE_S)
        await asyncio.to_thread(link.end)
        log.info("node.closed", extra={"node": node})
        self._report(ev.NodeClosed(self._clock(), node))

    async def _follow(self, node: NodeSettings) -> None:
        """Keep a node adopted and take in its reports, for ever."""
        while True:
            try:
                sequence = await self._adopt(node)
                self._adopted[node.name].set()
                await self._listen(node.name, sequence)
            except NodeActorLost as lost:
                log.warning("node.actor_lost", extra={"node": node.name, "cause": lost.cause})
                reason = "its NodeActor died and is being started again"
                self._report(ev.NodeWentDown(self._clock(), node.name, reason))
                await asyncio.sleep(PAUSE_S)
            except StaleEpoch:
                log.error("farm.replaced", extra={"epoch": self._epoch})
                os._exit(0)

    async def _adopt(self, node: NodeSettings) -> int:
        """Take charge of a node and return the number of its last report."""
        self._suspects[node.name].clear()
        if node.name not in self._links:
            self._links[node.name] = await asyncio.to_thread(self._link_to, node)
        held = await self._links[node.name].adopt(self._epoch)
        now = self._clock()
        self._report(_now(ev.NodeAdopted(now, node.name, held.attempts), now))
        self._report(replace(held.connection, at=now))
        return held.sequence

    async def _listen(self, node: str, sequence: int) -> None:
        """Take in a node's reports until a call to it has got lost."""
        link, suspect = self._links[node], self._suspects[node]
        lost = asyncio.ensure_future(suspect.wait())
        try:
            while not lost.done():
                asked = asyncio.ensure_future(link.reports(self._epoch, sequence))
                await asyncio.wait({asked, lost}, return_when=asyncio.FIRST_COMPLETED)
                if not asked.done():
                    asked.cancel()
                    break
                reports = asked.result()
                sequence = reports.sequence
                for event in reports.events:
                    self._report(_now(event, self._clock()))
        finally:
            lost.cancel()

    async def _await_render(self, order: cmd.RenderFrame, call: Awaitable[None]) -> None:
        """See to it that an order which never arrived is noticed."""
        with suppress(StaleEpoch):
            try:
                await call
            except NodeActorLost:
                self._suspects[order.node].set()


def _now(event: ev.Event, at: float) -> ev.Event:
    """Return an event by this clock."""
    if isinstance(event, ev.NodeAdopted):
        attempts = tuple(replace(attempt, at=at) for attempt in event.attempts)
        event = replace(event, attempts=attempts)
    return replace(event, at=at)


async def _quietly(call: Awaitable[None]) -> None:
    """Await a call whose loss is noticed elsewhere: by the loop that follows the node."""
    with suppress(NodeActorLost, StaleEpoch):
        await call
