"""The raw output of every attempt, kept compressed on the server.

    FOLDER/JOB/FRAME/ATTEMPT.POSITION.OFFSET.gz

A log is cut into *pieces*, each a gzip file of its own that `zcat` reads. POSITION counts the
bytes of the attempt's output before the piece, OFFSET the bytes of its session's output before it.
The first piece of a log and its last ones are kept; what was dropped between, or could not be
written, shows as a gap between the positions. A piece can be read while it is written: it is
flushed at least twice a second. The last piece of a log ends properly, with gzip's trailer, once
nothing more comes.

`writer` writes, on a thread of the process that drives the node, and never makes it wait.
`reader` reads, in any process that sees the folder. `sweep` removes the oldest logs and those of
deleted jobs. Folders and files are for the server's user alone.
"""

from rcontrol.framelogs.reader import LogPart, Logs
from rcontrol.framelogs.sweep import jobs_with_logs, sweep
from rcontrol.framelogs.writer import AttemptLog, LogWriter

__all__ = ["AttemptLog", "LogPart", "LogWriter", "Logs", "jobs_with_logs", "sweep"]
