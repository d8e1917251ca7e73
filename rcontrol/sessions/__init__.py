"""Render sessions: resident renderers on a node, and the driver that feeds them.

A *session* is one renderer process that renders many frames of one job. It does not hang on the
connection through which it is ordered about. This page is the protocol between the two. The
scripts in `scripts/` are POSIX sh, for dash, bash, busybox and macOS's sh alike, and leave nothing
behind.

**Folder.** `${TMPDIR:-/tmp}/rcontrol-UID/FARM/NODE/SESSION/`, mode 700. A base that is a link or
belongs to someone else is refused. Names are `[0-9a-zA-Z.-]`; any other byte, and a dot in front,
is `_` and two hex digits.

    session.sh  the supervisor, the watchdog and the launcher: all that stays on the node
    spec        the job, and what its slot sets in the renderer's environment, as JSON
    settings    the first line the renderer gets
    given       every order: attempt, frame, from which byte of `output` it is answered, and the
                order before it while that one's files were not published; JSON
    published   every order whose files were to be put in their places
    hidden      the hidden folders that may hold files, a line each, spelled for `printf %b`
    orders      FIFO, the renderer's stdin; opened for reading and writing, so it never ends
    output      the renderer's stdout and stderr, appended
    pid         `GROUP BOOT BIRTH`: the renderer's process group, which boot of the machine, and
                when the leader was born; an id used again has another birth
    tmp         the renderer's TMPDIR
    status      the renderer's exit status, 128 + N for signal N; nothing of its group is left
    alive       made by each sign of life, taken away by the watchdog
    owner       token of the newest attachment, `EPOCH.WORD`; older ones end themselves
    stop        the session is to end; a renderer that has not been launched never will be

**Start** (`start.sh`) makes the folder and leaves a *supervisor* behind, which launches a
*watchdog* and the renderer in process groups of their own: with `set -m`, or with `setsid` where sh
has no job control without a terminal (dash, busybox). Once the renderer is over, the supervisor
ends what is left of its group, writes `status`, and appends the end line
`@session-SESSION@ STATUS` to `output`, after everything the renderer has printed. The launcher
writes `pid`, then looks for `stop`, then becomes the renderer; who wants to end the session makes
`stop`, then waits for `pid`. So no renderer gets away, however early it is to end. The launcher
also hands over the settings, so that a session needs nobody to load its project.

**Attach** (`attach.sh`) is one channel: `output` from a byte offset on comes on its stdout,
exactly, and lines go in on its stdin:

    >FACTS\\tTEXT    FACTS go into `given`, then TEXT into `orders`, each with a newline
    ?TOKEN PATH     look at a picture; PATH for printf's `%b`: `\\0ooo` for all but [0-9a-zA-Z._/-]
    !TOKEN HIDDEN MADE FINAL [MADE FINAL]...
                    look at files, then put them in their places
    (empty)         a sign of life, as every line is

Its stderr answers `TOKEN ok` or `TOKEN WORDS`, which read on after "it"; for `!` the number of the
file stands before them. Other lines there are words of the node's shell. When its stdin ends so
does the attachment; the session goes on. Status 3 says that there is no session, 4 that a newer
epoch has it.

**Orders** are rendered once. Nobody can know whether an order arrived that was sent just before the
connection broke, so it is sent again through the next attachment, and a renderer passes over an
order whose name it has taken before.

**Publishing** (`publish.sh`). The renderer makes the files of a frame in hidden folders
`.rcontrol-JOB/FRAME.ATTEMPT/`, each beside the place where its files belong. When the renderer says
that it is through, the node looks at all of them and then renames each into its place, as long as
there is no hidden folder of a newer attempt at the frame; those of older ones it removes first, so
that their files can no longer be renamed. The renderer is at the next frame by then. What is not
published is removed when the attempt fails, when its session ends, or by the next attempt at the
frame. With `publish: direct` there are no hidden folders, and the node only looks.

**Adoption** (`list.sh`). A driver that connects for the first time makes itself the owner of all
sessions of its farm and node and reads `spec` and the end of `given`. An attachment looks for its
owner again between `given` and `orders`: the new driver finds an order, or it is never rendered. It
attaches at the order's byte, sends the order again, and goes on with the attempt. An order that was
answered meanwhile, or whose outcome nobody saved, is answered once more by the output and published
once more, which does no harm; its `seconds` count from when it was first given. So is the one
before it, if that was not published when this one was given. A session without a readable order is
ended, and so is one for whose environment there is no free slot. Among drivers that want one
session the highest epoch gets it, among equals the last.

**Lease.** The watchdog ends the session after `lease_s` of its own one-second sleeps without a sign
of life: TERM to the group, `grace_s`, KILL, and the folder is removed, with the hidden folders that
the session has left. It also ends a renderer whose supervisor was killed; its status is then 137.
Up to then a frame waits for a connection: the driver gives it up when it has sent no sign of life
for the lease and a margin, by its own clock.

**End** (`end.sh`) does the same now, for one session or for all of a farm's sessions on a node but
the named ones, whatever state they are in, unless a newer epoch has them. A process group is ended
only when boot and birth say that it is the recorded one. A driver that has connected ends all
sessions but those at one of its frames.
"""

from rcontrol.sessions.driver import NodeDriver
from rcontrol.sessions.thread import DriverThread

__all__ = ["DriverThread", "NodeDriver"]
