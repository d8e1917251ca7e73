"""A farm, its jobs and its nodes as Python objects, for notebooks and scripts.

They are the same over Ray's actors (`actors.connect`) and over HTTP (`rcontrol.client.connect`):
objects that know their name and make `calls`.
"""

from rcontrol.notebook.calls import Calls, SubmitOptions
from rcontrol.notebook.farm import NotebookFarm
from rcontrol.notebook.job import NotebookJob
from rcontrol.notebook.node import NotebookNode

__all__ = ["Calls", "NotebookFarm", "NotebookJob", "NotebookNode", "SubmitOptions"]
