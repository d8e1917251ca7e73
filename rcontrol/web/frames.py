"""What pages ask of a job's frames; the farm is asked once, however many pages look."""

import asyncio
import re
import time
from array import array
from collections import OrderedDict
from typing import Final

from rcontrol.farm.model import FrameStatus, JobId
from rcontrol.farm.views import JobView
from rcontrol.gateway import Farm
from rcontrol.web.frame_models import FrameResults

EVERY_S: Final = 0.5
"""Between two questions to the farm about one job, at least."""
JOBS_KEPT: Final = 8
RESULTS_A_QUESTION: Final = 10_000
RESULTS_AN_ANSWER: Final = 20_000
LETTERS: Final = {
    FrameStatus.PENDING: "p",
    FrameStatus.RENDERING: "r",
    FrameStatus.DONE: "d",
    FrameStatus.GIVEN_UP: "f",
}

SAME: Final = re.compile(rb"(.)\1*", re.DOTALL)


class JobFrames:
    """The frames of the jobs that pages have looked at last."""

    def __init__(self, farm: Farm) -> None:
        self._farm = farm
        self._jobs: OrderedDict[JobId, _Known] = OrderedDict()

    async def states(self, view: JobView) -> str:
        """Return the states of a job's frames in their order, as `runs` writes them."""
        return runs((await self._known(view)).states)

    async def results(self, view: JobView, after: int) -> FrameResults:
        """Return the outcomes of a job's attempts, but for the first `after` of them."""
        return (await self._known(view)).results_after(after)

    async def _known(self, view: JobView) -> "_Known":
        job = view.job.id
        known = self._jobs.setdefault(job, _Known())
        self._jobs.move_to_end(job)
        while len(self._jobs) > JOBS_KEPT:
            self._jobs.popitem(last=False)
        async with known.asking:
            # Looked up anew: it has changed while others were waited for.
            now = self._farm.view().jobs.get(job, view)
            if known.view is not now:
                await asyncio.sleep(known.asked_at + EVERY_S - time.monotonic())
                known.asked_at = time.monotonic()
                now = self._farm.view().jobs.get(job, now)
                await known.learn(self._farm, now)
        return known


class _Known:
    """One job's frames as of `view`."""

    def __init__(self) -> None:
        self.view: JobView | None = None
        self.states = b""
        self.asking = asyncio.Lock()
        self.asked_at = 0.0
        self._last = 0
        """The store's number of the last result."""
        self._names: dict[str, int] = {}
        self._frames = array("l")
        self._nodes = array("H")
        self._seconds = array("f")
        self._done = bytearray()

    async def learn(self, farm: Farm, view: JobView) -> None:
        job = view.job.id
        self.states = await farm.frame_states(job)
        while found := await farm.frame_results(job, self._last, RESULTS_A_QUESTION):
            for result in found:
                self._frames.append(result.frame)
                self._nodes.append(self._names.setdefault(result.node, len(self._names)))
                self._seconds.append(result.seconds)
                self._done.append(result.done)
            self._last = found[-1].number
            if len(found) < RESULTS_A_QUESTION:
                break
        self.view = view

    def results_after(self, after: int) -> FrameResults:
        part = slice(after, after + RESULTS_AN_ANSWER)
        return {
            "total": len(self._frames),
            "names": list(self._names),
            "frames": list(self._frames[part]),
            "nodes": list(self._nodes[part]),
            "seconds": [round(seconds, 3) for seconds in self._seconds[part]],
            "done": [bool(done) for done in self._done[part]],
        }


def runs(states: bytes) -> str:
    """Return states as letters with the lengths of their runs: `d12r1p87`."""
    return "".join(
        f"{LETTERS[FrameStatus(run[0][0])]}{len(run[0])}" for run in SAME.finditer(states)
    )
