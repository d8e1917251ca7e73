import json
import queue
import threading
import time
from pathlib import Path
from uuid import uuid4

from rcontrol.engines.registry import Engines
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.events import AttemptFailed, AttemptReturned, Event, NodeCameUp, NodeWentDown
from rcontrol.farm.model import AttemptId, JobId, JobSpec
from rcontrol.farm.settings import NodeSettings, SessionSettings
from rcontrol.framelogs import LogWriter
from rcontrol.sessions import DriverThread
from tests.fakes.sshd import Sshd


def order(number: int, folder: Path) -> RenderFrame:
    spec = JobSpec(JobId("job"), "job", str(folder / "no.blend"), "blend", 1, 10)
    return RenderFrame("hex1", AttemptId(f"1-{number}"), 1, spec)


def test_it_serves_from_a_thread_of_its_own(sshd: Sshd, folder: Path) -> None:
    reports: queue.Queue[tuple[str, Event]] = queue.Queue()

    def report(event: Event) -> None:
        reports.put((threading.current_thread().name, event))

    node = NodeSettings("hex1", executables={"blender": "/no/such/blender"})
    driver = DriverThread(
        node,
        f"test-{uuid4().hex[:8]}",
        SessionSettings(),
        report,
        LogWriter(folder, "hex1"),
        Engines().named,
    )
    driver.start(1)
    name, event = reports.get(timeout=30)
    assert isinstance(event, NodeCameUp)
    assert name == "driver hex1"
    driver.queue(order(1, folder))
    while not isinstance(event, AttemptFailed):
        _, event = reports.get(timeout=30)
    assert "no Blender on this node" in event.error
    driver.close_sessions(JobId("job"))
    driver.cancel(AttemptId("1-1"))
    driver.withdraw(AttemptId("1-1"))
    began = time.monotonic()
    driver.stop(15)
    assert time.monotonic() - began < 10
    assert not any(thread.name == "driver hex1" for thread in threading.enumerate())
    _, event = reports.get(timeout=1)
    assert isinstance(event, NodeWentDown)
    driver.queue(order(2, folder))
    _, event = reports.get(timeout=1)
    assert isinstance(event, AttemptReturned)
    assert json.dumps(event.attempt) == '"1-2"'


def test_stopping_before_the_start_is_harmless(folder: Path) -> None:
    driver = DriverThread(
        NodeSettings("hex1"),
        "test",
        SessionSettings(),
        lambda event: None,
        LogWriter(folder, "hex1"),
        Engines().named,
    )
    driver.stop(1)
