"""What a node is asked about its sessions as a whole: which there are, and that some are to end."""

import logging
import secrets

from rcontrol.errors import SessionError
from rcontrol.farm.settings import SessionSettings
from rcontrol.sessions import node_scripts
from rcontrol.sessions.records import Found, read_listing
from rcontrol.ssh import Connection

log = logging.getLogger(__name__)


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
        tenths(settings.grace_s),
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


def tenths(seconds: float) -> str:
    """Return a time as the scripts want it."""
    return str(max(0, round(10 * seconds)))
