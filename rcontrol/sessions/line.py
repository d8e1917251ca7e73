"""Which waiting order goes to which free slot."""

from collections.abc import Sequence

from rcontrol.farm.commands import RenderFrame
from rcontrol.sessions.slot import Slot


def choose(line: Sequence[RenderFrame], slots: Sequence[Slot]) -> tuple[RenderFrame, Slot] | None:
    """Return the next pair to bring together, or None.

    First come, first served, at the slot whose session has the job loaded if there is one. An
    order is passed over only when a busy slot has its job loaded while a free one has a later
    order's.
    """
    idle = [slot for slot in slots if slot.idle]
    if not idle:
        return None
    loaded = {slot.job: slot for slot in idle if slot.job is not None}
    busy_with = {slot.job for slot in slots if not slot.idle}
    later_fits = any(order.spec.id in loaded for order in line)
    for order in line:
        if order.spec.id in loaded:
            return order, loaded[order.spec.id]
        if not (later_fits and order.spec.id in busy_with):
            return order, min(idle, key=lambda slot: slot.job is not None)
    return None
