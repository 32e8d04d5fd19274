"""The methods the fake answers and their parameters, checked against the Bot API schema by a test."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SIGNATURES", "Signature"]

_DELIVERY = (
    "message_thread_id direct_messages_topic_id disable_notification protect_content message_effect_id"
    " suggested_post_parameters"
)
_ALBUM = (
    "business_connection_id message_thread_id direct_messages_topic_id disable_notification protect_content"
    " allow_paid_broadcast message_effect_id reply_parameters"
)
_SEND = (
    "business_connection_id ephemeral_message_parameters allow_paid_broadcast reply_parameters reply_markup "
    + _DELIVERY
)
_CAPTION = "caption parse_mode caption_entities"
_EDIT = "business_connection_id chat_id message_id inline_message_id reply_markup"
_DRAFT = "*chat_id *draft_id message_thread_id can_stop keep_on_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameter names of one method."""

    required: frozenset[str]
    names: frozenset[str]


def _signature(words: str) -> Signature:
    """Read ``*required optional`` names."""
    names = words.split()
    return Signature(
        required=frozenset(name[1:] for name in names if name.startswith("*")),
        names=frozenset(name.removeprefix("*") for name in names),
    )


_TABLE = {
    "getMe": "",
    "logOut": "",
    "close": "",
    "getUpdates": "offset limit timeout allowed_updates",
    "setWebhook": (
        "*url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token"
    ),
    "deleteWebhook": "drop_pending_updates",
    "getWebhookInfo": "",
    "sendMessage": f"*chat_id *text parse_mode entities link_preview_options {_SEND}",
    "editMessageText": f"text parse_mode entities link_preview_options rich_message {_EDIT}",
    "editMessageReplyMarkup": _EDIT,
    "editMessageCaption": f"{_CAPTION} show_caption_above_media {_EDIT}",
    "editMessageMedia": f"*media {_EDIT}",
    "deleteMessage": "*chat_id *message_id",
    "deleteMessages": "*chat_id *message_ids",
    "sendChatAction": "*chat_id *action business_connection_id message_thread_id",
    "answerCallbackQuery": "*callback_query_id text show_alert url cache_time",
    "setMyCommands": "*commands scope language_code",
    "getMyCommands": "scope language_code",
    "deleteMyCommands": "scope language_code",
    "setMyDescription": "description language_code",
    "setMyShortDescription": "short_description language_code",
    "setMyName": "name language_code",
    "setChatMenuButton": "chat_id menu_button",
    "getChat": "*chat_id",
    "getChatMember": "*chat_id *user_id",
    "getChatMemberCount": "*chat_id",
    "getChatAdministrators": "*chat_id return_bots",
    "leaveChat": "*chat_id",
    "sendMessageDraft": f"text parse_mode entities {_DRAFT}",
    "sendRichMessage": f"*chat_id *rich_message {_SEND}",
    "sendRichMessageDraft": f"*rich_message {_DRAFT}",
    "setMessageReaction": "*chat_id *message_id reaction is_big",
    "getFile": "*file_id",
    "sendPhoto": f"*chat_id *photo show_caption_above_media has_spoiler {_CAPTION} {_SEND}",
    "sendDocument": f"*chat_id *document thumbnail disable_content_type_detection {_CAPTION} {_SEND}",
    "sendVoice": f"*chat_id *voice duration {_CAPTION} {_SEND}",
    "sendAudio": f"*chat_id *audio duration performer title thumbnail {_CAPTION} {_SEND}",
    "sendVideo": (
        "*chat_id *video duration width height thumbnail cover start_timestamp show_caption_above_media"
        f" has_spoiler supports_streaming {_CAPTION} {_SEND}"
    ),
    "sendMediaGroup": f"*chat_id *media {_ALBUM}",
    "createForumTopic": "*chat_id *name icon_color icon_custom_emoji_id",
    "copyMessage": (
        "*chat_id *from_chat_id *message_id video_start_timestamp show_caption_above_media"
        f" allow_paid_broadcast reply_parameters reply_markup {_CAPTION} {_DELIVERY}"
    ),
    "forwardMessage": f"*chat_id *from_chat_id *message_id video_start_timestamp {_DELIVERY}",
    "pinChatMessage": "*chat_id *message_id business_connection_id disable_notification",
}

SIGNATURES = {method: _signature(words) for method, words in _TABLE.items()}
