"""A farm of embedded nodes that shows the whole thing on one machine."""
