"""Render sessions: resident renderers on a node, and the driver that feeds them.

A *session* is one renderer process that renders many frames of one job. It does not hang on the
connection through which it is ordered about. This page is the protocol between the two. The
scripts in `scripts/` are POSIX sh, for dash, bash, busybox and macOS's sh alike, and leave nothing
behind.

**Folder.** `${TMPDIR:-/tmp}/rcontrol-UID/FARM/NODE/SESSION/`, mode 700. A base that is a link or
belongs to someone else is refused. Names are `[0-9a-zA-Z.-]`; any other byte, and a dot in front,
is `_` and two hex digits.

    session.sh  the supervisor, the watchdog and the launcher: all that stays on the node
    orders      FIFO, the renderer's stdin; opened for reading and writing, so it never ends
    output      the renderer's stdout and stderr, appended
    pid         `GROUP BOOT BIRTH`: the renderer's process group, which boot of the machine, and
                when the leader was born; an id used again has another birth
    status      the renderer's exit status, 128 + N for signal N; nothing of its group is left
    alive       made by each sign of life, taken away by the watchdog
    owner       token of the newest attachment; older ones end themselves
    stop        the session is to end; a renderer that has not been launched never will be

**Start** (`start.sh`) makes the folder and leaves a *supervisor* behind, which launches a
*watchdog* and the renderer in process groups of their own: with `set -m`, or with `setsid` where sh
has no job control without a terminal (dash, busybox). Once the renderer is over, the supervisor
ends what is left of its group, writes `status`, and appends the end line
`@session-SESSION@ STATUS` to `output`, after everything the renderer has printed. The launcher
writes `pid`, then looks for `stop`, then becomes the renderer; who wants to end the session makes
`stop`, then waits for `pid`. So no renderer gets away, however early it is to end.

**Attach** (`attach.sh`) is one channel: `output` from a byte offset on comes on its stdout,
exactly, and lines go in on its stdin:

    >TEXT           TEXT and a newline go into `orders`
    ?TOKEN PATH     look at a picture; PATH for printf's `%b`: `\\0ooo` for all but [0-9a-zA-Z._/-]
    (empty)         a sign of life, as every line is

Its stderr answers `TOKEN ok` or `TOKEN WORDS`, which read on after "it". Other lines there are
words of the node's shell. When its stdin ends so does the attachment; the session goes on.

**Lease.** The watchdog ends the session after `lease_s` of its own one-second sleeps without a
sign of life: TERM to the group, `grace_s`, KILL, and the folder is removed. It also ends a renderer
whose supervisor was killed; its status is then 137.

**End** (`end.sh`) does the same now, for one session or for all of a farm's sessions on a node but
the named ones, whatever state they are in. A process group is ended only when boot and birth say
that it is the recorded one. A driver that connects first ends all sessions it does not know.
"""

from rcontrol.sessions.driver import NodeDriver
from rcontrol.sessions.thread import DriverThread

__all__ = ["DriverThread", "NodeDriver"]
