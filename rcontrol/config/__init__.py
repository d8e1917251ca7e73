"""The configuration file: YAML in, validated settings out.

`load` reads a file and answers with `Settings`, or raises a `ConfigError` whose one line names the
file, the line, the key, what is wrong with it and what would be right. `python -m rcontrol.config`
prints docs/configuration.md.
"""

from rcontrol.config.keys import NodeKeys
from rcontrol.config.load import load, node_of
from rcontrol.config.settings import RaySettings, Settings

__all__ = ["NodeKeys", "RaySettings", "Settings", "load", "node_of"]
