"""SSH to the render nodes; the only code that imports paramiko."""

from rcontrol.ssh.connection import Completed, Connection
from rcontrol.ssh.process import Chunk, Process

__all__ = ["Chunk", "Completed", "Connection", "Process"]
