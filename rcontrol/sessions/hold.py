"""A session held through one channel after the other."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final

from rcontrol.errors import NodeUnreachable, SessionError
from rcontrol.farm.settings import SessionSettings
from rcontrol.sessions import node_scripts
from rcontrol.sessions.attachment import Attachment, Detached, Exited, Output
from rcontrol.sessions.reach import Reach
from rcontrol.ssh import Connection, Process

log = logging.getLogger(__name__)

LONGEST_HEARTBEAT_S: Final = 10.0
MARGIN_S: Final = 5.0
"""A session may live this much longer than its lease: its watchdog counts slowly, and ends the
renderer only then."""
MOST_TRIES: Final = 5
"""Channels that may break one after the other over one connection that stands."""
PAUSE_S: Final = 0.2


class Hold:
    """Stays attached while there is a connection, and attaches again where it was.

    `take` gets the lines of output, each once; `over` gets Exited, and every Detached.
    """

    def __init__(
        self,
        reach: Reach,
        place: tuple[str, str],
        session: str,
        epoch: int,
        settings: SessionSettings,
        output: Output,
        take: Callable[[str], None],
        over: Callable[[Exited | Detached], None],
    ) -> None:
        self._reach, self._place, self._session = reach, place, session
        self._epoch, self._lease_s = epoch, settings.lease_s
        self._take, self._over = take, over
        self.output = output
        self._attachment: Attachment | None = None
        self._attaching = asyncio.Lock()
        self._order: tuple[str, str] | None = None
        self._signed_at = self.output.heard_at
        self._used: Connection | None = None
        self._tries = 0

    @property
    def detached(self) -> bool:
        """Whether there is no channel at the moment."""
        return self._attachment is None or self._attachment.detached is not None

    async def order(self, facts: str, text: str) -> None:
        """Give an order. It is given again through each further channel until `answered`."""
        attachment = await self.attached()
        self.output.heard_at = asyncio.get_running_loop().time()
        self._order = (facts, text)
        await attachment.order(facts, text)

    def answered(self) -> None:
        """The renderer has said how the order ended."""
        self._order = None
        self._tries = 0

    async def attached(self) -> Attachment:
        """Return a channel that works; waits for a connection while the session can be alive.

        Raises SessionError when it no longer can, is gone, or belongs to a newer epoch.
        """
        async with self._attaching:
            return await self._attach()

    async def _attach(self) -> Attachment:
        while True:
            if self._attachment is not None:
                if self._attachment.detached is None:
                    return self._attachment
                self._part(self._attachment, self._attachment.detached)
            connection = await self._connection()
            try:
                process = await connection.start(
                    node_scripts.ATTACH,
                    *self._place,
                    self._session,
                    f"{self._epoch}.{secrets.token_hex(8)}",
                    str(self.output.offset),
                )
            except NodeUnreachable as error:
                await self._count_try(error.cause)
                continue
            await self._take_up(process)

    def close(self) -> None:
        """Leave the session; it goes on until its lease is over."""
        if self._attachment is not None:
            self._attachment.close()

    async def _take_up(self, process: Process) -> None:
        heartbeat_s = min(self._lease_s / 4, LONGEST_HEARTBEAT_S)
        self.output.heard_at = asyncio.get_running_loop().time()
        self._attachment = Attachment(
            process, self._session, heartbeat_s, self.output, self._take, self._over
        )
        if self._order is not None:
            log.info("session.held_again", extra={"session": self._session})
            await self._attachment.order(*self._order)

    def _part(self, attachment: Attachment, how: Detached) -> None:
        attachment.close()
        self._attachment = None
        self._signed_at = max(self._signed_at, attachment.signed_at)
        if how.for_good:
            raise SessionError(self._place[1], how.cause)

    async def _connection(self) -> Connection:
        """Wait for a connection, and a little before the same one is used again."""
        deadline = self._signed_at + self._lease_s + MARGIN_S
        try:
            async with asyncio.timeout_at(deadline):
                connection = await self._reach.wait()
        except TimeoutError:
            words = f"connection lost for longer than the lease ({self._lease_s} s)"
            raise SessionError(self._place[1], words) from None
        if connection is self._used:
            await self._count_try("its channel breaks again and again")
        else:
            self._used, self._tries = connection, 0
        return connection

    async def _count_try(self, cause: str) -> None:
        self._tries += 1
        if self._tries > MOST_TRIES:
            raise SessionError(self._place[1], f"connection lost: {cause}")
        await asyncio.sleep(self._tries * PAUSE_S)
