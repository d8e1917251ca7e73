"""Farms to look at: a studio's working day, a queue of thousands, a job of a hundred thousand.

`python -m tests.page.studio` serves the studio, to try the page by hand.
"""

import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw
from starlette.applications import Starlette

from rcontrol.config import NodeKeys
from rcontrol.config.load import node_of
from rcontrol.farm import events as ev
from rcontrol.farm.model import Blame, JobId, JobOptions, JobSpec, JobStatus
from rcontrol.storage import Storage
from rcontrol.web.app import create_app
from rcontrol.web.site import page_routes
from tests.fakes.farm import FakeFarm
from tests.fakes.logs import keep_log
from tests.farm.simulated import Simulation
from tests.web.server import serving

NODES = ("atlas", "boreas", "calypso", "daphne", "echo")
PACE_S = {"atlas": 41.0, "boreas": 47.0, "calypso": 62.0, "daphne": 44.0, "forge": 88.0}
"""How long a frame takes on a node, on the whole."""
SHOTS = (
    ("sq010_sh020_lighting", 1001, 1096, "Finished"),
    ("sq010_sh030_lighting", 1001, 1048, "Finished"),
    ("sq020_sh010_fx_rain", 1, 60, "Failed"),
    ("sq020_sh040_lighting", 1001, 1240, "Rendering"),
    ("sq020_sh050_lighting", 1001, 1120, "Waiting"),
    ("sq030_sh010_layout", 1, 480, "Stopped"),
    ("sq030_sh015_crowd", 1, 1200, "Waiting"),
    ("sq040_sh005_turntable", 1, 24, "Waiting"),
    ("titles_v012", 1, 150, "Waiting"),
)
LOG = """\
Read blend: "{path}"
Fra:{frame} Mem:412.20M (Peak 412.91M) | Time:00:01.02 | Syncing Terrain
Fra:{frame} Mem:655.82M (Peak 655.82M) | Time:00:02.81 | Scene, View Layer | Updating Geometry BVH
Fra:{frame} Mem:981.04M (Peak 990.11M) | Time:00:04.10 | Scene, View Layer | Sample 0/128
Fra:{frame} Mem:981.04M (Peak 990.11M) | Time:00:19.58 | Scene, View Layer | Sample 64/128
Fra:{frame} Mem:981.04M (Peak 990.11M) | Time:00:38.44 | Scene, View Layer | Sample 128/128
"""


def spec(sim: Simulation, base: Path, name: str, first: int, last: int, number: int) -> JobSpec:
    path = base / "film" / name.partition("_")[0] / f"{name}.blend"
    options = JobOptions(output=str(base / "renders" / name / "f_"))
    job = JobId(f"{random.Random(name).getrandbits(128):032x}")
    return JobSpec(job, name, str(path), "blend", first, last, options, 0, sim.now + number)


def studio(base: Path, pictures: Sequence[Path] = ()) -> FakeFarm:
    """A day in a studio: jobs in every status, nodes in every state."""
    rng = random.Random(7)
    _fill(base)
    farm = FakeFarm(Storage(base), NODES, base.parent / "logs", since=time.time() - 4 * 3600)
    sim = farm.simulate(lambda sim: sim)
    farm.simulate(lambda sim: _add_forge(farm, sim))
    jobs = []
    for number, (name, first, last, _) in enumerate(SHOTS):
        spec_ = spec(sim, base, name, first, last, number)
        names = frozenset([*NODES, "forge"]) - ({"echo"} if number % 2 else set())
        sim.send(ev.JobSubmitted(sim.now, spec_, names))
        jobs.append(spec_.id)
    farm.lose("echo", "the host key of echo has changed; ssh-keygen -R echo, then compare anew")
    begun = [(job, shot) for job, shot in zip(jobs, SHOTS, strict=True) if shot[3] != "Waiting"]
    # What still renders comes last: jobs that are started share the nodes.
    for job, (_, first, last, status) in sorted(begun, key=lambda one: one[1][3] == "Rendering"):
        sim.send(ev.JobStarted(sim.now, job))
        share = {"Rendering": 0.62, "Stopped": 0.31, "Failed": 1.0}.get(status, 2.0)
        _work(farm, job, int((last - first + 1) * share), rng, pictures, status == "Failed")
        if status == "Stopped":
            sim.send(ev.JobStopped(sim.now, job))
    sim.now = max(sim.now, time.time())
    farm.simulate(lambda sim: sim.send(ev.NodePaused(sim.now, "daphne", "new GPU goes in at 4 pm")))
    for node in ("atlas", "boreas", "calypso", "forge"):
        farm.begin(node)
        if sim.running(node):
            farm.progress(node, rng.uniform(8.0, 95.0))
    return farm


def _fill(base: Path) -> None:
    for name, *_ in SHOTS:
        folder = base / "film" / name.partition("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.blend").write_bytes(b"BLENDER" + bytes(len(name) * 40_000))
    for name in ("assets", "reference", "renders"):
        (base / name).mkdir(exist_ok=True)
    (base / "film" / "notes.txt").write_text("shots\n")


def _add_forge(farm: FakeFarm, sim: Simulation) -> None:
    keys = NodeKeys.model_validate({"name": "forge", "slots": 2})
    sim.send(ev.NodeAdded(sim.now, node_of(farm.config, keys)))


