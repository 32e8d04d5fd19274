"""Reads one raw update at a time, so that a malformed one costs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from aiogram.types import Update
from pydantic import ValidationError

from bot.messages import ConversationKey, Inbound, Unreadable

from .addressing import Identity
from .translate import event_id, translate

__all__ = ["ALLOWED_UPDATES", "read_update", "update_id_of"]

log = structlog.get_logger(__name__)

ALLOWED_UPDATES: Final[Sequence[str]] = (
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
    "stopped_message_generation",
)
_ESSENTIAL = frozenset(("message_id", "date", "chat", "from", "text", "id", "draft_id"))
# What is looked at of a button's message; the rest is our own text, which may hold blocks that this version
# of the schema does not know.
_PRESSED = frozenset(("message_id", "date", "chat", "message_thread_id", "is_topic_message"))


def update_id_of(raw: Any) -> int | None:
    """The update's number; None when it has none, and so cannot be confirmed."""
    number = raw.get("update_id") if isinstance(raw, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def read_update(raw: Mapping[str, Any], me: Identity) -> Inbound | None:
    """The event of a raw update that has an id; Unreadable when it makes no sense. Raises nothing."""
    try:
        return translate(_validated(raw), me)
    except ValidationError as exc:
        # Places only: the values are what people wrote.
        places = [".".join(map(str, error["loc"])) for error in exc.errors(include_input=False)[:5]]
        log.warning("telegram_update_unreadable", update_id=raw["update_id"], places=places)
        return _unreadable(raw, me, f"fields not as documented: {', '.join(places)}")
    except Exception as exc:
        log.exception("telegram_update_unreadable", update_id=raw["update_id"])
        return _unreadable(raw, me, f"not translated: {type(exc).__name__}")


def _unreadable(raw: Mapping[str, Any], me: Identity, reason: str) -> Unreadable:
    key = ConversationKey(platform="telegram", account=me.account, chat=_chat_of(raw))
    return Unreadable(event_id=event_id(raw["update_id"]), key=key, reason=reason)


def _chat_of(raw: Mapping[str, Any]) -> str:
    for kind in ALLOWED_UPDATES:
        payload = raw.get(kind)
        if isinstance(payload, Mapping):
            holder = payload.get("message", payload) if kind == "callback_query" else payload
            chat = holder.get("chat") if isinstance(holder, Mapping) else None
            number = chat.get("id") if isinstance(chat, Mapping) else None
            return str(number) if isinstance(number, int) else ""
    return ""


def _validated(raw: Mapping[str, Any]) -> Update:
    """The update as a model. A fault in a part that can be done without costs that part only: a reply to a
    message of an unknown kind is still a message."""
    raw = _trimmed(raw)
    try:
        return Update.model_validate(raw)
    except ValidationError as exc:
        pruned = _pruned(raw, [error["loc"] for error in exc.errors(include_input=False)])
        if pruned is None:
            raise
        log.warning("telegram_update_pruned", update_id=raw["update_id"])
        return Update.model_validate(pruned)


def _trimmed(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The update without what is not looked at and differs from version to version of the Bot API."""
    query, change = raw.get("callback_query"), raw.get("my_chat_member")
    if isinstance(query, Mapping) and isinstance(query.get("message"), Mapping):
        needed = {name: value for name, value in query["message"].items() if name in _PRESSED}
        return {**raw, "callback_query": {**query, "message": needed}}
    if isinstance(change, Mapping):
        members = {name: _standing(change.get(name)) for name in ("old_chat_member", "new_chat_member")}
        return {**raw, "my_chat_member": {**change, **members}}
    return raw


def _standing(member: Any) -> Any:
    """A ChatMember reduced to whether it may write, "member" or "left", and whether it is an administrator.

    Rights are added with most versions, and a server of another version than aiogram's would make the whole
    update invalid.
    """
    if not isinstance(member, Mapping):
        return member
    status = member.get("status")
    is_mute = status == "restricted" and not (member.get("is_member") and member.get("can_send_messages"))
    may_write = status not in ("left", "kicked") and not is_mute
    is_admin = status in ("administrator", "creator")
    return {"status": "member" if may_write else "left", "user": member.get("user"), "is_admin": is_admin}


def _pruned(raw: Mapping[str, Any], places: Sequence[tuple[int | str, ...]]) -> Mapping[str, Any] | None:
    """The update without the fields the faults lie in; None when one lies in what a message cannot lack."""
    pruned = dict(raw)
    for kind, name in {(str(place[0]), place[1] if len(place) > 1 else "") for place in places}:
        payload = pruned.get(kind)
        if not isinstance(payload, Mapping) or name in _ESSENTIAL or name not in payload:
            return None
        pruned[kind] = {field: value for field, value in payload.items() if field != name}
    return pruned
