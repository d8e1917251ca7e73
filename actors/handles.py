"""All that Ray needs to know of the actors: names, options, how to find or start them.

The classes themselves know nothing of Ray, so that tests build them without it.
"""

import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final, TypeVar

import ray
from ray.exceptions import RayActorError, RayTaskError

from actors import job_manager, node_actor
from actors.cluster import NAMESPACE
from actors.links import Held, NodeActorLost, Reports
from actors.ray_meter import RayMeter
from rcontrol.config import Settings
from rcontrol.engines.registry import Engines
from rcontrol.errors import FarmUnavailable
from rcontrol.farm.commands import RenderFrame
from rcontrol.farm.model import AttemptId, JobId
from rcontrol.farm.settings import NodeSettings
from rcontrol.framelogs import LogWriter
from rcontrol.logs import set_up_logging
from rcontrol.sessions import DriverThread
from rcontrol.store import Store, sqlite_url

JOB_MANAGER: Final = "JobManager"
END_S: Final = 10.0
"""How long Ray may take to let go of an actor's name."""

_OPTIONS: Final[dict[str, Any]] = {
    "namespace": NAMESPACE,
    "lifetime": "detached",
    "num_cpus": 0,
    "max_restarts": -1,
    "max_concurrency": 10_000,
    "get_if_exists": True,
}
_T = TypeVar("_T")


def node_actor_name(node: str) -> str:
    """Return the name under which Ray knows a node's actor."""
    return f"node:{node}"


class JobManager(job_manager.JobManager):
    """A JobManager that starts itself, also after Ray has started its process again."""

    def __init__(self, settings: Settings) -> None:
        set_up_logging(settings.log_level, settings.log_file)
        store = Store(settings.database or sqlite_url(settings.work_dir))
        super().__init__(
            settings,
            store,
            lambda node, farm_id: _link(settings, node, farm_id),
            started_again=ray.get_runtime_context().was_current_actor_reconstructed,
            meter=RayMeter(),
        )
        # A call to oneself waits until the constructor is through.
        ray.get_runtime_context().current_actor.start.remote()


class NodeActor(node_actor.NodeActor):
    """A NodeActor that drives a real node."""

    def __init__(self, settings: Settings, node: NodeSettings, farm_id: str) -> None:
        set_up_logging(settings.log_level, settings.log_file)
        super().__init__(
            node.name,
            lambda report: DriverThread(
                node,
                farm_id,
                settings.sessions,
                report,
                LogWriter(settings.logs_dir, node.name),
                Engines(settings.renderers).named,
            ),
        )


def start_job_manager(settings: Settings) -> Any:
    """Find or start the JobManager and return its handle; blocks."""
    actor = ray.remote(JobManager).options(name=JOB_MANAGER, **_OPTIONS)
    return actor.remote(settings)


def find_job_manager() -> Any:
    """Return the handle of a running JobManager.

    Raises:
        FarmUnavailable: there is none in this Ray.
    """
    try:
        return ray.get_actor(JOB_MANAGER, namespace=NAMESPACE)
    except ValueError:
        raise FarmUnavailable("no JobManager runs in this Ray; start `rcontrol serve`") from None


def _link(settings: Settings, node: NodeSettings, farm_id: str) -> "RayNodeLink":
    actor = ray.remote(NodeActor).options(name=node_actor_name(node.name), **_OPTIONS)
    return RayNodeLink(node.name, actor.remote(settings, node, farm_id))


async def answer(call: Awaitable[_T]) -> _T:
    """Await a Ray call and raise what the actor raised, as it raised it.

    Raises:
        FarmUnavailable: the actor died or does not answer; the call may have taken effect.
    """
    try:
        return await call
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, Exception) else error) from None
    except RayActorError as error:
        raise FarmUnavailable(_first_line(error)) from None


def answer_now(call: Any, timeout_s: float | None = None) -> Any:
    """Do as `answer` does, blocking; for programs without an event loop."""
    try:
        return ray.get(call, timeout=timeout_s)
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, Exception) else error) from None
    except RayActorError as error:
        raise FarmUnavailable(_first_line(error)) from None


def arrived(call: Any, timeout_s: float) -> bool:
    """Wait for the answer to a call, and return whether it is there."""
    done, _ = ray.wait([call], timeout=timeout_s)
    return bool(done)


class RayNodeLink:
    """A `links.NodeLink` over a Ray actor handle."""

    def __init__(self, node: str, handle: Any) -> None:
        self._node = node
        self._handle = handle

    def adopt(self, epoch: int) -> Awaitable[Held]:
        """See `links.NodeLink`."""
        return self._call("adopt", epoch)

    def reports(self, epoch: int, after: int) -> Awaitable[Reports]:
        """See `links.NodeLink`."""
        return self._call("reports", epoch, after)

    def render(self, epoch: int, order: RenderFrame) -> Awaitable[None]:
        """See `links.NodeLink`; the call is named after the frame, for Ray's dashboard."""
        remote = self._handle.render.options(name=order.task_name).remote
        return self._await(remote(epoch, order))

    def withdraw(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """See `links.NodeLink`."""
        return self._call("withdraw", epoch, attempt)

    def cancel(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """See `links.NodeLink`."""
        return self._call("cancel", epoch, attempt)

    def acknowledge(self, epoch: int, attempt: AttemptId) -> Awaitable[None]:
        """See `links.NodeLink`."""
        return self._call("acknowledge", epoch, attempt)

    def close_sessions(self, epoch: int, job: JobId) -> Awaitable[None]:
        """See `links.NodeLink`."""
        return self._call("close_sessions", epoch, job)

    def close(self, epoch: int) -> Awaitable[None]:
        """See `links.NodeLink`."""
        return self._call("close", epoch)

    def end(self) -> None:
        """See `links.NodeLink`."""
        ray.kill(self._handle, no_restart=True)
        deadline = time.monotonic() + END_S
        with suppress(ValueError):
            while time.monotonic() < deadline:
                ray.get_actor(node_actor_name(self._node), namespace=NAMESPACE)
                time.sleep(0.05)

    def _call(self, method: str, *arguments: Any) -> Awaitable[Any]:
        # Kept out of Ray's task table, which is to show frames.
        remote = getattr(self._handle, method).options(enable_task_events=False).remote
        return self._await(remote(*arguments))

    async def _await(self, call: Awaitable[Any]) -> Any:
        try:
            return await answer(call)
        except FarmUnavailable as error:
            raise NodeActorLost(self._node, error.cause) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
