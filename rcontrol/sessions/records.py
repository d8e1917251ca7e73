"""What is kept in a session's folder for a controller that knows nothing of it.

Lines of ASCII JSON. Fields this version does not know are passed over, so that a controller can
be replaced by another version while sessions render.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from rcontrol.farm.model import AttemptId, JobId, JobOptions, JobSpec, Publish


@dataclass(frozen=True, slots=True)
class Given:
    """An order as it is written down before the renderer gets it."""

    attempt: AttemptId
    frame: int
    overwrite: bool
    """Whatever the scene says."""
    offset: int
    """The renderer's answer begins at this byte of its output, or later."""
    at: float
    """Unix seconds at which the attempt was ordered, by the controller's clock."""
    frames: int = 0
    """How many the session had rendered before."""
    before: "Given | None" = None
    """The order before this one, where its files were not published yet."""

    @property
    def name(self) -> str:
        """Tells the order from all others; given twice, it is rendered once."""
        return f"{self.attempt}{'!' if self.overwrite else ''}"


@dataclass(frozen=True, slots=True)
class Found:
    """A session that another driver has left at an order."""

    session: str
    spec: JobSpec
    given: Given
    """The newest one."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of the slot that it was started for."""

    @property
    def orders(self) -> tuple[Given, ...]:
        """What may not have come to an outcome, oldest first."""
        before = self.given.before
        return (self.given,) if before is None else (before, self.given)


def spec_line(spec: JobSpec, environment: Mapping[str, str]) -> str:
    """Return a job's spec and its slot's environment as a line."""
    return json.dumps({**asdict(spec), "environment": dict(environment)})


def given_line(given: Given) -> str:
    """Return an order as a line."""
    return json.dumps(asdict(given))


def read_listing(listing: str) -> list[Found]:
    """Return the sessions in the output of `list.sh` that were given an order.

    One whose spec or order cannot be read is left out.
    """
    lines = listing.splitlines()
    found = []
    for session, spec, given in zip(lines[::3], lines[1::3], lines[2::3], strict=False):
        try:
            facts = json.loads(spec)
            environment = dict(facts.get("environment", {}))
            found.append(Found(session, _spec(facts), _given(json.loads(given)), environment))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def _spec(facts: Any) -> JobSpec:
    options = _known(JobOptions, facts["options"])
    options["args"] = tuple(options["args"])
    options["publish"] = Publish(options.get("publish", Publish.FENCED))
    spec = _known(JobSpec, facts)
    return JobSpec(**{**spec, "id": JobId(spec["id"]), "options": JobOptions(**options)})


def _given(facts: Any) -> Given:
    known = _known(Given, facts)
    before = known.pop("before", None)
    return Given(**known, before=None if before is None else _given(before))


def _known(kind: type, facts: Any) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in facts.items() if name in names}
