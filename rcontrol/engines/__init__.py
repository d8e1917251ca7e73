"""Renderers: how each is started, ordered about and understood."""
