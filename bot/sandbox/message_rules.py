"""The API's rules about the ``messages`` array: roles, order, content and answers to tool calls.

Sources: facts SiliconFlow §2.1 (roles and parts), §2.5 (tools), §17 #3, #4 and #17 (order, null content,
image addresses).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from bot.sandbox.catalogue import ModelCard
from bot.sandbox.refusals import coded, invalid_parameter
from bot.sandbox.video_rules import check_video

_ROLES: Final = ("system", "user", "assistant", "tool")
_AFTER_ASSISTANT: Final = "Value error, after assistant message, next must be user or tool message."
_BAD_IMAGE: Final = "Image url should be a valid url or should like data:image/TYPE;base64,..."


def flat_text(content: Any) -> str:
    """The text of a content string or of the text parts in a content array."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")


def check_messages(messages: Any, card: ModelCard) -> None:
    """Raise ``Refused`` unless ``messages`` is a conversation the API would answer."""
    if not messages:
        raise coded(20014, "Messages is required.")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise invalid_parameter("messages: Input should be a valid list of messages")
    for message in messages:
        _check_role(message)
        _check_content(message.get("content"), card)
    _check_order(messages)
    _check_tool_answers(messages)


def _check_role(message: Mapping[str, Any]) -> None:
    if message.get("role") not in _ROLES:
        raise coded(20029, "Message role should be one of system, user, assistant and tool.")


def _check_content(content: Any, card: ModelCard) -> None:
    if content is None:
        raise invalid_parameter("Field required")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise invalid_parameter("content: Input should be a valid string or a list of parts")
    for part in content:
        _check_part(part, card)


def _check_part(part: Mapping[str, Any], card: ModelCard) -> None:
    kind = part.get("type")
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise invalid_parameter("Field required")
        return
    taken = {"image_url": card.images, "video_url": card.videos, "audio_url": card.audio}
    if kind not in taken:
        raise invalid_parameter(f"content: unknown part type {kind!r}")
    if not taken[kind]:
        raise coded(20041, "The model is not a VLM (Vision Language Model). Please use text-only prompts.")
    _check_address(part.get(kind), is_image=kind == "image_url")
    if kind == "video_url":
        check_video(part[kind])


def _check_address(holder: Any, *, is_image: bool) -> None:
    url = holder.get("url") if isinstance(holder, dict) else None
    if isinstance(url, str) and url.startswith(("http://", "https://", "data:")):
        return
    raise coded(20040, _BAD_IMAGE) if is_image else invalid_parameter("url: Input should be a valid URL")


def _check_order(messages: list[Mapping[str, Any]]) -> None:
    for message, following in pairwise(messages):
        if message["role"] == "assistant" and following["role"] not in {"user", "tool"}:
            raise invalid_parameter(_AFTER_ASSISTANT)
    if messages[-1]["role"] == "assistant":
        raise invalid_parameter(_AFTER_ASSISTANT)


def _check_tool_answers(messages: list[Mapping[str, Any]]) -> None:
    """Each tool message answers an open call, and each call is answered before the talk goes on."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            answered = str(message.get("tool_call_id"))
            if answered not in open_calls:
                raise invalid_parameter(
                    "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                )
            open_calls.remove(answered)
        elif open_calls:
            break
        else:
            open_calls = _call_ids(message.get("tool_calls"))
    if open_calls:
        raise invalid_parameter(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'."
        )


def _call_ids(tool_calls: Any) -> set[str]:
    if not tool_calls:
        return set()
    if not isinstance(tool_calls, list) or not all(isinstance(call, dict) for call in tool_calls):
        raise invalid_parameter("tool_calls: Input should be a valid list")
    return {str(call.get("id")) for call in tool_calls}
