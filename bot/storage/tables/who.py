"""The people and the chats, and what they made and set for themselves."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, String, Table, Text, false

from bot.storage.tables.base import Id, metadata

__all__ = ["chats", "pairings", "people", "personas", "voices"]

chats = Table(
    "chats",
    metadata,
    Column("peer", String(512), primary_key=True),
    Column("settings", Text, nullable=False, server_default="{}"),
    Column("closed_at", Float),
    Column("closed_reason", String(255), nullable=False, server_default=""),
    Column(
        "standing", String(16), nullable=False, server_default="", comment="admitted: so is who writes there"
    ),
    Column("welcomed_at", Float, comment="when the bot introduced itself to the group"),
    comment="What is set for a chat, and whether it can still be written to.",
)

people = Table(
    "people",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("account", String(128), primary_key=True),
    Column("id", String(128), primary_key=True, comment="the platform's id of the person"),
    Column("standing", String(16), nullable=False, comment="admitted, admin or blocked"),
    Column("name", Text, nullable=False, server_default=""),
    Column("changed_at", Float, nullable=False),
    Column("changed_by", String(255), nullable=False, server_default=""),
    comment="Whom an admin let in, made an admin, or shut out; everybody else has no row.",
)

pairings = Table(
    "pairings",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("account", String(128), nullable=False),
    Column("person", String(128), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("conversation", String(512), nullable=False, comment="where the person asked"),
    Column("turn_id", Id, nullable=False, comment="what the person asked"),
    Column("expires_at", Float, nullable=False),
    Column("admitted_at", Float, comment="set when the person was let in and is still to be told so"),
    Index(None, "platform", "account", "person"),
    comment="Codes that strangers got and an admin can admit them by.",
)

personas = Table(
    "personas",
    metadata,
    Column("peer", String(512), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("definition", Text, nullable=False, comment="as in parley.toml, in JSON"),
    Column("author_id", String(128), nullable=False),
    Column("created_at", Float, nullable=False),
    comment="Personas that people made for their chat.",
)

voices = Table(
    "voices",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("platform", String(32), nullable=False),
    Column("account", String(128), nullable=False),
    Column("author_id", String(128), nullable=False),
    Column("name", String(64), nullable=False),
    Column("uri", String(512), nullable=False, comment="what the provider knows it by"),
    Column("model", String(128), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=false(), comment="still to be deleted there"),
    Index(None, "platform", "account", "author_id"),
    sqlite_autoincrement=True,
    comment="Voices that people made of their own.",
)
