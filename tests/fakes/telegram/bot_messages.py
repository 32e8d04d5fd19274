"""Methods that write, change and remove messages of the bot, and the drafts before them."""

from __future__ import annotations

from typing import Any

from .call import Call
from .errors import NOT_MODIFIED, QUERY_TOO_OLD, bad_request
from .rich import Rich, plain_text, read_rich
from .sending import deliver, read_markup, read_thread
from .state import CallbackAnswer, ChatAction, Draft, Message, Wire
from .texts import read_caption, read_draft_text, read_text
from .world import World

__all__ = ["METHODS", "own_message"]

MAX_ANSWER_CHARACTERS = 200
MAX_DELETED_AT_ONCE = 100
_ACTIONS = frozenset(
    (
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    )
)
_CAPTIONED = frozenset(("photo", "document", "voice", "audio", "video"))


def send_message(world: World, call: Call) -> Wire:
    """sendMessage"""
    text, entities = read_text(call, world.report)
    return deliver(world, call, text=text, entities=entities).wire()


def send_rich_message(world: World, call: Call) -> Wire:
    """sendRichMessage"""
    rich = read_rich(call.json("rich_message"))
    return deliver(world, call, text=plain_text(rich.blocks), rich=rich).wire()


def own_message(world: World, call: Call) -> Message:
    """The message of the bot's that is to be edited; raises ApiError (400)."""
    if call.params.get("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = world.open_chat(call.params.get("chat_id"))
    if not call.params.get("message_id"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if not message.from_bot or "forward_origin" in message.extra:
        raise bad_request("message can't be edited")
    return message


def edit_message_text(world: World, call: Call) -> Wire:
    """editMessageText, also with ``rich_message``."""
    message = own_message(world, call)
    if message.content:
        raise bad_request("there is no text in the message to edit")
    if call.params.get("rich_message"):
        rich = read_rich(call.json("rich_message"))
        return _change(world, message, call, text=plain_text(rich.blocks), entities=[], rich=rich)
    text, entities = read_text(call, world.report)
    return _change(world, message, call, text=text, entities=entities, rich=None)


def edit_message_caption(world: World, call: Call) -> Wire:
    """editMessageCaption"""
    message = own_message(world, call)
    if message.kind not in _CAPTIONED:
        raise bad_request("there is no caption in the message to edit")
    text, entities = read_caption(
        call.text("caption"), call.text("parse_mode"), call.json("caption_entities"), world.report
    )
    return _change(world, message, call, text=text, entities=entities, rich=None)


def edit_message_reply_markup(world: World, call: Call) -> Wire:
    """editMessageReplyMarkup"""
    message = own_message(world, call)
    return _change(world, message, call, text=message.text, entities=message.entities, rich=message.rich)


def _change(
    world: World, message: Message, call: Call, *, text: str, entities: list[Wire], rich: Rich | None
) -> Wire:
    markup = read_markup(call)
    before = (message.text, message.entities, _source(message.rich), message.markup)
    if before == (text, entities, _source(rich), markup):
        raise bad_request(NOT_MODIFIED)
    message.text, message.entities, message.rich, message.markup = text, entities, rich, markup
    message.edit_date = world.wall()
    world.note(message)
    return message.wire()


def _source(rich: Rich | None) -> Wire | None:
    return rich.source if rich is not None else None


def delete_message(world: World, call: Call) -> bool:
    """deleteMessage"""
    chat = world.open_chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _may_delete(message):
        raise bad_request("message can't be deleted for everyone")
    _remove(message)
    return True


def delete_messages(world: World, call: Call) -> bool:
    """deleteMessages: what cannot be found or deleted is skipped."""
    chat = world.open_chat(call.params.get("chat_id"))
    numbers = call.json("message_ids") or []
    if len(numbers) > MAX_DELETED_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    for number in numbers:
        message = chat.messages.get(number)
        if message is not None and _may_delete(message):
            _remove(message)
    return True


def _may_delete(message: Message) -> bool:
    return message.from_bot or message.chat.kind == "private" or message.chat.bot_status == "administrator"


def _remove(message: Message) -> None:
    message.deleted = True
    del message.chat.messages[message.message_id]


def _draft(world: World, call: Call, *, text: str, entities: list[Wire], rich: Rich | None) -> bool:
    chat = world.open_chat(call.params.get("chat_id"))
    if chat.kind != "private":
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    if not call.integer("draft_id"):
        raise bad_request("draft identifier must be non-zero")
    draft = Draft(
        draft_id=call.integer("draft_id"),
        thread_id=read_thread(chat, call),
        text=text,
        entities=entities,
        rich=rich,
        can_stop=call.flag("can_stop"),
        keep_on_stop=call.flag("keep_on_stop"),
        expires_at=world.clock() + world.draft_seconds,
    )
    world.show_draft(chat, draft)
    return True


def send_message_draft(world: World, call: Call) -> bool:
    """sendMessageDraft: private chats only; an empty text shows a placeholder."""
    text, entities = read_draft_text(call, world.report)
    return _draft(world, call, text=text, entities=entities, rich=None)


def send_rich_message_draft(world: World, call: Call) -> bool:
    """sendRichMessageDraft"""
    rich = read_rich(call.json("rich_message"), draft=True)
    return _draft(world, call, text=plain_text(rich.blocks), entities=[], rich=rich)


def send_chat_action(world: World, call: Call) -> bool:
    """sendChatAction"""
    chat = world.open_chat(call.params.get("chat_id"))
    action = call.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    thread_id = read_thread(chat, call)
    chat.actions.append(ChatAction(at=world.clock(), action=action, thread_id=thread_id))
    return True


def answer_callback_query(world: World, call: Call) -> bool:
    """answerCallbackQuery"""
    callback = world.callbacks.get(call.text("callback_query_id"))
    if callback is None or world.clock() > callback.expires_at:
        raise bad_request(QUERY_TOO_OLD)
    text = call.text("text")
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise bad_request("MESSAGE_TOO_LONG")
    if not callback.answer.done():
        answer = CallbackAnswer(text=text, show_alert=call.flag("show_alert"), url=call.text("url"))
        callback.answer.set_result(answer)
    return True


def set_message_reaction(world: World, call: Call) -> bool:
    """setMessageReaction: one emoji, or none to take it back."""
    chat = world.open_chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    reactions = call.json("reaction") or []
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    message.reactions = [reaction.get("emoji", "") for reaction in reactions]
    return True


def _source_message(world: World, call: Call, verb: str) -> Message:
    chat = world.find_chat(call.params.get("from_chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request(f"message to {verb} not found")
    return message


def _content_of(message: Message) -> dict[str, Any]:
    return {"content": message.content, "rich": message.rich, "file": message.file}


def copy_message(world: World, call: Call) -> Wire:
    """copyMessage: the content without its origin; a caption given replaces the old one."""
    source = _source_message(world, call, "copy")
    text, entities = source.text, source.entities
    if source.content and "caption" in call.params:
        text, entities = read_caption(
            call.text("caption"), call.text("parse_mode"), call.json("caption_entities"), world.report
        )
    copy = deliver(world, call, text=text, entities=entities, **_content_of(source))
    return {"message_id": copy.message_id}


def forward_message(world: World, call: Call) -> Wire:
    """forwardMessage"""
    source = _source_message(world, call, "forward")
    origin = source.extra.get("forward_origin") or {
        "type": "user",
        "sender_user": source.sender,
        "date": int(source.date),
    }
    extra = {"forward_origin": origin}
    return deliver(
        world, call, text=source.text, entities=source.entities, extra=extra, **_content_of(source)
    ).wire()


METHODS: dict[str, Any] = {
    "sendMessage": send_message,
    "sendRichMessage": send_rich_message,
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "sendMessageDraft": send_message_draft,
    "sendRichMessageDraft": send_rich_message_draft,
    "sendChatAction": send_chat_action,
    "answerCallbackQuery": answer_callback_query,
    "setMessageReaction": set_message_reaction,
    "copyMessage": copy_message,
    "forwardMessage": forward_message,
}
