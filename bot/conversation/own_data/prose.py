"""A person's own data as a document to read: conversation by conversation, then everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson

from bot.conversation.own_data.data import OwnData
from bot.messages import ConversationKey
from bot.storage.personal import AsRead, Kept, Ordered, Overheard, Pointable, Received, Recording, Said

__all__ = ["as_markdown"]


def as_markdown(data: OwnData) -> str:
    """The document; what only programs use (tool rounds, counts of tokens) is in the JSON form alone."""
    owner = data.owner
    parts = [f"# What Parley keeps about {owner.platform}:{owner.id}", f"As of {_moment(data.at)}."]
    if data.left_out:
        parts.append(_left_out(data))
    parts += [*_conversations(data), *_sent(data), *_made(data), *_rules(data), *_events(data.kept)]
    return "\n\n".join(parts) + "\n"


def _left_out(data: OwnData) -> str:
    turns = ", ".join(sorted({str(file.turn) for file in data.left_out}, key=int))
    size = sum(file.size_bytes for file in data.left_out)
    return (
        f"Files that had no room in what this chat can carry: {len(data.left_out)} ({size:,} bytes), "
        f"of the turns {turns}."
    )


# --- what was said ----------------------------------------------------------------------------------------


def _conversations(data: OwnData) -> Iterator[str]:
    by_place = sorted(data.kept.questions, key=lambda one: one.conversation)
    for place, found in groupby(by_place, key=lambda one: one.conversation):
        yield f"## Conversation in {_place(place)}"
        for one in found:
            yield from _told(one, data)
    yield from _section(
        "Summaries of the older part of conversations",
        (f"### {_place(one.conversation)}, {_time(one.at)}\n\n{one.text}" for one in data.kept.summaries),
    )


def _told(one: Said, data: OwnData) -> Iterator[str]:
    yield f"### {_time(one.at)}, turn {one.turn}"
    yield one.question
    if files := data.paths(one.turn):
        yield f"*With {', '.join(files)}.*"
    if one.thinking:
        yield f"*Thought before the answer:*\n\n{one.thinking}"
    vote = f", voted {one.vote}" if one.vote else ""
    yield f"*Answered by {one.model or 'no model'}{vote}:*"
    yield one.answer or "(nothing)"


# --- what was sent --------------------------------------------------------------------------------------


def _sent(data: OwnData) -> Iterator[str]:
    kept = data.kept
    yield from _section(
        "Pictures",
        (
            f"- turn {one.turn}: {one.width}×{one.height}, "
            f"{'stored' if one.size_bytes else 'only described'}. {one.caption}"
            for one in kept.pictures
        ),
    )
    yield from _section(
        "Documents",
        (f"- turn {one.turn}: {one.name} ({one.kind}), {_place(one.conversation)}" for one in kept.documents),
    )
    yield from _section("Attachments, as they were read", map(_read, kept.attachments))
    yield from _section("Recordings, as they were heard", map(_heard, kept.recordings))
    yield from _section(
        "Messages with recordings in groups, kept for a week",
        (
            f"- {_time(one.at)}, {_place(one.conversation)}: message {one.message_id}"
            for one in kept.pointable
        ),
    )
    yield from _section(
        "Said in groups, to others",
        (f"- {_at(one)}: {one.text}" for one in kept.overheard),
    )


def _read(one: AsRead) -> str:
    told = (text for text in (one.text, one.shown, one.remark) if text)
    return "\n\n".join((f"### Turn {one.turn}, number {one.position + 1}", *dict.fromkeys(told)))


def _heard(one: Recording) -> str:
    speaker = f" by {one.speaker}" if one.speaker else ""
    part = "" if one.complete else ", not all of it heard"
    lines = [
        f"### {_time(one.at)}, {_place(one.conversation)}{speaker}",
        f"*{one.seconds:.0f} seconds{part}, heard by {one.model or 'no model'}:*",
        *((f"*In short:* {one.summary}",) if one.summary else ()),
        *(f"{start:.0f} s: {text}" for start, text in one.passages),
    ]
    return "\n\n".join(lines)


# --- what was made ----------------------------------------------------------------------------------------


def _made(data: OwnData) -> Iterator[str]:
    kept = data.kept
    yield from _section("Pictures and films ordered", (_ordered(one, data) for one in kept.orders))
    yield from _section("Own voices", (f"- {one.name}, {_time(one.at)}: {one.uri}" for one in kept.voices))
    if kept.voices and data.consent:
        yield f"To have them made you read: “{data.consent}”"
    yield from _section(
        "Personas",
        (
            f"### {one.name}, {_time(one.at)}\n\n{orjson.loads(one.definition).get('prompt', '')}"
            for one in kept.personas
        ),
    )
    yield from _section(
        "Votes",
        (f"- {_time(one.at)}, turn {one.turn}: {one.vote} {one.model}".rstrip() for one in kept.votes),
    )


def _ordered(one: Ordered, data: OwnData) -> str:
    options = {name: value for name, value in orjson.loads(one.wish).items() if value not in (None, "", 0)}
    seed = f", seed {one.seed}" if one.seed is not None else ""
    lines = [
        f"### {_time(one.at)}, {one.kind} by {one.model}, turn {one.turn}",
        one.prompt,
        f"{one.places} ordered, {one.stage}{seed}. Options: {orjson.dumps(options).decode()}",
        *(f"*{name}*" for name in data.paths(one.turn) if name.startswith("made/")),
    ]
    return "\n\n".join(lines)


# --- what holds for the person --------------------------------------------------------------------------


def _rules(data: OwnData) -> Iterator[str]:
    kept = data.kept
    yield from _section(
        "Settings of your private chats",
        (
            f"- {_place(one.peer)}: {name} = {orjson.dumps(value).decode()}"
            for one in kept.settings
            for name, value in orjson.loads(one.settings).items()
        ),
    )
    standing = [
        f"- {_time(one.at)}: {one.standing}{', as ' + one.name if one.name else ''}" for one in kept.decisions
    ]
    standing += [f"- waiting to be let in until {_time(one.until)}, as {one.name}" for one in kept.waiting]
    yield from _section("What was decided about you", standing)


def _events(kept: Kept) -> Iterator[str]:
    yield from _section("What came in lately, kept for a week", map(_received, kept.received))


def _received(one: Received) -> str:
    event = orjson.loads(one.event)
    answer = f"\n  Answered: {_one_line(one.told)}" if one.told else ""
    return (
        f"- {_time(one.at)}, {_place(one.conversation)}, {event['type']}: {_one_line(_words(event))}{answer}"
    )


def _words(event: dict[str, Any]) -> str:
    """What somebody wrote, attached or pressed."""
    message = event["message"] if event["type"] == "edited" else event
    parts = (
        part.get("text") or part.get("name") or part.get("kind", "") for part in message.get("parts", ())
    )
    return " ".join((*parts, message.get("data", ""))).strip()


# --- the form -----------------------------------------------------------------------------------------


def _section(title: str, items: Iterable[str]) -> Iterator[str]:
    """The items under a heading; nothing without items. Those of a list stand together."""
    found: Sequence[str] = list(items)
    if found:
        yield f"## {title}"
        yield ("\n" if found[0].startswith("- ") else "\n\n").join(found)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _at(one: Overheard | Pointable | Received) -> str:
    return f"{_time(one.at)}, {_place(one.conversation)}"


def _place(conversation: str) -> str:
    key = ConversationKey.parse(conversation)
    return f"chat {key.chat}, thread {key.thread}" if key.thread else f"chat {key.chat}"


def _time(seconds: float) -> str:
    return _moment(datetime.fromtimestamp(seconds, UTC))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
