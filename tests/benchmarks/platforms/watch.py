"""Reads from a fake platform's own records what its calls have newly put before people's eyes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from .place import Sighting

__all__ = ["Watch"]


class _Shown(Protocol):
    @property
    def at(self) -> float: ...

    @property
    def text(self) -> str: ...


class _Message(Hashable, Protocol):
    @property
    def history(self) -> Sequence[_Shown]: ...


class _Call(Protocol):
    @property
    def method(self) -> str: ...

    @property
    def status(self) -> int: ...

    @property
    def ok(self) -> bool: ...


C = TypeVar("C", bound=_Call)


class Watch(Generic[C]):
    """``visible`` are the methods that change what people see; ``chat_of`` tells which chat it was."""

    def __init__(
        self,
        *,
        calls: Callable[[], Sequence[C]],
        visible: frozenset[str],
        chat_of: Callable[[C], int | None],
        messages_of: Callable[[int], Iterable[_Message]],
    ) -> None:
        self._calls = calls
        self._visible = visible
        self._chat_of = chat_of
        self._messages_of = messages_of
        self._seen: dict[_Message, int] = {}
        self._next = 0
        self._under_way: list[C] = []

    def look(self) -> Iterator[Sighting]:
        """Every text that was shown since the last look."""
        calls = self._calls()
        current = [*self._under_way, *calls[self._next :]]
        self._next = len(calls)
        self._under_way = [call for call in current if call.status == 0]
        touched = {self._chat_of(call) for call in current if call.ok and call.method in self._visible}
        for chat in touched - {None}:
            assert chat is not None
            yield from self._look_into(chat)

    def _look_into(self, chat: int) -> Iterator[Sighting]:
        for message in self._messages_of(chat):
            known = self._seen.get(message, 0)
            self._seen[message] = len(message.history)
            for shown in message.history[known:]:
                yield Sighting(chat=chat, text=shown.text, at=shown.at)
