"""Writes a conversation in the form that the provider accepts, whatever form it has in the core.

Neighbours of one role are merged, the last message is never the assistant's, content is never null, and every
tool call is followed by its result (facts: SiliconFlow §17 #3, #4, #6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

from bot.events import ToolCall
from bot.ports import AssistantMessage, ModelMessage, SystemMessage, ToolMessage, UserMessage
from bot.providers.profiles import Profile, Thinking
from bot.providers.shown import picture_in_words, shown_parts

__all__ = ["lacks_thinking", "wire_messages"]

_GO_ON: Final = "Go on."
_NO_RESULT: Final = "There is no result: the call was interrupted."
_LOST_THINKING: Final = "(not kept)"
_JOINT: Final = "\n\n"

WireMessage = dict[str, Any]


def wire_messages(messages: Sequence[ModelMessage], *, profile: Profile) -> list[WireMessage]:
    """``messages`` as the request's ``messages``: instructions first, the last one a person's or a tool's."""
    talk = list(_repair_calls([message for message in messages if not isinstance(message, SystemMessage)]))
    if not profile.tools:
        talk = list(_tell_calls_as_text(talk))
    wire = _merge_neighbours([_write(message, profile) for message in talk])
    if not wire or wire[-1]["role"] == "assistant":
        wire.append({"role": "user", "content": _GO_ON})
    instructions = _JOINT.join(m.text for m in messages if isinstance(m, SystemMessage) and m.text)
    return _with_instructions(wire, instructions, folded=profile.folds_system)


def lacks_thinking(messages: Sequence[ModelMessage]) -> bool:
    """Whether some call stands without the thinking that led to it (another model made it, say)."""
    return any(isinstance(m, AssistantMessage) and m.calls and not m.thinking for m in messages)


def _repair_calls(messages: Sequence[ModelMessage]) -> Iterator[ModelMessage]:
    """Each call right before its result; a result without a call is left out."""
    for position, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            continue
        yield message
        if isinstance(message, AssistantMessage) and message.calls:
            results = _results_after(messages, position)
            for call in message.calls:
                yield results.get(call.id) or ToolMessage(call_id=call.id, text=_NO_RESULT)


def _results_after(messages: Sequence[ModelMessage], position: int) -> dict[str, ToolMessage]:
    results: dict[str, ToolMessage] = {}
    for message in messages[position + 1 :]:
        if isinstance(message, AssistantMessage) and message.calls:
            break
        if isinstance(message, ToolMessage):
            results.setdefault(message.call_id, message)
    return results


def _tell_calls_as_text(messages: Sequence[ModelMessage]) -> Iterator[ModelMessage]:
    """The same talk for a model that knows no tools."""
    names: dict[str, str] = {}
    for message in messages:
        if isinstance(message, AssistantMessage) and message.calls:
            names = {call.id: call.name for call in message.calls}
            told = "\n".join(f"[I call {call.name} with {call.arguments or '{}'}]" for call in message.calls)
            yield AssistantMessage(text=f"{message.text}{_JOINT if message.text else ''}{told}")
        elif isinstance(message, ToolMessage):
            yield UserMessage(text=f"[Result of {names.get(message.call_id, 'the call')}]\n{message.text}")
        else:
            yield message


def _write(message: ModelMessage, profile: Profile) -> WireMessage:
    match message:
        case SystemMessage(text=text):
            return {"role": "system", "content": text}
        case UserMessage():
            return {"role": "user", "content": _write_said(message, profile)}
        case AssistantMessage():
            return _write_assistant(message, profile)
        case ToolMessage(call_id=call_id, text=text):
            return {"role": "tool", "tool_call_id": call_id, "content": text}
        case _:
            assert_never(message)


def _write_said(message: UserMessage, profile: Profile) -> str | list[WireMessage]:
    """Text alone as a string; pictures as parts before it, or as words: old ones, and for a blind model."""
    parts: list[WireMessage] = []
    texts: list[str] = []
    for picture in message.pictures:
        shown = shown_parts(picture, profile)
        parts += shown
        if not shown:
            texts.append(picture_in_words(picture))
    text = _JOINT.join(text for text in (*texts, message.text) if text)
    if not parts:
        return text
    return [*parts, {"type": "text", "text": text}] if text else parts


def _write_assistant(message: AssistantMessage, profile: Profile) -> WireMessage:
    wire: WireMessage = {"role": "assistant", "content": message.text}
    if not message.calls:
        return wire
    wire["tool_calls"] = [_write_call(call) for call in message.calls]
    if profile.echoes_thinking:
        wire["reasoning_content"] = message.thinking or _LOST_THINKING
    elif message.thinking and profile.thinking is not Thinking.NEVER:
        wire["reasoning_content"] = message.thinking
    return wire


def _write_call(call: ToolCall) -> WireMessage:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _merge_neighbours(messages: Sequence[WireMessage]) -> list[WireMessage]:
    merged: list[WireMessage] = []
    for message in messages:
        if merged and _can_merge(merged[-1], message):
            merged[-1] = {**merged[-1], **message, "content": _join(merged[-1], message)}
        else:
            merged.append(message)
    return merged


def _can_merge(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    role = second["role"]
    return bool(first["role"] == role and role != "tool" and "tool_calls" not in first)


def _join(first: Mapping[str, Any], second: Mapping[str, Any]) -> str | list[WireMessage]:
    contents = (first["content"], second["content"])
    if all(isinstance(content, str) for content in contents):
        return _JOINT.join(text for text in contents if text)
    return [part for content in contents for part in _parts(content)]


def _parts(content: str | list[WireMessage]) -> list[WireMessage]:
    if not isinstance(content, str):
        return content
    return [{"type": "text", "text": content}] if content else []


def _with_instructions(messages: list[WireMessage], text: str, *, folded: bool) -> list[WireMessage]:
    if not text:
        return messages
    system = {"role": "system", "content": text}
    if not folded or messages[0]["role"] != "user":
        return [system, *messages]
    return [{**messages[0], "content": _join(system, messages[0])}, *messages[1:]]
