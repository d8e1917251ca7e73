"""What the JobManager and the NodeActors say to each other, whatever carries it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from rcontrol.errors import RcontrolError
from rcontrol.farm import events as ev
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId


class NodeActorLost(RcontrolError):
    """A NodeActor's process died or does not answer; what it held is unknown."""

    def __init__(self, node: str, cause: str) -> None:
        super().__init__(node, cause)
        self.node, self.cause = node, cause

    def __str__(self) -> str:
        return f"the actor of node {self.node} is gone: {self.cause}"


@dataclass(frozen=True, slots=True)
class Held:
    """What a NodeActor has on its hands when it is adopted."""

    attempts: tuple[ev.AttemptReport, ...]
    """As `events.NodeAdopted` wants them."""
    connection: ev.NodeCameUp | ev.NodeWentDown
    """How its SSH connection stands."""
    sequence: int
    """Ask for reports after this one."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What a NodeActor has to say since it was last asked."""

    events: tuple[ev.Event, ...]
    sequence: int
    """Number of the last of them."""


class NodeLink(Protocol):
    """A NodeActor as the JobManager sees it.

    Calls take effect in the order in which they are made, whenever they are awaited. Every call
    carries the caller's epoch. Raises NodeActorLost, and StaleEpoch once a newer JobManager
    has called.
    """

    def adopt(self, epoch: int) -> Awaitable[Held]:
        """Take charge of the node and learn what it holds; outcomes not acknowledged yet are
        reported again. A new actor answers once it has looked for sessions on the node, or could
        not; what it finds later it reports as NodeAdopted before NodeCameUp."""
        ...

    def reports(self, epoch: int, after: int) -> Awaitable[Reports]:
        """Return the reports after a sequence number, as soon as there are any."""
        ...

    def render(self, epoch: int, order: RenderFrame) -> Awaitable[None]:
        """Queue a frame; returns when its attempt has ended, however it did."""
        ...

    def withdraw(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """Give an attempt back unless it has begun."""
        ...

    def cancel(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """Kill an attempt's renderer, or drop it from the line."""
        ...

    def acknowledge(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """Forget an outcome: it is saved."""
        ...

    def close_sessions(self, epoch: int, job: JobId) -> Awaitable[None]:
        """End the idle renderers of a job."""
        ...

    def close(self, epoch: int) -> Awaitable[None]:
        """End all renderers and the SSH connection."""
        ...

    def end(self) -> None:
        """End the actor, whatever it is at; returns when its name may be used again. Blocks."""
        ...
