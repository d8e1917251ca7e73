"""Which nodes belong to the farm, and what people want of them."""

from collections.abc import Sequence
from dataclasses import replace

from rcontrol.errors import NodeConflict
from rcontrol.farm.commands import CloseNode, Command, OpenNode
from rcontrol.farm.lifecycle import DUTY_MOVES, DutyMove
from rcontrol.farm.model import Member, Node, NodeDuty
from rcontrol.farm.settings import NodeSettings
from rcontrol.farm.state import State


class Roster:
    """Keeps the members, in the state.

    Nodes of the configuration file and nodes that people added stand beside each other; what both
    name is the file's. A node that leaves, or gets other settings, first finishes its frames. Then
    its connection is closed; where it stays, a new one is opened.
    """

    def __init__(self, state: State, commands: list[Command]) -> None:
        self._state, self._commands = state, commands

    def begin(self, listed: Sequence[NodeSettings], at: float) -> None:
        """Take in the file's nodes while nobody is connected to any node."""
        self.take_list(listed, at, anew=False)
        for node in self._state.retiring():
            self.closed(node.name)
        self._commands.clear()

    def open(self, name: str) -> Node | None:
        """Return a node if what it reports matters still."""
        node = self._state.nodes.get(name)
        return None if node is None or node.closing else node

    def add(self, settings: NodeSettings, at: float) -> None:
        """Take in a node. Raises NodeConflict."""
        name = settings.name
        if name in self._state.removed:
            problem = "stands in the configuration file; reload its nodes to have it back"
            raise NodeConflict(name, problem)
        there = self._state.nodes.get(name)
        if there is not None and there.member.duty is not NodeDuty.LEAVING:
            raise NodeConflict(name, "is a node of this farm already")
        added = (node.member for node in self._state.nodes.values() if node.member.added)
        place = max((member.place for member in added), default=-1) + 1
        self._enlist(settings, place, at, added=True)

    def remove(self, name: str, at: float) -> None:
        """Have a node leave. Raises NodeNotFound."""
        node = self._state.node(name)
        if not node.member.added:
            self._state.removed[name] = True
        self.move(name, DutyMove.REMOVE, at)

    def move(self, name: str, move: DutyMove, at: float, reason: str = "") -> None:
        """Change what a node is for. Raises NodeNotFound."""
        node = self._state.node(name)
        self._state.put_node(replace(node, member=_moved(node.member, move, at, reason)))

    def take_list(self, listed: Sequence[NodeSettings], at: float, *, anew: bool) -> None:
        """Take in the file's nodes; `anew`: those that people removed as well."""
        names = {settings.name for settings in listed}
        for name in list(self._state.removed):
            if anew or name not in names:
                del self._state.removed[name]
        for name, node in list(self._state.nodes.items()):
            member = node.member
            if name not in names and not member.added and member.duty is not NodeDuty.LEAVING:
                self.move(name, DutyMove.REMOVE, at)
        for place, settings in enumerate(listed):
            if settings.name not in self._state.removed:
                self._enlist(settings, place, at, added=False)

    def retire(self) -> None:
        """Have the connections closed that are to end and have no frame left."""
        for node in self._state.retiring():
            if not node.closing and not self._state.load_of(node.name):
                self._state.put_node(replace(node, closing=True))
                self._commands.append(CloseNode(node.name))

    def closed(self, name: str) -> None:
        """Take in that a node has no connection any more; one that stays gets a new one."""
        node = self._state.nodes.get(name)
        if node is None:
            return
        settings = node.member.successor
        if node.member.duty is NodeDuty.LEAVING or settings is None:
            self._state.remove_node(name)
            return
        self._state.put_node(Node(replace(node.member, settings=settings, successor=None)))
        self._commands.append(OpenNode(settings))

    def _enlist(self, settings: NodeSettings, place: int, at: float, *, added: bool) -> None:
        there = self._state.nodes.get(settings.name)
        if there is None:
            self._state.put_node(Node(Member(settings, place, added, duty_since=at)))
            self._commands.append(OpenNode(settings))
            return
        member = replace(there.member, place=place, added=added)
        if member.duty is NodeDuty.LEAVING:
            member = _moved(member, DutyMove.ADD, at, "")
        same = settings == member.settings and not there.closing
        member = replace(member, successor=None if same else settings)
        if member != there.member:
            self._state.put_node(replace(there, member=member))


def _moved(member: Member, move: DutyMove, at: float, reason: str) -> Member:
    duty = DUTY_MOVES[member.duty, move]
    since = member.duty_since if duty is member.duty else at
    return replace(member, duty=duty, duty_reason=reason, duty_since=since)
