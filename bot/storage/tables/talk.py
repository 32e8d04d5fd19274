"""What was said and answered, and what people thought of it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, Text, false

from bot.storage.tables.base import Id, metadata

__all__ = ["comparisons", "conversations", "exchanges", "feedback", "overheard", "summaries"]

conversations = Table(
    "conversations",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("head", Id, comment="the exchange the next message continues from; none after /new"),
    comment="Where each conversation stands in its tree of exchanges.",
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("conversation", String(512), nullable=False),
    Column("parent_id", Id),
    Column("author_id", String(128), nullable=False, server_default=""),
    Column("author_name", Text, nullable=False, server_default=""),
    Column("message_id", String(128), nullable=False, server_default="", comment="the person's message"),
    Column("request", Text, nullable=False, comment="what the person said, as the model reads it"),
    Column("steps", Text, nullable=False, server_default="[]", comment="tool rounds, as model messages"),
    Column(
        "reply", Text, nullable=False, server_default="", comment="the answer's Markdown, also half-written"
    ),
    Column("thinking", Text, nullable=False, server_default=""),
    Column(
        "outcome", String(16), nullable=False, server_default="", comment="empty while it is being written"
    ),
    Column("written", Boolean, nullable=False, server_default=false(), comment="the reply is whole"),
    Column("redacted", Boolean, nullable=False, server_default=false()),
    Column("model", String(128), nullable=False, server_default=""),
    Column("usage", Text, nullable=False, server_default="{}"),
    Column("created_at", Float, nullable=False),
    Index(None, "conversation", "message_id"),
    Index(None, "author_id", "created_at"),
    comment="What was said and what was answered: a turn's place in the tree of history.",
)

summaries = Table(
    "summaries",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False, comment="covers it and all before it"),
    Column("conversation", String(512), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    comment="Older exchanges folded into one text.",
)

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("author_id", String(128), primary_key=True),
    Column("vote", String(8), nullable=False, comment="up or down; a person's latest counts"),
    Column("created_at", Float, nullable=False),
    Column(
        "model", String(128), nullable=False, server_default="", comment="which of several answers is meant"
    ),
    comment="What people thought of an answer.",
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True),
    Column("model", String(128), nullable=False),
    comment="The models whose answers to one question stand in one reply, in their order.",
)

overheard = Table(
    "overheard",
    metadata,
    Column("conversation", String(512), primary_key=True),
    Column("message_id", String(128), primary_key=True),
    Column("author_id", String(128), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", Float, nullable=False),
    Index(None, "conversation", "sent_at"),
    comment="What was lately said in groups to others than the bot, for those who ask what they missed.",
)
