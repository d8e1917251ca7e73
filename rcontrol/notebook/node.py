"""A render node as an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcontrol.errors import NodeNotFound, RcontrolError
from rcontrol.notebook.calls import Calls
from rcontrol.notebook.display import nodes_html
from rcontrol.web.node_models import NodeState


@dataclass(frozen=True, slots=True, repr=False)
class NotebookNode:
    """One node. Knows only its name: whatever it is asked, it asks the farm."""

    calls: Calls
    name: str

    def info(self) -> NodeState:
        """Return all that the farm says of it at the moment. Raises NodeNotFound."""
        for node in self.calls.nodes():
            if node["name"] == self.name:
                return node
        raise NodeNotFound(self.name)

    def why(self) -> str:
        """Return in a sentence why it does nothing, and the remedy, or what it does."""
        return self.calls.why_node(self.name)["why"]

    def pause(self, reason: str = "") -> None:
        """Give it no more frames of any job; it finishes those it has."""
        self.calls.pause_node(self.name, reason)

    def resume(self) -> None:
        """Give it frames again."""
        self.calls.resume_node(self.name)

    def kill_frames(self) -> None:
        """Kill the frames it is at; they go back, first in line."""
        self.calls.kill_frames(self.name)

    def remove(self) -> None:
        """Have it leave the farm; it finishes its frames."""
        self.calls.remove_node(self.name)

    def __repr__(self) -> str:
        return f"NotebookNode({self.name!r})"

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """Show it in Jupyter."""
        try:
            info = self.info()
        except RcontrolError as error:
            return {"text/plain": f"{self!r}: {error}"}
        plain = f"{self.name}: {info['state']} {info['reason']}".rstrip()
        return {"text/plain": plain, "text/html": nodes_html([info])}
