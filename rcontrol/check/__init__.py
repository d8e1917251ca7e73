"""Tries a configuration: every node, its renderers, and whether it sees the same storage.

All nodes are asked at once, over connections as the farm makes them. Nothing stays on a node or in
the storage.
"""
