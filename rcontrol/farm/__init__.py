"""The pure core: no I/O, no threads, no clock, no ray."""
