"""Methods that look around: who the app is, who is here, what was said where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from .accounts import APP_ID, Wire
from .call import Call
from .errors import refused
from .state import Channel, Message
from .world import World

__all__ = ["METHODS"]

T = TypeVar("T")
UNLISTED_PAGE = 15  # conversations.history and .replies of an app outside the Marketplace
MAX_PAGE = 999


def api_test(world: World, call: Call) -> Wire:
    """api.test"""
    if call.text("error"):
        raise refused(call.text("error"))
    return {"args": call.params}


def auth_test(world: World, call: Call) -> Wire:
    """auth.test"""
    return {
        "url": "https://parley-test.slack.com/",
        "team": "Parley Test",
        "user": world.bot.handle,
        "team_id": world.bot.team_id,
        "user_id": world.bot.id,
        "bot_id": world.bot.bot_id,
        "is_enterprise_install": False,
    }


def team_info(world: World, call: Call) -> Wire:
    """team.info"""
    team_id = world.bot.team_id
    return {"team": {"id": team_id, "name": "Parley Test", "domain": "parley-test", "email_domain": ""}}


def bots_info(world: World, call: Call) -> Wire:
    """bots.info"""
    bot_id = call.text("bot") or world.bot.bot_id
    for person in world.people.values():
        if person.bot_id == bot_id:
            bot = {
                "id": bot_id,
                "name": person.name,
                "user_id": person.id,
                "app_id": APP_ID,
                "deleted": False,
            }
            return {"bot": bot}
    raise refused("bot_not_found")


def users_info(world: World, call: Call) -> Wire:
    """users.info"""
    person = world.people.get(call.text("user"))
    if person is None:
        raise refused("user_not_found")
    return {"user": person.wire(with_locale=call.flag("include_locale"))}


def users_list(world: World, call: Call) -> Wire:
    """users.list: the people of the workspace, strangers not among them."""
    locale = call.flag("include_locale")
    people = [p.wire(with_locale=locale) for p in world.people.values() if not p.stranger]
    page, more = _page(call, people, MAX_PAGE)
    return {"members": page, **more}


def conversations_info(world: World, call: Call) -> Wire:
    """conversations.info"""
    channel = world.channel(call.text("channel"))
    wire = channel.wire()
    if call.flag("include_num_members"):
        wire["num_members"] = len(channel.members) + channel.bot_in
    if call.flag("include_locale"):
        wire["locale"] = channel.members[0].locale
    return {"channel": wire}


def conversations_open(world: World, call: Call) -> Wire:
    """conversations.open: the direct messages with one person."""
    if call.text("channel"):
        channel = world.channel(call.text("channel"))
    else:
        person = world.people.get(call.text("users"))
        if person is None or person is world.bot:
            raise refused("user_not_found" if call.text("users") else "users_list_not_supplied")
        channel = world.dm_of(person)
    return {"channel": channel.wire() if call.flag("return_im") else {"id": channel.id}}


def conversations_members(world: World, call: Call) -> Wire:
    """conversations.members"""
    channel = world.channel(call.text("channel"))
    members = [person.id for person in channel.members] + [world.bot.id] * channel.bot_in
    page, more = _page(call, members, MAX_PAGE)
    return {"members": page, **more}


def conversations_list(world: World, call: Call) -> Wire:
    """conversations.list"""
    names = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
    kinds = {names.get(word.strip()) for word in (call.text("types") or "public_channel").split(",")}
    found = [
        c.wire() for c in world.channels.values() if c.kind in kinds and (c.bot_in or c.kind == "channel")
    ]
    page, more = _page(call, found, MAX_PAGE)
    return {"channels": page, **more}


def _readable(world: World, call: Call) -> Channel:
    channel = world.channel(call.text("channel"))
    if not channel.bot_in:
        raise refused("not_in_channel")
    return channel


def _most(world: World) -> int:
    return MAX_PAGE if world.app.listed else UNLISTED_PAGE


def history(world: World, call: Call) -> Wire:
    """conversations.history: what stands in the channel itself, the newest first."""
    channel = _readable(world, call)
    top = [m for m in channel.messages.values() if m.thread_ts is None or m.broadcast]
    page, more = _page(call, _between(call, top)[::-1], _most(world))
    return {"messages": [message.wire() for message in page], **_has_more(more)}


def replies(world: World, call: Call) -> Wire:
    """conversations.replies: a thread with its root, the oldest first."""
    channel = _readable(world, call)
    root = channel.messages.get(call.text("ts"))
    if root is None:
        raise refused("thread_not_found")
    thread = [root, *_between(call, channel.replies_to(root.ts))]
    page, more = _page(call, thread, _most(world))
    return {"messages": [message.wire() for message in page], **_has_more(more)}


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest") or "0", call.text("latest") or "9999999999.999999"
    if call.flag("inclusive"):
        return [m for m in messages if float(oldest) <= float(m.ts) <= float(latest)]
    return [m for m in messages if float(oldest) < float(m.ts) < float(latest)]


def _page(call: Call, items: Sequence[T], most: int) -> tuple[Sequence[T], Wire]:
    """One page and what leads to the next. Raises ApiError (``invalid_cursor``)."""
    cursor = call.text("cursor").removeprefix("next:") or "0"
    if not cursor.isdigit():
        raise refused("invalid_cursor")
    start = int(cursor)
    end = start + max(1, min(call.integer("limit", 100), most))
    following = f"next:{end}" if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": following}}


def _has_more(more: Wire) -> Wire:
    return {**more, "has_more": bool(more["response_metadata"]["next_cursor"])}


METHODS: dict[str, Any] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "team.info": team_info,
    "bots.info": bots_info,
    "users.info": users_info,
    "users.list": users_list,
    "conversations.info": conversations_info,
    "conversations.open": conversations_open,
    "conversations.members": conversations_members,
    "conversations.list": conversations_list,
    "conversations.history": history,
    "conversations.replies": replies,
}
