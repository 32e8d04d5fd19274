"""What is taken in, and the work it becomes."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.storage.tables.base import Id, metadata

__all__ = ["deliveries", "inbound", "notices", "timers", "turns"]

inbound = Table(
    "inbound",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("platform", String(32), nullable=False),
    Column("account", String(128), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default=""),
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="SET NULL")),
    Column("payload", Text, nullable=False),
    Column("received_at", Float, nullable=False),
    UniqueConstraint("platform", "account", "event_id"),
    Index(None, "conversation", "message_id"),
    Index(None, "turn_id"),
    comment="Everything taken in, once; the unique constraint is the dedupe.",
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("conversation", String(512), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("state", String(16), nullable=False, comment="held, queued, running, done or dead"),
    Column("attempt", Integer, nullable=False, server_default="0", comment="the fencing token"),
    Column("failures", Integer, nullable=False, server_default="0", comment="attempts that count against it"),
    Column("stopping", String(16), nullable=False, server_default="", comment="why it was asked to stop"),
    Column("join_key", String(255), nullable=False, server_default=""),
    Column("not_before", Float, nullable=False, server_default="0", comment="end of a hold or of a back-off"),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("error", Text, nullable=False, server_default=""),
    Index(None, "state", "conversation", "id"),
    sqlite_autoincrement=True,
    comment="The engine's work: one row a turn.",
)

timers = Table(
    "timers",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("conversation", String(512), nullable=False),
    Column("due_at", Float, nullable=False, index=True),
    Column("lane", String(16), nullable=False),
    Column("payload", Text, nullable=False),
    comment="Events to be taken in later.",
)

notices = Table(
    "notices",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    comment="What a command answers, stored together with what it changed, so that it is done once.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default="", comment="empty: about to be sent"),
    Index(None, "conversation", "message_id"),
    Index(None, "conversation", "turn_id", "part"),
    comment="The ledger: which message on the platform shows which part of which reply.",
)
