"""`python -m rcontrol.config` prints docs/configuration.md."""

from rcontrol.config.document import document

print(document(), end="")
