"""Render sessions on a node: resident renderers, their supervisor, and the driver that feeds them."""
