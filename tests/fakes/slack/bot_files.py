"""Files of the app: announced, uploaded, then shared; and looked up.

Source: docs.slack.dev, files.getUploadURLExternal and files.completeUploadExternal.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from .accounts import Wire
from .blocks import accept_blocks
from .call import Call
from .content import read_thread
from .errors import refused
from .files import StoredFile, Ticket
from .world import World

__all__ = ["METHODS"]

MAX_SHARES = 100
UNKNOWN_TYPE = "application/octet-stream"


def announce_upload(world: World, call: Call) -> Wire:
    """files.getUploadURLExternal"""
    length = call.integer("length", 0)
    if length <= 0 or not call.text("filename"):
        raise refused("invalid_arguments", "[ERROR] filename and a length above 0 are required")
    ticket = Ticket(id=world.new_id("F"), name=call.text("filename"), length=length)
    world.files.tickets[ticket.id] = ticket
    return {"upload_url": f"{world.base_url}/upload/v1/{ticket.id}", "file_id": ticket.id}


def complete_upload(world: World, call: Call) -> Wire:
    """files.completeUploadExternal: the shares appear, but their ts is not told."""
    wanted = call.items("files")
    channels = [word for word in (*call.text("channels").split(","), call.text("channel_id")) if word]
    if not wanted or len(channels) > MAX_SHARES:
        raise refused("invalid_arguments")
    places = [world.writable(channel_id) for channel_id in channels]
    threads = [read_thread(world, place, call.text("thread_ts")) for place in places]
    blocks = accept_blocks(call.items("blocks", "invalid_blocks"))
    stored = [_store(world, entry) for entry in wanted]
    for place, thread_ts in zip(places, threads, strict=True):
        world.post(
            place,
            world.bot,
            source=call.text("initial_comment"),
            blocks=blocks,
            files=stored,
            subtype="file_share",
            thread_ts=thread_ts,
        )
    return {"files": [{"id": file.id, "title": file.title} for file in stored]}


def _store(world: World, entry: Any) -> StoredFile:
    ticket = world.files.tickets.pop(str(entry.get("id")), None) if isinstance(entry, dict) else None
    if ticket is None or ticket.data is None:
        raise refused("file_not_found")
    return world.files.add(
        ticket.data,
        file_id=ticket.id,
        name=ticket.name,
        title=str(entry.get("title") or ""),
        mime_type=mimetypes.guess_type(ticket.name)[0] or UNKNOWN_TYPE,
        user=world.bot.id,
    )


def file_info(world: World, call: Call) -> Wire:
    """files.info"""
    stored = world.files.get(call.text("file"))
    if stored is None:
        raise refused("file_not_found")
    return {"file": stored.wire()}


METHODS: dict[str, Any] = {
    "files.getUploadURLExternal": announce_upload,
    "files.completeUploadExternal": complete_upload,
    "files.info": file_info,
}
