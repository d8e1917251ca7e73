"""A node's connection, for those who outlive it."""

import asyncio

from rcontrol.errors import NodeUnreachable
from rcontrol.ssh import Connection


class Reach:
    """The connection to a node while there is one. The driver sets it, sessions use it."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._connection: Connection | None = None
        self._cause = "connecting"
        self._standing = asyncio.Event()

    def open(self, connection: Connection) -> None:
        """There is a connection."""
        self._connection = connection
        self._standing.set()

    def close(self, cause: str) -> None:
        """There is none any more."""
        self._connection, self._cause = None, cause
        self._standing.clear()

    def connection(self) -> Connection:
        """Return the connection. Raises NodeUnreachable when there is none."""
        if self._connection is None:
            raise NodeUnreachable(self._node, self._cause)
        return self._connection

    async def wait(self) -> Connection:
        """Wait for a connection."""
        while self._connection is None:
            await self._standing.wait()
        return self._connection
