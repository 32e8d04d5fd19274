"""Methods about chats and who is in them: getChat and its kin, topics, pins, leaving."""

from __future__ import annotations

from typing import Any

from .call import Call
from .errors import bad_request, forbidden
from .state import Chat, Wire
from .world import World

__all__ = ["METHODS", "bot_member", "open_topic"]

_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
    "can_send_welcome_messages",
)
_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
DEFAULT_TOPIC_COLOR = 7322096
MAX_TOPIC_CHARACTERS = 128


def get_chat(world: World, call: Call) -> Wire:
    """getChat"""
    chat = world.find_chat(call.params.get("chat_id"))
    full: Wire = {
        **chat.wire(),
        "accent_color_id": 1,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, True),
    }
    if chat.restricts_voice:
        full["has_restricted_voice_and_video_messages"] = True
    if chat.pinned is not None:
        full["pinned_message"] = chat.pinned.wire()
    return full


def bot_member(world: World, chat: Chat) -> Wire:
    """The ChatMember object of the bot."""
    match chat.bot_status:
        case "administrator":
            rights = dict.fromkeys(_RIGHTS, True)
            return {
                "status": "administrator",
                "user": world.bot,
                "can_be_edited": False,
                "is_anonymous": False,
                **rights,
            }
        case "kicked":
            return {"status": "kicked", "user": world.bot, "until_date": 0}
        case status:
            return {"status": status, "user": world.bot}


def _member(world: World, chat: Chat, user_id: int) -> Wire:
    if user_id == world.bot["id"]:
        return bot_member(world, chat)
    user = chat.members.get(user_id)
    if user is None:
        if user_id in world.people:
            return {"status": "left", "user": world.people[user_id]}
        raise bad_request("member not found")
    if user_id in chat.admins:
        return {"status": "creator", "user": user, "is_anonymous": False}
    return {"status": "member", "user": user}


def get_chat_member(world: World, call: Call) -> Wire:
    """getChatMember"""
    chat = world.open_chat(call.params.get("chat_id"))
    return _member(world, chat, call.integer("user_id"))


def get_chat_member_count(world: World, call: Call) -> int:
    """getChatMemberCount: people and the bot."""
    return len(world.open_chat(call.params.get("chat_id")).members) + 1


def get_chat_administrators(world: World, call: Call) -> list[Wire]:
    """getChatAdministrators"""
    chat = world.open_chat(call.params.get("chat_id"))
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    admins = [_member(world, chat, user_id) for user_id in sorted(chat.admins)]
    if chat.bot_status == "administrator" and call.flag("return_bots"):
        admins.append(bot_member(world, chat))
    return admins


def leave_chat(world: World, call: Call) -> bool:
    """leaveChat"""
    chat = world.open_chat(call.params.get("chat_id"))
    if chat.kind == "private":
        raise forbidden("bot can't leave a private chat")
    chat.bot_status = "left"
    return True


def pin_chat_message(world: World, call: Call) -> bool:
    """pinChatMessage: a right in groups, free in private chats."""
    chat = world.open_chat(call.params.get("chat_id"))
    message = chat.messages.get(call.integer("message_id"))
    if message is None:
        raise bad_request("message to pin not found")
    if chat.kind != "private" and chat.bot_status != "administrator":
        raise bad_request("not enough rights to manage pinned messages in the chat")
    chat.pinned = message
    return True


def create_forum_topic(world: World, call: Call) -> Wire:
    """createForumTopic: in forums where the bot is an administrator, and in private chats with topics."""
    chat = world.open_chat(call.params.get("chat_id"))
    if not (chat.forum or (chat.kind == "private" and world.me["has_topics_enabled"])):
        raise bad_request("the chat is not a forum")
    if chat.forum and chat.bot_status != "administrator":
        raise bad_request("not enough rights to create a topic")
    name = call.text("name").strip()
    if not 1 <= len(name) <= MAX_TOPIC_CHARACTERS:
        raise bad_request("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_TOO_LONG")
    return open_topic(world, chat, world.bot, name, call.integer("icon_color", DEFAULT_TOPIC_COLOR))


def open_topic(world: World, chat: Chat, creator: Wire, name: str, color: int = DEFAULT_TOPIC_COLOR) -> Wire:
    """Make a topic. Its first message is a service message, whose number is the topic's id."""
    created = {"name": name, "icon_color": color}
    message = world.post(chat, creator, content={"forum_topic_created": created})
    message.thread_id, message.is_topic = message.message_id, True
    chat.topics[message.message_id] = name
    if not creator["is_bot"]:
        world.announce(message)
    return {"message_thread_id": message.message_id, **created}


METHODS: dict[str, Any] = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatMemberCount": get_chat_member_count,
    "getChatAdministrators": get_chat_administrators,
    "leaveChat": leave_chat,
    "pinChatMessage": pin_chat_message,
    "createForumTopic": create_forum_topic,
}
