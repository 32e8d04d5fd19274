"""A person's own data as a document they can read, or another program can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby

import orjson

from bot.messages import ConversationKey
from bot.storage.personal import Made, Overheard, Owner, Said

__all__ = ["OwnData", "as_json", "as_markdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Everything that is stored of what a person said and made, as it was at one moment."""

    owner: Owner
    at: datetime
    said: Sequence[Said]
    heard: Sequence[Overheard]
    made: Sequence[Made] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.said or self.heard or self.made)


def as_json(data: OwnData) -> str:
    """One JSON object; times are ISO 8601 in UTC."""
    document = {
        "person": asdict(data.owner),
        "exported_at": data.at.astimezone(UTC).isoformat(),
        "questions": [{**asdict(one), "at": _time(one.at)} for one in data.said],
        "overheard": [{**asdict(one), "at": _time(one.at)} for one in data.heard],
        "personas": [
            {**asdict(one), "at": _time(one.at), "definition": orjson.loads(one.definition)}
            for one in data.made
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def as_markdown(data: OwnData) -> str:
    """A document to read: conversation by conversation, in order."""
    parts = [f"# What Parley keeps about {data.owner.platform}:{data.owner.id}", f"As of {_moment(data.at)}."]
    by_place = sorted(data.said, key=lambda one: one.conversation)
    for place, found in groupby(by_place, key=lambda one: one.conversation):
        parts.append(f"## Conversation in {_place(place)}")
        for one in found:
            parts += _told(one)
    if data.heard:
        parts.append("## Said in groups, to others")
        parts += [f"- {_time(one.at)}, {_place(one.conversation)}: {one.text}" for one in data.heard]
    if data.made:
        parts.append("## Personas")
        for made in data.made:
            prompt = orjson.loads(made.definition).get("prompt", "")
            parts += [f"### {made.name}, {_time(made.at)}", str(prompt)]
    return "\n\n".join(parts) + "\n"


def _told(one: Said) -> list[str]:
    answered = one.model or "no model"
    vote = f", voted {one.vote}" if one.vote else ""
    return [
        f"### {_time(one.at)}",
        one.question,
        f"*Answered by {answered}{vote}:*",
        one.answer or "(nothing)",
    ]


def _place(conversation: str) -> str:
    key = ConversationKey.parse(conversation)
    return f"chat {key.chat}, thread {key.thread}" if key.thread else f"chat {key.chat}"


def _time(seconds: float) -> str:
    return _moment(datetime.fromtimestamp(seconds, UTC))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
