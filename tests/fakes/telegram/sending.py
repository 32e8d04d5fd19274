"""What every sending method shares: the chat and topic, the message replied to, the buttons."""

from __future__ import annotations

from typing import Any

from .call import Call
from .entities import link_is_taken
from .errors import bad_request
from .state import Chat, Message, Wire
from .utf16 import code_units
from .world import World

__all__ = ["deliver", "read_markup", "read_thread"]

GENERAL_TOPIC = 1
MAX_CALLBACK_BYTES = 64
MAX_QUOTE_CHARACTERS = 1024
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
)


def deliver(world: World, call: Call, **fields: Any) -> Message:
    """Post the bot's message with the parameters all sending methods take; raises ApiError."""
    chat = world.open_chat(call.params.get("chat_id"))
    thread_id = read_thread(chat, call)
    reply_to, quote = _read_reply(world, chat, call)
    if thread_id is None and reply_to is not None and reply_to.is_topic:
        thread_id = reply_to.thread_id
    markup = read_markup(call)
    return world.post(
        chat, world.bot, thread_id=thread_id, reply_to=reply_to, quote=quote, markup=markup, **fields
    )


def read_thread(chat: Chat, call: Call) -> int | None:
    """The topic; raises ApiError (400). A message to the General topic of a forum must not name it."""
    thread_id = call.integer("message_thread_id")
    if not thread_id:
        return None
    if call.method == "sendChatAction" and chat.forum and thread_id == GENERAL_TOPIC:
        return thread_id
    if thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def _read_reply(world: World, chat: Chat, call: Call) -> tuple[Message | None, Wire | None]:
    reply = call.json("reply_parameters")
    if not isinstance(reply, dict):
        return None, None
    source = world.find_chat(reply["chat_id"]) if reply.get("chat_id") else chat
    target = source.messages.get(int(reply.get("message_id", 0)))
    if target is None:
        if reply.get("allow_sending_without_reply"):
            return None, None
        raise bad_request("message to be replied not found")
    return target, _read_quote(target, reply.get("quote", ""))


def _read_quote(target: Message, quote: str) -> Wire | None:
    if not quote:
        return None
    position = target.text.find(quote)
    if position < 0 or len(quote) > MAX_QUOTE_CHARACTERS:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"text": quote, "position": code_units(target.text[:position]), "is_manual": True}


def read_markup(call: Call) -> Wire | None:
    """The reply markup, its inline buttons checked; raises ApiError (400)."""
    markup = call.json("reply_markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return markup
    for row in rows:
        for button in row:
            _check_button(button)
    rows = [row for row in rows if row]
    return {**markup, "inline_keyboard": rows} if rows else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not str(button.get("text", "")).strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not any(name in button for name in _ACTIONS):
        raise bad_request("text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not link_is_taken(str(url)):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
