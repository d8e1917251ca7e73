"""The logs of the attempts that a session renders, cut from its output."""

from rcontrol.farm.model import AttemptId, JobId
from rcontrol.framelogs import AttemptLog, LogWriter


class Recording:
    """Passes a session's output on to the logs of its attempts.

    An attempt's log begins at a byte of the output and ends where the next one begins, or when
    the attempt has been answered.
    """

    def __init__(self, logs: LogWriter, job: JobId) -> None:
        self._logs, self._job = logs, job
        self._open: dict[AttemptId, tuple[int, AttemptLog]] = {}
        """In the order of their first bytes."""

    def begin(self, attempt: AttemptId, frame: int, offset: int, *, resumed: bool = False) -> None:
        """Begin a log, unless that was done; `resumed`: another process has begun it."""
        if attempt not in self._open:
            opened = self._logs.open(self._job, frame, attempt, offset, resumed=resumed)
            self._open[attempt] = offset, opened

    def write(self, offset: int, output: bytes) -> None:
        """Take in output that begins at this byte."""
        end = offset + len(output)
        for begins, kept in reversed(self._open.values()):
            begin = max(offset, begins)
            if begin < end:
                kept.write(begin, output[begin - offset : end - offset])
                end = begin

    def end(self, attempt: AttemptId) -> None:
        """End a log: the attempt has been answered."""
        if found := self._open.pop(attempt, None):
            found[1].end()

    def end_all(self) -> None:
        """End all logs: nothing more is read."""
        for attempt in list(self._open):
            self.end(attempt)
