"""response_url: how an app answers an interaction without a token, five times in half an hour.

Source: docs.slack.dev, "Handling user interaction", message responses.
"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from .accounts import Person
from .call import Call
from .content import read_content, read_thread
from .errors import ApiError, refused
from .state import Channel, Message
from .world import ResponseUrl, World

__all__ = ["answer_response_url", "new_response_url", "show_response"]

RESPONSE_SECONDS = 1800.0
_KNOWN = frozenset(
    (
        "text",
        "blocks",
        "attachments",
        "response_type",
        "replace_original",
        "delete_original",
        "thread_ts",
        "mrkdwn",
    )
)


def new_response_url(world: World, person: Person, channel: Channel, message: Message | None) -> str:
    """A URL for answers to what this person did here."""
    token = world.new_id("R")
    world.response_urls[token] = ResponseUrl(
        person=person,
        channel=channel,
        message=message,
        thread_ts=message.thread_ts if message is not None else None,
        expires_at=world.clock() + RESPONSE_SECONDS,
    )
    return f"{world.base_url}/response/{token}"


def answer_response_url(world: World, token: str, body: bytes) -> web.Response:
    """Carry out what was posted to a response_url."""
    url = world.response_urls.get(token)
    if url is None or world.clock() > url.expires_at:
        return web.json_response({"ok": False, "error": "expired_url"}, status=404)
    if not url.uses_left:
        return web.json_response({"ok": False, "error": "used_url"}, status=404)
    url.uses_left -= 1
    try:
        show_response(world, url, _read_payload(world, body))
    except ApiError as refusal:
        world.report(f"a response_url was refused: {refusal}")
        return web.json_response(refusal.wire(), status=400)
    return web.Response(text="ok")


def _read_payload(world: World, body: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused("invalid_payload") from None
    if not isinstance(payload, dict):
        raise refused("invalid_payload")
    for name in payload.keys() - _KNOWN:
        world.report(f"a response has no field {name!r}")
    return payload


def show_response(world: World, url: ResponseUrl, payload: dict[str, Any]) -> None:
    """Show a response: in place of the message it came from, to everybody, or to the one person alone."""
    call = Call(method="response_url", token="", params=payload)
    if call.flag("delete_original"):
        _remove_original(world, url)
        return
    content = read_content(call)
    original = url.message
    if call.flag("replace_original") and original is not None:
        before = original.wire()
        original.stream = None
        original.source, original.markdown = content.source, content.markdown
        original.blocks, original.attachments = content.blocks, content.attachments
        world.note(original) if original.only_for else world.change(original, before)
        return
    thread_ts = read_thread(world, url.channel, call.text("thread_ts")) or url.thread_ts
    if call.text("response_type") == "in_channel":
        world.post(url.channel, world.bot, thread_ts=thread_ts, **content.fields())
    else:
        world.show_privately(url.channel, url.person, thread_ts=thread_ts, **content.fields())


def _remove_original(world: World, url: ResponseUrl) -> None:
    if url.message is None or url.message.deleted:
        raise refused("message_not_found")
    if url.message.only_for:
        url.message.deleted = True
        url.channel.ephemerals.remove(url.message)
        world.changes.ring()
    else:
        world.remove(url.message)
