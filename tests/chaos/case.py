"""One job that goes through a fault, and what is promised of it."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos import figures
from tests.chaos.invariants import Begun, Done, Evidence, check
from tests.chaos.watch import Watcher
from tests.e2e.server import until

if TYPE_CHECKING:
    from tests.chaos.farm import ChaosFarm

PATIENCE_S = 120.0


class Case:
    """A job of `frames` frames on all nodes, rendered by the stand-in at `pace_s` a frame.

    `files`: what each frame consists of; `acts`: frame -> what the stand-in does with it at the
    first attempt, see `tests/fakes/blender.py`; `out`: where the pictures go, else beside the
    project; `scene`: a real Blender's project instead. `promise` is what docs/reliability.md says
    of the case; `most_given_back` the frames that may have been begun in vain.
    """

    def __init__(
        self,
        farm: "ChaosFarm",
        name: str,
        folder: Path,
        *,
        promise: str = "",
        frames: int = 120,
        pace_s: float = 0.3,
        files: Sequence[str] = ("f_{frame:04}.png",),
        acts: Mapping[int, Sequence[str]] | None = None,
        scene: Path | None = None,
        out: Path | None = None,
        most_given_back: int | None = None,
    ) -> None:
        self.farm, self.name, self.promise = farm, name, promise
        self._most_given_back = most_given_back
        self.frames, self.files = frames, tuple(files)
        self.project = scene or folder / "film.blend"
        self.folder = self.project.parent
        self.out = out or self.folder / "out"
        if scene is None:
            folder.mkdir()
            script = {"out": str(self.out), "files": files, "acts": dict(acts or {})}
            self.project.write_text(json.dumps(script))
        self.pace(pace_s)
        self.job = ""
        self.recovery_s: float | None = None
        """From the fault's end until every node had rendered a frame more."""
        self.clock_ahead_s: tuple[float, ...] = (0.0,)
        """By how much the farm's clock may have been ahead of this machine's: days apart."""
        self.recorded = False
        self._watcher: Watcher | None = None

    # --- a case's course ---

    def begin(self) -> None:
        """Submit and start the job."""
        self.job = self.farm.server.submit(self.project, 1, self.frames)
        self._watcher = Watcher(self.out, f"{self.farm.server.url}/job/status/{self.job}")
        self._watcher.start()
        self.farm.server.get(f"/job/start/{self.job}")

    def until_rendering(self, done: int = 8) -> None:
        """Wait until so many frames are done and every node is at one."""
        self.until_done(done)
        self._until_all_render(0.0)

    def until_done(self, number: int) -> None:
        """Wait until REST says that so many frames are done; the server may be away meanwhile."""
        until(lambda: self.frames_done() >= number, PATIENCE_S, self._why(f"{number} frames done"))

    def fault_ended(self, at: float | None = None) -> float:
        """Wait until every node has begun a frame and the farm has saved it; returns how long.

        And until the server serves. `at`: when the fault ended, in Unix seconds; None: now.
        """
        ended = time.time() if at is None else at
        self._until_all_render(ended)
        self.farm.server.wait_until_serving()
        self.recovery_s = max(self.recovery_s or 0.0, time.time() - ended)
        return self.recovery_s

    def finish(self, status: str = "Finished") -> Evidence:
        """Bring the job to its end, check every invariant and record the figures."""
        self.pace(0.0)
        until(lambda: self.status().get("status") == status, PATIENCE_S, self._why(status))
        assert self._watcher is not None
        self._watcher.stop()
        until(lambda: not self.left_behind(), self.farm.lease_s + 15.0, self._left)
        evidence = self.evidence()
        failures = check(evidence, finished=status == "Finished")
        load = figures.load()
        if self.recovery_s is not None and self.recovery_s > figures.RECOVERY_S * load:
            failures.append(f"the farm took {self.recovery_s:.1f} s to go on, load {load:.1f}")
        most = self._most_given_back
        if most is not None and evidence.given_back > most:
            failures.append(f"{evidence.given_back} frames were begun in vain, not {most}")
        self.record(evidence, failures)
        assert not failures, (failures[:20], self.farm.server.log[-3000:])
        return evidence

    def record(self, evidence: Evidence, failures: Sequence[str]) -> None:
        """Record the figures of the case, once."""
        if not self.recorded:
            self.recorded = True
            figures.record(self.name, self.promise, self.recovery_s, evidence, failures)

    def abandon(self) -> None:
        """Stop watching; the job is stopped if it still renders."""
        if self._watcher is not None:
            self._watcher.stop()
        if self.job and self.status().get("status") in ("Waiting", "Rendering"):
            self.farm.server.http.get(f"/job/stop/{self.job}")

    # --- what is known of it ---

    def pace(self, seconds: float) -> None:
        """Have frames take so long from now on; 0.0: as fast as can be."""
        new = self.folder / "pace.new"
        new.write_text(str(seconds))
        new.rename(self.folder / "pace")

    def until_all_are_at_a_frame(self) -> None:
        """Wait until every node is at a frame, and all that was begun before is saved as done.

        With a pace at which none comes to its end.
        """

        def at_one() -> bool:
            nodes = {each["node"] for each in self.status().get("rendering", ())}
            under_way = len(self.begun()) - len(self.done())
            return nodes == self.farm.nodes.keys() and under_way == len(nodes)

        until(at_one, PATIENCE_S, self._why("not every node is at a frame"))

    def status(self) -> dict[str, Any]:
        """Return what REST says of the job; nothing while the server is away."""
        with suppress(httpx.HTTPError):
            answer = self.farm.server.http.get(f"/job/status/{self.job}")
            if answer.status_code == 200:
                return dict(answer.json())
        return {}

    def frames_done(self) -> int:
        return int(self.status().get("frames_done", 0))

    def begun(self) -> list[Begun]:
        """Return every frame that a stand-in began, in order."""
        file = self.folder / "begun"
        lines = file.read_text().splitlines() if file.exists() else []
        return [Begun(**json.loads(line)) for line in lines]

    def left_behind(self) -> list[str]:
        """Return what is to be gone once the job is over: renderers, sessions, hidden folders."""
        nodes = self.farm.nodes.values()
        return [
            *(f"{node.name}: {each}" for node in nodes for each in node.renderers().items()),
            *(str(folder) for node in nodes for folder in node.sessions()),
            *_hidden_below(self.folder),
            *_hidden_below(self.out),
        ]

    def _left(self) -> str:
        return f"left behind: {self.left_behind()}"

    def evidence(self) -> Evidence:
        assert self._watcher is not None
        frames = range(1, self.frames + 1)
        places = {
            frame: tuple(self.out / name.format(frame=frame) for name in self.files)
            for frame in frames
        }
        watcher = self._watcher
        return Evidence(
            places, self.begun(), self.done(), watcher.sights, watcher.flaws, watcher.words
        )

    def done(self) -> list[Done]:
        """Return the attempts that rendered a frame, from the farm's own database."""
        import sqlite3

        query = "SELECT frame, id, ended_at FROM attempts WHERE job_id = ? AND error = ''"
        with sqlite3.connect(self.farm.server.work / "farm.db") as database:
            rows = database.execute(query, (self.job,)).fetchall()
        return [Done(frame, attempt, self._here(at)) for frame, attempt, at in rows]

    def _here(self, at: float) -> float:
        """Return by this machine's clock what the farm's has said of a moment of this case."""
        return min((at - ahead for ahead in self.clock_ahead_s), key=lambda t: abs(t - time.time()))

    def _until_all_render(self, since: float) -> None:
        def all_did() -> bool:
            done = {each.attempt for each in self.done()}
            late = [each for each in self.begun() if each.at > since and each.attempt in done]
            return {each.node.partition("@")[0] for each in late} >= self.farm.nodes.keys()

        until(all_did, PATIENCE_S, self._why("not every node renders"))

    def _why(self, what: str) -> Callable[[], str]:
        def why() -> str:
            nodes = self.farm.server.http.get("/node/state").text
            return f"{what}: {self.status()} {nodes} {self.farm.server.log[-3000:]}"

        return why


def _hidden_below(folder: Path) -> Iterator[str]:
    # Unlike Path.rglob it does not mind folders that go while it looks.
    for above, folders, files in os.walk(folder):
        yield from (f"{above}/{name}" for name in folders + files if name.startswith(".rcontrol-"))
