"""A request that has been checked, and what it may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import CapacityLimiter
from pydantic import BaseModel
from starlette.datastructures import Headers

from rcontrol.errors import JobNotFound
from rcontrol.farm.model import JobId
from rcontrol.farm.views import JobView
from rcontrol.framelogs import Logs
from rcontrol.gateway import Farm
from rcontrol.storage import Storage
from rcontrol.web.frames import JobFrames
from rcontrol.web.live import Live
from rcontrol.web.pictures import Pictures

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose path and body have been checked."""

    farm: Farm
    storage: Storage
    filetypes: Sequence[str]
    """Endings of the files that are frames; empty: those of images."""
    logs: Logs
    log_readers: CapacityLimiter
    """How many logs are read at a time."""
    document: Mapping[str, Any]
    """The OpenAPI document."""
    frames: JobFrames
    pictures: Pictures
    live: Live
    headers: Headers
    at: float
    """Unix seconds."""
    node: str = ""
    """Of the path: a configured node."""
    job: JobId = JobId("")
    """Of the path: not looked up yet."""
    frame: int = 0
    """Of the path: any number."""
    query: BaseModel | None = None
    body: BaseModel | None = None
    """Instances of the route's models."""

    def order(self, model: type[Body]) -> Body:
        """Return the body, or the query. Raises TypeError where the route has another model."""
        for order in (self.body, self.query):
            if isinstance(order, model):
                return order
        raise TypeError(f"the route has no {model.__name__}")

    def job_view(self) -> JobView:
        """Return the job of the path. Raises JobNotFound."""
        try:
            return self.farm.view().jobs[self.job]
        except KeyError:
            raise JobNotFound(self.job) from None
