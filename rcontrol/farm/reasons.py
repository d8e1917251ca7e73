"""What an answer to "why is nothing happening?" can be about; `why` finds it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """What an answer is about, for programs; each is documented by an example of its sentence."""

    # of jobs
    FINISHED = "finished"
    """every frame is done"""
    FAILED = "failed"
    """it failed: Error: no camera: mend that and start it again"""
    STOPPED = "stopped"
    """a person stopped it: start it, or put it back in the queue"""
    AUTOSTART_OFF = "autostart_off"
    """autostart is off: switch it on or start the job"""
    QUEUED = "queued"
    """shot (28845da3) is rendering; jobs start one at a time"""
    NO_NODE_ENABLED = "no_node_enabled"
    """no node is enabled for it: enable one"""
    NODES_OUT = "nodes_out"
    """no enabled node can work: hex1 (offline: it refused the key)"""
    NODES_BUSY = "nodes_busy"
    """it waits for a node: hex1 (rendering frame 3 of cube (1f00a2c4))"""
    # of frames
    DONE = "done"
    """it is done"""
    GIVEN_UP = "given_up"
    """given up after 3 attempts; the last one: Error: no camera"""
    IN_LINE = "in_line"
    """it is next in line on hex1"""
    BEHIND = "behind"
    """it waits behind 12 frames of its job"""
    AVOIDS = "avoids"
    """it avoids hex1, where it failed, and waits: hex2 (rendering frame 3 of shot (28845da3))"""
    JOB_WAITS = "job_waits"
    """its job is Waiting: autostart is off"""
    # of nodes
    PAUSED = "paused"
    """it is paused: new fans: resume it"""
    LEAVING = "leaving"
    """it is leaving the farm"""
    CHANGING = "changing"
    """it is taking up new settings, and gets frames again once it has none"""
    OFFLINE = "offline"
    """it is offline: the connection was refused"""
    RESTING = "resting"
    """it is resting 40 s more after 2 faults, the last: No space left on device"""
    NO_JOB_RENDERS = "no_job_renders"
    """no job renders"""
    DISABLED = "disabled"
    """every rendering job has it disabled"""
    LEFT_OUT = "left_out"
    """shot (28845da3): left out for 9 min more: failed frame 3, which hex2 rendered"""
    NOTHING_LEFT = "nothing_left"
    """the rendering jobs have no frame left to give out"""
    LEAVES_FRAMES = "leaves_frames"
    """shot (28845da3): what is left failed here and is for others to try"""
    SEVERAL = "several"
    """each rendering job has another reason"""
    # of all of them
    RENDERING = "rendering"
    """it renders on hex1 and hex2; 12 frames to give out"""
    OPENING = "opening"
    """the farm has just been started and asks its nodes what they hold"""
    DRAINING = "draining"
    """the server is about to end: frames under way are finished, no others are given out"""


@dataclass(frozen=True, slots=True)
class Why:
    """An answer."""

    reason: Reason
    sentence: str
    """For people; says the remedy where there is one."""

    def __str__(self) -> str:
        return self.sentence


OPENING: Final = Why(
    Reason.OPENING,
    "the farm has just been started and asks its nodes what they hold; "
    "frames are given out in some seconds",
)
DRAINING: Final = Why(
    Reason.DRAINING,
    "the server is about to end: frames under way are finished, no others are given out; "
    "all goes on when it is started again",
)
