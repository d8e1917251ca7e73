"""Everything that can go wrong, as one tree.

    RcontrolError
    ├── ConfigError            the configuration file has a mistake
    ├── Refused                a request that was turned down; nothing changed
    │   ├── BadRequest         a field is missing, of the wrong kind, or makes no sense
    │   ├── JobNotFound
    │   ├── FrameNotFound
    │   ├── NodeNotFound
    │   ├── LogNotFound        no output of the attempt is kept
    │   ├── WrongStatus        the job's status does not allow the action
    │   ├── QueueFull          the queue holds as many jobs as it may
    │   ├── NodeConflict       the node is not in a state in which this can be done
    │   └── StorageError       a path that cannot be listed or lies outside the base directory
    ├── TransportError         SSH
    │   ├── NodeUnreachable    the connection could not be opened, or dropped
    │   └── CommandFailed      a command on a node ended with a status other than 0
    ├── SessionError           a render session could not be started or ended
    ├── StoreError             the database did not take or give the farm's state
    │   ├── StoreTooNew        it was written by a newer version
    │   ├── StoreDamaged       it is no whole database
    │   └── StoreFull          its disk has no room
    ├── FarmUnavailable        the JobManager does not answer
    ├── WaitTimeout            a job did not come to an end in time
    └── StaleEpoch             a call from a JobManager that has been replaced

Facts are attributes; every one can be pickled, because Ray carries them between processes.
"""


class RcontrolError(Exception):
    """Base of every error of this package. Its text is one sentence for the person who meets it."""


class ConfigError(RcontrolError):
    """The configuration file has a mistake."""

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(file, key, problem, remedy)
        self.file, self.key, self.problem, self.remedy = file, key, problem, remedy

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.problem}; {self.remedy}"


class Refused(RcontrolError):
    """A request was turned down and changed nothing."""


class BadRequest(Refused):
    """A field is missing, of the wrong kind, or makes no sense."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


class JobNotFound(Refused):
    """No job has this id."""

    def __init__(self, job: str) -> None:
        super().__init__(job)
        self.job = job

    def __str__(self) -> str:
        return f"there is no job {self.job!r}"


class FrameNotFound(Refused):
    """The job has no such frame."""

    def __init__(self, job: str, frame: int) -> None:
        super().__init__(job, frame)
        self.job, self.frame = job, frame

    def __str__(self) -> str:
        return f"job {self.job} has no frame {self.frame}"


class NodeNotFound(Refused):
    """No configured node has this name."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node

    def __str__(self) -> str:
        return f"there is no render node {self.node!r}"


class LogNotFound(Refused):
    """No output of the attempt, or of any at the frame, is kept."""

    def __init__(self, frame: int, attempt: str) -> None:
        super().__init__(frame, attempt)
        self.frame, self.attempt = frame, attempt

    def __str__(self) -> str:
        which = f"attempt {self.attempt} at frame {self.frame}" if self.attempt else ""
        which = which or f"frame {self.frame}"
        return f"no log of {which} is kept: it was never begun, or its log had to make room"


class WrongStatus(Refused):
    """The job's status does not allow the action."""

    def __init__(self, job: str, status: str, action: str) -> None:
        super().__init__(job, status, action)
        self.job, self.status, self.action = job, status, action

    def __str__(self) -> str:
        return f"a job that is {self.status} cannot be {self.action}"


class QueueFull(Refused):
    """The queue holds as many jobs as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        return (
            f"the queue holds {self.most} jobs, which is max_jobs; delete some, or all that are "
            "Finished with `rcontrol clear`"
        )


class NodeConflict(Refused):
    """The node is not in a state in which this can be done."""

    def __init__(self, node: str, problem: str) -> None:
        super().__init__(node, problem)
        self.node, self.problem = node, problem

    def __str__(self) -> str:
        return f"{self.node} {self.problem}"


class StorageError(Refused):
    """A path cannot be listed, or lies outside the base directory."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path!r} {self.problem}"


class TransportError(RcontrolError):
    """SSH did not do what it was asked to."""


class NodeUnreachable(TransportError):
    """The SSH connection could not be opened, or dropped."""

    def __init__(self, node: str, cause: str) -> None:
        super().__init__(node, cause)
        self.node, self.cause = node, cause

    def __str__(self) -> str:
        return f"{self.node} cannot be reached over SSH: {self.cause}"


class CommandFailed(TransportError):
    """A command on a node ended with a status other than 0."""

    def __init__(self, node: str, status: int, stderr: str) -> None:
        super().__init__(node, status, stderr)
        self.node, self.status, self.stderr = node, status, stderr

    def __str__(self) -> str:
        return f"a command on {self.node} ended with status {self.status}: {self.stderr.strip()}"


class SessionError(RcontrolError):
    """A render session could not be started or ended on a node."""

    def __init__(self, node: str, cause: str) -> None:
        super().__init__(node, cause)
        self.node, self.cause = node, cause

    def __str__(self) -> str:
        return f"render session on {self.node}: {self.cause}"


class StoreError(RcontrolError):
    """The database did not take or give the farm's state."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(url, cause)
        self.url, self.cause = url, cause

    def __str__(self) -> str:
        return f"the farm's state in {self.url} cannot be used: {self.cause}"


class StoreTooNew(StoreError):
    """The database was written by a newer version of rcontrol."""


class StoreDamaged(StoreError):
    """The database is damaged, or its file is no database."""


class StoreFull(StoreError):
    """The disk of the database has no room."""


class FarmUnavailable(RcontrolError):
    """The JobManager does not answer at the moment."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause

    def __str__(self) -> str:
        return f"the farm does not answer: {self.cause}"


class StaleEpoch(RcontrolError):
    """A call from a JobManager that has been replaced by a newer one."""

    def __init__(self, epoch: int, newest: int) -> None:
        super().__init__(epoch, newest)
        self.epoch, self.newest = epoch, newest

    def __str__(self) -> str:
        return f"epoch {self.epoch} is over: {self.newest} is in charge"


class WaitTimeout(RcontrolError):
    """A job did not come to an end in time."""

    def __init__(self, job: str, status: str, timeout_s: float) -> None:
        super().__init__(job, status, timeout_s)
        self.job, self.status, self.timeout_s = job, status, timeout_s

    def __str__(self) -> str:
        return f"job {self.job} is still {self.status} after {self.timeout_s:g} s"
