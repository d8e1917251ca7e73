"""Several processes at one database, and processes that are killed."""

import random
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from rcontrol.store import Store, sqlite_url
from tests.store.examples import JOB

_OPEN = """
import sys
from rcontrol.store import Store
sys.stdin.readline()
store = Store(sys.argv[1])
store.open()
print(store.farm_id, store.raise_epoch())
store.close()
"""

_SAVE = """
import sys
from rcontrol.farm.model import Changes, FrameStatus
from rcontrol.store import Store
from tests.store.examples import JOB, ended, job
store = Store(sys.argv[1])
store.open()
store.raise_epoch()
store.save(Changes(jobs=(job(),)))
saved = len(store.attempts(JOB, limit=10**6))
while True:
    frame = saved + 1
    done = {JOB: {frame: (FrameStatus.DONE, 0)}}
    store.save(Changes(frames=done, attempts=(ended(frame, frame),)))
    saved = frame
    print(saved, flush=True)
"""


def _start(script: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_open_a_new_database_at_once(url: str, attempt: int) -> None:
    processes = [_start(_OPEN, url) for _ in range(5)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        answers.append(out.split())
    assert len({farm_id for farm_id, _ in answers}) == 1
    assert sorted(int(epoch) for _, epoch in answers) == [1, 2, 3, 4, 5]


def test_what_a_killed_process_reported_saved_is_saved(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    reported = 0
    for seed in range(6):
        process = _start(_SAVE, url)
        assert process.stdout is not None
        process.stdout.readline()
        Timer(random.Random(seed).uniform(0.01, 0.2), process.kill).start()
        lines = process.stdout.read().splitlines()
        process.communicate(timeout=60)
        reported = max(reported, *(int(line) for line in lines[-1:]), 0)

        store = Store(url)
        store.open()
        (stored,) = store.load().jobs
        ((frames, _, _),) = stored.frames
        assert reported <= len(frames) <= reported + 1
        assert [one.attempt.frame for one in store.attempts(JOB, limit=10**6)] == list(frames)
        store.close()