def _work(
    farm: FakeFarm,
    job: JobId,
    frames: int,
    rng: random.Random,
    pictures: Sequence[Path],
    failing: bool,
) -> None:
    """Have the nodes render so many frames of a job, each at its pace."""
    sim = farm.simulate(lambda sim: sim)
    due: dict[str, float] = {}
    takes: dict[str, float] = {}
    done = 0
    while done < frames and farm.view().jobs[job].job.status is JobStatus.RENDERING:
        for node, pace in PACE_S.items():
            if sim.running(node) is None:
                farm.begin(node)
            if sim.running(node) and node not in due:
                takes[node] = rng.gauss(pace, pace * 0.09) * (1 + 0.4 * (done / frames))
                due[node] = sim.now + takes[node]
        if not due:
            farm.tick(1.0)
            continue
        node = min(due, key=lambda name: due[name])
        farm.tick(max(0.0, due.pop(node) - sim.now))
        attempt = sim.running(node)
        if attempt is None:
            continue
        order = sim.nodes[node].held[attempt]
        text = LOG.format(frame=order.frame, path=order.spec.path)
        if failing or (node == "calypso" and rng.random() < 0.05):
            text += "Error: Out of memory\n" if not failing else "Error: Cannot find /rain.vdb\n"
            keep_log(farm.logs_dir, job, order.frame, attempt, text.encode())
            _fail(sim, node, failing)
        else:
            if pictures:
                farm.picture_of = str(pictures[order.frame % len(pictures)])
            if done > frames - 30:
                text += f"Saved: '{order.spec.options.output}{order.frame:04}.png'\n"
                keep_log(farm.logs_dir, job, order.frame, attempt, text.encode())
            farm.finish(node, takes[node])
        done += 1


def _fail(sim: Simulation, node: str, hopeless: bool) -> None:
    attempt = sim.running(node)
    assert attempt is not None
    order = sim.nodes[node].drop(attempt)
    assert order is not None
    error = "Error: Cannot find /mnt/film/cache/rain.vdb" if hopeless else "Error: Out of memory"
    held = (attempt, order.spec.id, order.frame)
    sim.send(ev.AttemptFailed(sim.now, node, *held, 40.0, error, Blame.JOB, False))


def crowd(base: Path, jobs: int = 5000) -> FakeFarm:
    """A queue of thousands, the first of which renders."""
    farm = FakeFarm(Storage(base), NODES, since=time.time())

    def submit(sim: Simulation) -> None:
        sim.checks = False
        for number in range(jobs):
            one = spec(sim, base, f"sq{number // 100:03}_shot_{number:04}", 1, 240, number)
            sim.send(ev.JobSubmitted(sim.now, one, frozenset(NODES)))

    farm.simulate(submit)
    first = next(iter(farm.view().jobs))
    farm.simulate(lambda sim: sim.send(ev.JobStarted(sim.now, first)))
    return farm


def marathon(base: Path, frames: int = 100_000, done: int = 3_000) -> tuple[FakeFarm, JobId]:
    """One job of very many frames, some of which are done."""
    farm = FakeFarm(Storage(base), NODES, since=time.time())
    sim = farm.simulate(lambda sim: sim)
    sim.checks = False
    one = spec(sim, base, "marathon", 1, frames, 0)

    def begin(sim: Simulation) -> None:
        sim.send(ev.JobSubmitted(sim.now, one, frozenset(NODES)))
        sim.send(ev.JobStarted(sim.now, one.id))
        for number in range(done):
            sim.now += 1.0
            sim.finish(NODES[number % len(NODES)])

    farm.simulate(begin)
    return farm, one.id


def drawn_pictures(folder: Path, number: int = 24) -> list[Path]:
    """Draw a small animation: a disc on its way round."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for frame in range(number):
        picture = Image.new("RGB", (320, 180), (18, 24, 38))
        draw = ImageDraw.Draw(picture)
        x = 40 + 240 * frame / number
        draw.ellipse((x - 30, 60, x + 30, 120), fill=(230, 140 + 4 * frame, 60))
        paths.append(folder / f"f_{frame:04}.png")
        picture.save(paths[-1])
    return paths


def page(farm: FakeFarm) -> Starlette:
    """The front end of a farm, its page included."""
    return create_app(farm, farm.storage, farm.logs, extra_routes=page_routes(), clock=farm.clock)


@contextmanager
def alive(farm: FakeFarm, step_s: float = 0.4) -> Iterator[None]:
    """Have time pass, and what renders go on: every step takes a frame further, or finishes it."""
    ended = threading.Event()
    percents: dict[str, float] = {}

    def live() -> None:
        rng = random.Random(3)
        sim = farm.simulate(lambda sim: sim)
        while not ended.wait(step_s):
            farm.tick(max(0.0, time.time() - sim.now))
            for node in list(sim.nodes):
                farm.begin(node)
                if sim.running(node) is None:
                    continue
                percents[node] = percents.get(node, 40.0) + rng.uniform(2.0, 9.0)
                if percents[node] < 100.0:
                    farm.progress(node, percents[node])
                else:
                    percents[node] = 0.0
                    farm.finish(node, PACE_S.get(node, 40.0) * rng.uniform(1.1, 1.5))

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)


def main() -> None:
    """Serve a farm until Ctrl-C: `studio`, `crowd` or `marathon`."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "film-store"
        base.mkdir()
        kind = sys.argv[1] if len(sys.argv) > 1 else "studio"
        if kind == "crowd":
            farm = crowd(base)
        elif kind == "marathon":
            farm, _ = marathon(base)
        else:
            farm = studio(base, drawn_pictures(base / "renders"))
        with serving(page(farm)) as url, alive(farm):
            print(url, flush=True)
            threading.Event().wait()


if __name__ == "__main__":
    main()
