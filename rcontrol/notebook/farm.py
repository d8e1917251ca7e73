"""A farm as an object whose jobs and nodes are objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import Unpack

from rcontrol.errors import BadRequest, JobNotFound, RcontrolError
from rcontrol.notebook.calls import Calls, SubmitOptions
from rcontrol.notebook.display import jobs_html, nodes_html
from rcontrol.notebook.job import NotebookJob
from rcontrol.notebook.node import NotebookNode


@dataclass(frozen=True, slots=True, repr=False)
class NotebookFarm:
    """A running farm. An action returns when it is durable, and raises what was refused.

    It lives elsewhere: nothing happens to it when a notebook ends, in whatever way.
    """

    calls: Calls

    def submit(
        self,
        path: str,
        start_frame: int | None = None,
        end_frame: int | None = None,
        nodes: Sequence[str] | None = None,
        **options: Unpack[SubmitOptions],
    ) -> NotebookJob:
        """Queue a job.

        Args:
            path: project file, absolute or relative to the server's base directory.
            start_frame: first frame.
            end_frame: last frame.
            nodes: names of the nodes that may render it; None: all of them.
            options: `frames` (an expression such as `1-100x5`, instead of first and last), `name`,
                `output`, `scene` and others, as `client.Client.submit` has them.
        """
        job = self.calls.submit(path, start_frame, end_frame, nodes, **options)
        return NotebookJob(self.calls, job)

    def jobs(self) -> list[NotebookJob]:
        """Return every job in queue order."""
        return [NotebookJob(self.calls, info["id"]) for info in self.calls.jobs()]

    def job(self, begins: str) -> NotebookJob:
        """Return the job with this id, or the only one whose id begins so.

        Raises:
            JobNotFound: there is none.
            BadRequest: there are several.
        """
        ids = [info["id"] for info in self.calls.jobs()]
        found = [job for job in ids if begins and job.startswith(begins)]
        if not found:
            raise JobNotFound(begins)
        if len(found) > 1:
            raise BadRequest("job", f"{begins} may be any of {', '.join(found)}")
        return NotebookJob(self.calls, found[0])

    def clear_finished(self) -> None:
        """Remove every job that is Finished."""
        self.calls.clear_finished()

    def missing_frames(self, path: str, frames: str | None = None) -> dict[str, str]:
        """Return which frames are missing from a folder: sequence -> expression, as `submit` takes.

        `frames`: the ones there should be; None: from each sequence's own first to its own last.
        A file of zero bytes is as good as missing.
        """
        sequences = self.calls.missing_frames(path, frames=frames)["sequences"]
        return {sequence["pattern"]: sequence["missing"] for sequence in sequences}

    @property
    def autostart(self) -> bool:
        """Whether waiting jobs start by themselves."""
        return self.calls.autostart()

    def set_autostart(self, on: bool) -> None:
        """Switch autostart."""
        self.calls.set_autostart(on)

    # --- nodes ---

    def nodes(self) -> list[NotebookNode]:
        """Return every node."""
        return [NotebookNode(self.calls, node["name"]) for node in self.calls.nodes()]

    def node(self, name: str) -> NotebookNode:
        """Return a node. Raises NodeNotFound."""
        node = NotebookNode(self.calls, name)
        node.info()
        return node

    def add_node(self, name: str, **settings: Any) -> NotebookNode:
        """Add a node; `settings` are keys of an entry of `render_nodes`: `host`, `slots`, ..."""
        self.calls.add_node(name, **settings)
        return NotebookNode(self.calls, name)

    def reload_nodes(self) -> None:
        """Take the nodes from the configuration file as it is now. Raises ConfigError."""
        self.calls.reload_nodes()

    def __repr__(self) -> str:
        return f"NotebookFarm({self.calls!r})"

    def _repr_mimebundle_(self, **_: Any) -> Mapping[str, str]:
        """Show queue and nodes in Jupyter."""
        try:
            jobs, nodes = self.calls.jobs(), self.calls.nodes()
        except RcontrolError as error:
            return {"text/plain": f"{self!r}: {error}"}
        plain = f"{len(jobs)} jobs, {len(nodes)} nodes"
        return {"text/plain": plain, "text/html": jobs_html(jobs) + nodes_html(nodes)}
