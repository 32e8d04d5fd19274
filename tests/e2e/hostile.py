"""What the hostile stories share: a stage that logs everything, raw updates, and a log without secrets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from bot.sandbox import Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, PrivateChat

__all__ = ["NEVER_SHOWN", "all_answered", "lines_of", "open_stage", "raw_message", "unfit_for_people"]

# What no person may ever read: pages and traces that belong into a log.
NEVER_SHOWN = ("<html", "<!doctype", "Traceback", "Error(", "Exception", 'File "', "{'", '{"')

_OPEN = "select count(*) from turns where state not in ('done', 'dead')"
_TURNS = "select id, conversation, state from turns where state not in ('done', 'dead') limit 20"


class _Crowded(Protocol):
    @property
    def texts(self) -> list[str]: ...


@asynccontextmanager
async def open_stage(folder: Path, *, secrets: Iterable[str] = (), **settings: str) -> AsyncIterator[Stage]:
    """A running service that logs everything; at the end its log is searched for secrets."""
    telegram, brain = FakeTelegram(), Brain()
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        wanted = {**settings_for(telegram, provider), "PARLEY_LOG__LEVEL": "debug", **settings}
        service = Service(folder, wanted)
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()
    log = service.log.read_text(encoding="utf-8", errors="replace")
    known = (telegram.token, wanted["SILICONFLOW_API_KEY"], *secrets)
    assert [secret for secret in known if secret in log] == []


def raw_message(chat: PrivateChat, number: int, **fields: Any) -> dict[str, Any]:
    """A message of a private chat as the wire has it, with ``fields`` in place of a text."""
    return {
        "message_id": 50_000 + number,
        "from": chat.person.user,
        "chat": {"id": chat.id, "type": "private", "first_name": chat.person.name},
        "date": 1_700_000_000,
        **fields,
    }


def lines_of(service: Service, event: str) -> int:
    """How often the log tells of ``event``."""
    return service.log.read_text(encoding="utf-8", errors="replace").count(f'"{event}"')


def unfit_for_people(chats: Mapping[str, _Crowded]) -> dict[str, str]:
    """The shown texts that only a log should hold, by the name of their chat."""
    return {
        name: text
        for name, chat in chats.items()
        for text in chat.texts
        if any(sign in text for sign in NEVER_SHOWN)
    }


async def all_answered(service: Service, chats: Iterable[_Crowded], *, seconds: float = 60.0) -> None:
    """Wait until every chat shows something and no turn is open; AssertionError if it never comes to it."""
    crowd = list(chats)
    deadline = time.monotonic() + seconds
    # The end of a turn is in the service's database alone, which rings no bell here.
    while not all(chat.texts for chat in crowd) or service.rows(_OPEN) != [(0,)]:
        silent = sum(not chat.texts for chat in crowd)
        assert time.monotonic() < deadline, f"{silent} silent chats; open turns: {service.rows(_TURNS)}"
        await asyncio.sleep(0.05)
