"""Native streams: chat.startStream, appendStream and stopStream with their limits and their ends.

Sources: the three method pages at docs.slack.dev; lifetime and size from reports (facts: Slack §2.4).
"""

from __future__ import annotations

from typing import Any

from .accounts import Wire
from .blocks import MAX_BLOCKS, accept_blocks
from .bot_agents import move_session, read_session_status
from .bot_messages import own_message
from .call import Call
from .content import MAX_MARKDOWN_CHARACTERS, read_looks, read_thread
from .errors import refused, withdrawn
from .state import Channel, Message
from .streams import Portion, Stream, Task
from .world import World

__all__ = ["METHODS"]

_TASK_STATES = ("pending", "in_progress", "complete", "error")
_DISPLAYS = ("", "timeline", "plan", "dense")


def start_stream(world: World, call: Call) -> Wire:
    """chat.startStream: in channels for a named recipient, in direct messages always in a thread."""
    channel = world.writable(call.text("channel"))
    if not world.app.native_streams:
        raise withdrawn("feature_disabled")
    thread_ts = read_thread(world, channel, call.text("thread_ts"), error="message_not_found")
    if channel.kind == "im" and thread_ts is None:
        raise refused("invalid_arguments", "[ERROR] missing required field: thread_ts")
    if call.text("task_display_mode") not in _DISPLAYS:
        raise refused(
            "invalid_arguments", "[ERROR] must be a valid enum value [json-pointer:/task_display_mode]"
        )
    stream = Stream(recipient=_read_recipient(world, call, channel))
    portion = _read_portion(call)
    if portion is not None:
        _take(stream, portion)
    message = world.post(
        channel, world.bot, thread_ts=thread_ts, stream=stream, streamed=True, extra=read_looks(call)
    )
    world.start_stream_timer(message)
    return {"channel": channel.id, "ts": message.ts}


def _read_recipient(world: World, call: Call, channel: Channel) -> str:
    user, team = call.text("recipient_user_id"), call.text("recipient_team_id")
    if channel.kind != "im":
        if not team:
            raise refused("missing_recipient_team_id")
        if not user:
            raise refused("missing_recipient_user_id")
    if user and user not in world.people:
        raise refused("user_not_found")
    if user and team and world.people[user].team_id != team:
        world.report(f"recipient_team_id {team} is not the team of {world.people[user].name}")
    return user


def append_stream(world: World, call: Call) -> Wire:
    """chat.appendStream"""
    message, stream = _live_stream(world, call, stopped="stopped_by_user")
    portion = _read_portion(call)
    if portion is None:
        raise refused("markdown_text_or_chunks_required")
    before = message.wire()
    _take(stream, portion)
    world.change(message, before)
    return {"channel": message.channel.id, "ts": message.ts}


def stop_stream(world: World, call: Call) -> Wire:
    """chat.stopStream: takes a last portion and blocks to stand below; the session becomes active."""
    message, stream = _live_stream(world, call, stopped="message_not_in_streaming_state")
    blocks = _read_blocks(call.items("blocks", "invalid_blocks_format"), "invalid_blocks")
    metadata = call.table("metadata", "invalid_metadata_format")
    status = read_session_status(call, "session_status") if call.text("session_status") else "active"
    portion = _read_portion(call)
    before = message.wire()
    if portion is not None:
        _take(stream, portion)
    stream.end("stopped")
    message.blocks = blocks
    message.metadata = metadata or message.metadata
    world.change(message, before)
    move_session(world, message.channel, message.root_ts, status)
    return {"channel": message.channel.id, "ts": message.ts, "message": message.wire()}


def _live_stream(world: World, call: Call, *, stopped: str) -> tuple[Message, Stream]:
    """A stream that takes more. Raises ApiError; what the platform or a person ended was not earned."""
    message = own_message(world, call, "message_not_owned_by_app")
    stream = message.stream
    if stream is None:
        raise refused("message_not_in_streaming_state")
    match stream.state:
        case "live":
            return message, stream
        case "stopped_by_user":
            raise withdrawn(stopped)
        case "expired":
            raise withdrawn("message_not_in_streaming_state")
        case "stopped":
            raise refused("message_not_in_streaming_state")


def _take(stream: Stream, portion: Portion) -> None:
    if stream.mode not in (None, portion.mode):
        raise refused("streaming_mode_mismatch")
    if not stream.fits(portion):
        raise refused("msg_too_long")
    stream.take(portion)


def _read_portion(call: Call) -> Portion | None:
    """What the call brings, None when nothing. Raises ApiError."""
    text, chunks = call.text("markdown_text"), call.items("chunks", "invalid_chunks")
    if text and chunks:
        raise refused("cannot_provide_both_markdown_text_and_chunks")
    if len(text) > MAX_MARKDOWN_CHARACTERS:
        raise refused("msg_too_long")
    if text:
        return Portion(mode="markdown_text", pieces=(text,))
    return _read_chunks(chunks) if chunks else None


def _read_chunks(chunks: list[Any]) -> Portion:
    pieces: list[str | list[Wire]] = []
    tasks: list[Task] = []
    plan = ""
    for index, chunk in enumerate(chunks):
        match chunk:
            case {"type": "markdown_text", "text": str() as text}:
                pieces.append(text)
            case {"type": "plan_update", "title": str() as plan}:
                pass
            case {"type": "task_update", "id": str(), "title": str(), "status": status} if (
                status in _TASK_STATES
            ):
                tasks.append(_read_task(chunk))
            case {"type": "blocks", "blocks": list() as blocks}:
                pieces.append(_read_blocks(blocks, "invalid_chunks"))
            case _:
                raise refused("invalid_chunks", f"[ERROR] not a valid chunk [json-pointer:/chunks/{index}]")
    return Portion(mode="chunks", pieces=tuple(pieces), tasks=tuple(tasks), plan=plan)


def _read_task(chunk: Wire) -> Task:
    return Task(
        id=chunk["id"],
        title=chunk["title"],
        status=chunk["status"],
        details=str(chunk.get("details") or ""),
        output=str(chunk.get("output") or ""),
    )


def _read_blocks(blocks: list[Any], error: str) -> list[Wire]:
    if len(blocks) > MAX_BLOCKS["message"]:
        raise refused("msg_blocks_too_many")
    return accept_blocks(blocks, error=error)


METHODS: dict[str, Any] = {
    "chat.startStream": start_stream,
    "chat.appendStream": append_stream,
    "chat.stopStream": stop_stream,
}
