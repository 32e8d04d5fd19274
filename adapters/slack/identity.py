"""Who the bot is in its workspace, and how its conversations are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.messages import ChatKind, ConversationKey

__all__ = ["Identity", "chat_kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What auth.test tells of the bot."""

    team_id: str
    user_id: str
    bot_id: str = ""
    enterprise_id: str = ""
    name: str = ""

    @classmethod
    def from_auth(cls, answer: Mapping[str, Any]) -> Identity | None:
        """The identity of an auth.test answer; None when it is not a bot's."""
        fields = {
            name: value if isinstance(value := answer.get(given), str) else ""
            for name, given in (
                ("team_id", "team_id"),
                ("user_id", "user_id"),
                ("bot_id", "bot_id"),
                ("enterprise_id", "enterprise_id"),
                ("name", "user"),
            )
        }
        return cls(**fields) if fields["team_id"] and fields["user_id"] else None

    def key(self, channel: str, thread: str = "") -> ConversationKey:
        """The conversation of a thread; without one, the channel as a whole."""
        return ConversationKey(platform="slack", account=self.team_id, chat=channel, thread=thread)


def chat_kind(channel: str, channel_type: str = "") -> ChatKind:
    """What a conversation is to its people; the id's first letter tells where Slack does not say."""
    if channel_type == "im" or channel.startswith("D"):
        return ChatKind.PRIVATE
    return ChatKind.GROUP if channel_type == "mpim" else ChatKind.CHANNEL
