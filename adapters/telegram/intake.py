"""Hands events to the core and says whether they are stored, so that Telegram is told only then."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.errors import BotError, StorageError
from bot.messages import Inbound, Unreadable
from bot.ports import Submit

__all__ = ["is_stored"]

log = structlog.get_logger(__name__)


async def is_stored(submit: Submit, event: Inbound) -> bool:
    """Hand an event in; False while storage is down, when Telegram has to send it again.

    An event the core itself fails on is recorded as unreadable, else it would come again for ever.
    """
    try:
        await submit(event)
    except StorageError as exc:
        log.warning("telegram_update_not_stored", event_id=event.event_id, error=str(exc))
        return False
    except Exception:
        log.exception("telegram_update_not_taken_in", event_id=event.event_id)
        return await _is_stand_in_stored(submit, event)
    return True


async def _is_stand_in_stored(submit: Submit, event: Inbound) -> bool:
    reason = "the event could not be taken in"
    key = replace(event.key, thread="")
    try:
        await submit(Unreadable(event_id=event.event_id, key=key, reason=reason))
    except BotError as exc:
        log.warning("telegram_update_not_stored", event_id=event.event_id, error=str(exc))
        return False
    return True
