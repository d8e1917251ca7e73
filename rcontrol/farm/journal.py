"""A mapping that remembers what changed since the last save, so that it can be taken back."""

from collections.abc import Iterator, MutableMapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Journaled(MutableMapping[K, V], Generic[K, V]):
    """A dict of immutable values with `commit` and `rollback`.

    Costs nothing but one dict entry for each key touched since the last commit.
    """

    def __init__(self) -> None:
        self._now: dict[K, V] = {}
        self._before: dict[K, V | None] = {}

    def __getitem__(self, key: K) -> V:
        return self._now[key]

    def __setitem__(self, key: K, value: V) -> None:
        self._before.setdefault(key, self._now.get(key))
        self._now[key] = value

    def __delitem__(self, key: K) -> None:
        self._before.setdefault(key, self._now[key])
        del self._now[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)

    def touched(self) -> Iterator[tuple[K, V | None, V | None]]:
        """Yield (key, value at the last commit, value now); None: absent."""
        for key, before in self._before.items():
            now = self._now.get(key)
            if now is not before:
                yield key, before, now

    def commit(self) -> None:
        """Make what is now the state that `rollback` returns to."""
        self._before.clear()

    def rollback(self) -> None:
        """Return to the state of the last commit; the order of keys may differ."""
        for key, before in self._before.items():
            if before is None:
                self._now.pop(key, None)
            else:
                self._now[key] = before
        self._before.clear()
