"""Methods that write, change and remove messages of the bot, and its reactions."""

from __future__ import annotations

from typing import Any

from .accounts import Wire
from .call import Call
from .content import read_content, read_looks, read_thread
from .errors import refused
from .state import Message
from .world import World

__all__ = ["METHODS", "own_message"]

CUT = {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}


def post_message(world: World, call: Call) -> Wire:
    """chat.postMessage"""
    channel = world.writable(call.text("channel"))
    content = read_content(call)
    thread_ts = read_thread(world, channel, call.text("thread_ts"))
    broadcast = call.flag("reply_broadcast") and thread_ts is not None
    message = world.post(
        channel,
        world.bot,
        thread_ts=thread_ts,
        broadcast=broadcast,
        subtype="thread_broadcast" if broadcast else "",
        metadata=call.table("metadata", "invalid_metadata_format"),
        extra=read_looks(call),
        **content.fields(),
    )
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message.wire(),
        **(CUT if content.cut else {}),
    }


def post_ephemeral(world: World, call: Call) -> Wire:
    """chat.postEphemeral"""
    channel = world.writable(call.text("channel"))
    person = world.people.get(call.text("user"))
    if person not in channel.members:
        raise refused("user_not_in_channel")
    content = read_content(call)
    thread_ts = read_thread(world, channel, call.text("thread_ts"))
    message = world.show_privately(channel, person, thread_ts=thread_ts, **content.fields())
    return {"message_ts": message.ts}


def own_message(world: World, call: Call, error: str, ts: str = "ts") -> Message:
    """A message of the app itself. Raises ApiError, for somebody else's message with this word."""
    channel = world.channel(call.text("channel"))
    message = world.message(channel, call.text(ts))
    if not message.from_bot:
        raise refused(error)
    return message


def update(world: World, call: Call) -> Wire:
    """chat.update: blocks have to be sent again, metadata stays unless it is given."""
    message = own_message(world, call, "cant_update_message")
    if message.streaming:
        raise refused("streaming_state_conflict")
    content = read_content(call, update=True)
    before = message.wire()
    message.stream = None
    message.source, message.markdown = content.source, content.markdown
    message.blocks, message.attachments = content.blocks, content.attachments
    metadata = call.table("metadata", "invalid_metadata_format")
    message.metadata = message.metadata if metadata is None else metadata
    if not content.blocks:
        message.edited_ts = world.new_ts()
    world.change(message, before)
    wire = message.wire()
    return {"channel": message.channel.id, "ts": message.ts, "text": wire["text"], "message": wire}


def delete(world: World, call: Call) -> Wire:
    """chat.delete"""
    message = own_message(world, call, "cant_delete_message")
    world.remove(message)
    return {"channel": message.channel.id, "ts": message.ts}


def permalink(world: World, call: Call) -> Wire:
    """chat.getPermalink"""
    channel = world.channel(call.text("channel"))
    message = world.message(channel, call.text("message_ts"))
    path = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": f"https://parley-test.slack.com/{path}"}


def _reacted_message(world: World, call: Call) -> Message:
    if not call.text("channel") or not call.text("timestamp"):
        raise refused("no_item_specified")
    return world.message(world.writable(call.text("channel")), call.text("timestamp"))


def add_reaction(world: World, call: Call) -> Wire:
    """reactions.add"""
    message = _reacted_message(world, call)
    name = call.text("name")
    if not name or ":" in name or " " in name:
        raise refused("invalid_name")
    users = message.reactions.setdefault(name, [])
    if world.bot.id in users:
        raise refused("already_reacted")
    users.append(world.bot.id)
    return {}


def remove_reaction(world: World, call: Call) -> Wire:
    """reactions.remove"""
    message = _reacted_message(world, call)
    users = message.reactions.get(call.text("name"), [])
    if world.bot.id not in users:
        raise refused("no_reaction")
    users.remove(world.bot.id)
    if not users:
        del message.reactions[call.text("name")]
    return {}


METHODS: dict[str, Any] = {
    "chat.postMessage": post_message,
    "chat.postEphemeral": post_ephemeral,
    "chat.update": update,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
    "reactions.add": add_reaction,
    "reactions.remove": remove_reaction,
}
