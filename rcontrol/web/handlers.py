"""What each endpoint does, between a checked request and the answer's content."""

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from rcontrol.config import NodeKeys
from rcontrol.errors import NodeNotFound
from rcontrol.farm.model import JobId, JobOptions, Publish
from rcontrol.gateway import JobRequest
from rcontrol.web import wire
from rcontrol.web.answers import NO_STORE
from rcontrol.web.call import Call
from rcontrol.web.metrics import exposition
from rcontrol.web.models import (
    AutostartState,
    FarmState,
    Folder,
    JobCreated,
    JobInfo,
    JobStatusAnswer,
    Summary,
    WhyAnswer,
)
from rcontrol.web.node_models import NodeState, PauseOrder
from rcontrol.web.orders import FolderOrder, JobOrder, MoveOrder

# --- jobs ---


async def submit(call: Call) -> JobCreated:
    """Check and queue a job."""
    order = call.order(JobOrder)
    job = await call.farm.submit(
        JobRequest(
            path=order.path,
            start_frame=order.start_frame,
            end_frame=order.end_frame,
            nodes=tuple(order.nodes),
            engine=order.render_engine or "",
            name=order.name or "",
            options=JobOptions(
                order.output or "", order.scene or "", tuple(order.args), Publish(order.publish)
            ),
            priority=order.priority,
            frames=order.frames,
        )
    )
    return {"job_id": job}


async def summary(call: Call) -> Summary:
    """Return the whole queue in short."""
    return wire.summary(call.farm.view(), call.at)


async def job_status(call: Call) -> JobStatusAnswer:
    """Return a job in the words of 2018."""
    return wire.job_status(call.job_view(), call.farm.view().members, call.at)


async def jobs_info(call: Call) -> list[JobInfo]:
    """Return every job in queue order."""
    view = call.farm.view()
    return [wire.job_info(job, view.members, call.at) for job in view.jobs.values()]


async def job_info(call: Call) -> JobInfo:
    """Return a job in the words of 2022."""
    return wire.job_info(call.job_view(), call.farm.view().members, call.at)


async def start(call: Call) -> None:
    """Start or resume a job at once, beside any that already render."""
    await call.farm.start(call.job)


async def stop(call: Call) -> None:
    """Kill a job's renders now; status Stopped."""
    await call.farm.stop(call.job)


async def enqueue(call: Call) -> None:
    """Put a Stopped or Failed job back in the queue."""
    await call.farm.enqueue(call.job)


async def delete(call: Call) -> None:
    """Remove a job that is not Rendering."""
    await call.farm.delete(call.job)


async def move(call: Call) -> None:
    """Put a job before another one in the queue, or last."""
    before = call.order(MoveOrder).before
    await call.farm.move(call.job, None if before is None else JobId(before))


async def clear(call: Call) -> None:
    """Remove every job that is Finished."""
    await call.farm.clear_finished()


async def why_job(call: Call) -> WhyAnswer:
    """Return in a sentence what a job waits for."""
    return wire.why(await call.farm.why_job(call.job))


# --- the whole farm ---


async def events(call: Call) -> Response:
    """Stream the farm and its changes as server-sent events; see docs/architecture.md."""
    return StreamingResponse(
        call.live.stream(call.headers.get("last-event-id", "")),
        media_type="text/event-stream",
        headers={**NO_STORE, "X-Accel-Buffering": "no"},
    )


# --- nodes ---


async def node_names(call: Call) -> list[str]:
    """Return the names of the nodes in order."""
    return [node.name for node in call.farm.view().members]


async def node_states(call: Call) -> list[NodeState]:
    """Return every node with what it does, also one that leaves."""
    return [wire.node_state(node) for node in call.farm.view().nodes]


async def node_state(call: Call) -> NodeState:
    """Return a node with what it does."""
    for node in call.farm.view().nodes:
        if node.name == call.node:
            return wire.node_state(node)
    raise NodeNotFound(call.node)


async def add_node(call: Call) -> None:
    """Add a node, in the words of an entry of `render_nodes`; it outlives a restart."""
    await call.farm.add_node(call.order(NodeKeys))


async def remove_node(call: Call) -> None:
    """Have a node leave the farm; it finishes the frames it has."""
    await call.farm.remove_node(call.node)


async def pause_node(call: Call) -> None:
    """Give a node no more frames of any job; it finishes those it has."""
    await call.farm.pause_node(call.node, call.order(PauseOrder).reason)


async def resume_node(call: Call) -> None:
    """Give a paused node frames again."""
    await call.farm.resume_node(call.node)


async def kill_frames(call: Call) -> None:
    """Kill the frames a node is at; they go back, first in line."""
    await call.farm.kill_frames(call.node)


async def reload_nodes(call: Call) -> None:
    """Take the nodes from the configuration file as it is now."""
    await call.farm.reload_nodes()


async def why_node(call: Call) -> WhyAnswer:
    """Return in a sentence why a node does nothing, or what it does."""
    return wire.why(await call.farm.why_node(call.node))


async def enable_node(call: Call) -> None:
    """Let a node render one job."""
    await call.farm.set_node_enabled(call.job, call.node, True)


async def disable_node(call: Call) -> None:
    """Give a node no more frames of one job; it finishes the one it has."""
    await call.farm.set_node_enabled(call.job, call.node, False)


# --- storage, config, document ---


async def list_folder(call: Call) -> Folder:
    """List a folder of the shared storage."""
    path = call.order(FolderOrder).path or ""
    listing = await to_thread.run_sync(call.storage.list, path)
    return wire.folder(listing)


async def autostart(call: Call) -> AutostartState:
    """Return whether waiting jobs start by themselves."""
    return {"autostart": call.farm.view().autostart}


async def enable_autostart(call: Call) -> None:
    """Have waiting jobs start by themselves."""
    await call.farm.set_autostart(True)


async def disable_autostart(call: Call) -> None:
    """Have waiting jobs wait for a person."""
    await call.farm.set_autostart(False)


async def farm_state(call: Call) -> FarmState:
    """Return how the farm as a whole is."""
    return wire.farm_state(call.farm.view())


async def metrics(call: Call) -> Response:
    """Return the farm in figures, for Prometheus."""
    content, media_type = exposition(call.farm.view(), call.headers.get("accept", ""))
    return Response(content, headers={**NO_STORE, "Content-Type": media_type})


async def openapi(call: Call) -> Mapping[str, Any]:
    """Return this API's OpenAPI 3.1 document."""
    return call.document
