"""Repeatable measurements; docs/performance.md has results."""
