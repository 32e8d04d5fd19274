"""Chats, messages and what is shown beside them, as the page reads them."""

from __future__ import annotations

from typing import Any

from adapters.web.pagelog import Chat, Message, Shown, StoredFile

__all__ = ["chat_view", "file_address", "home_view", "message_view"]


def file_address(file_id: str) -> str:
    """Where a file is served."""
    return f"/chat/api/files/{file_id}"


def chat_view(chat: Chat) -> dict[str, Any]:
    """An entry of the list of chats."""
    return {"id": chat.id, "title": chat.title, "at": chat.touched_at}


def message_view(message: Message, *, growing: bool = True) -> dict[str, Any]:
    """A message. ``growing`` False shows one as whole that nobody writes on any more.

    The text of one that grows is left out: it is only for copying and reading aloud. ``votes`` says that the
    reader may say what they think of it.
    """
    shown = message.shown
    live = shown.live and growing
    return {
        "id": message.id,
        "chat": message.chat,
        "who": message.who,
        "text": "" if live else shown.text,
        "html": shown.html,
        "buttons": _buttons(shown),
        "at": message.at,
        "version": message.version,
        "live": live,
        "nonce": message.nonce,
        "files": [_file_view(file) for file in message.files],
        "votes": message.is_answer,
    }


def _file_view(file: StoredFile) -> dict[str, Any]:
    return {
        "address": file_address(file.id),
        "name": file.name,
        "kind": file.kind,
        "size": file.size_bytes,
        "seconds": file.seconds,
    }


def home_view(shown: Shown, *, chat: str, nonce: str) -> dict[str, Any]:
    """What is shown beside a chat and not in it, to whoever asked for it with ``nonce``."""
    return {"chat": chat, "nonce": nonce, "html": shown.html, "buttons": _buttons(shown)}


def _buttons(shown: Shown) -> list[list[dict[str, str]]]:
    return [[{"label": button.label, "data": button.data} for button in row] for row in shown.buttons]
