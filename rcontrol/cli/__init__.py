"""The `rcontrol` command."""
