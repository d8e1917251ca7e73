"""`python -m rcontrol` is `rcontrol`."""

from rcontrol.cli.main import app

app()
