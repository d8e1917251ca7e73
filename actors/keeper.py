"""Keeps a good copy of the farm's database beside it."""

import asyncio
import logging
from typing import Final, Protocol

from rcontrol.errors import StoreError

log = logging.getLogger(__name__)

COPY_EVERY_S: Final = 300.0


class Copied(Protocol):
    """What copies itself: `rcontrol.store.Store`."""

    def keep_copy(self) -> None:
        """Have a verified copy, unless nothing has changed since the last. Raises StoreError."""
        ...


async def keep_copies(store: Copied) -> None:
    """Have a copy made now and every five minutes in which something changed, for ever."""
    while True:
        try:
            await asyncio.to_thread(store.keep_copy)
        except StoreError as error:
            log.warning("farm.not_copied", extra={"cause": error.cause})
        await asyncio.sleep(COPY_EVERY_S)
