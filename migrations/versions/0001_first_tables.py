"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_chats()
    _create_conversations()
    _create_deliveries()
    _create_exchanges()
    _create_feedback()
    _create_notices()
    _create_summaries()
    _create_timers()
    _create_turns()
    _create_inbound()


def downgrade() -> None:
    for table in (
        "inbound",
        "turns",
        "timers",
        "summaries",
        "feedback",
        "notices",
        "exchanges",
        "deliveries",
        "conversations",
        "chats",
    ):
        op.drop_table(table)


def _create_chats() -> None:
    op.create_table(
        "chats",
        sa.Column("peer", sa.String(length=512), nullable=False),
        sa.Column("settings", sa.Text(), server_default="{}", nullable=False),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.Column("closed_reason", sa.String(length=255), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("peer", name="pk_chats"),
        comment="What is set for a chat, and whether it can still be written to.",
    )


def _create_conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column(
            "head",
            _ID,
            nullable=True,
            comment="the exchange the next message continues from; none after /new",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_conversations"),
        comment="Where each conversation stands in its tree of exchanges.",
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column(
            "message_id",
            sa.String(length=128),
            server_default="",
            nullable=False,
            comment="empty: about to be sent",
        ),
        sa.PrimaryKeyConstraint("turn_id", "part", name="pk_deliveries"),
        comment="The ledger: which message on the platform shows which part of which reply.",
    )
    op.create_index("ix_deliveries_conversation_message_id", "deliveries", ["conversation", "message_id"])
    op.create_index(
        "ix_deliveries_conversation_turn_id_part", "deliveries", ["conversation", "turn_id", "part"]
    )


def _create_exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("parent_id", _ID, nullable=True),
        sa.Column("author_id", sa.String(length=128), server_default="", nullable=False),
        sa.Column("author_name", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "message_id",
            sa.String(length=128),
            server_default="",
            nullable=False,
            comment="the person's message",
        ),
        sa.Column(
            "request", sa.Text(), nullable=False, comment="what the person said, as the model reads it"
        ),
        sa.Column(
            "steps", sa.Text(), server_default="[]", nullable=False, comment="tool rounds, as model messages"
        ),
        sa.Column(
            "reply",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="the answer's Markdown, also half-written",
        ),
        sa.Column("thinking", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "outcome",
            sa.String(length=16),
            server_default="",
            nullable=False,
            comment="empty while it is being written",
        ),
        sa.Column(
            "written", sa.Boolean(), server_default=sa.text("0"), nullable=False, comment="the reply is whole"
        ),
        sa.Column("redacted", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("model", sa.String(length=128), server_default="", nullable=False),
        sa.Column("usage", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_exchanges"),
        comment="What was said and what was answered: a turn's place in the tree of history.",
    )
    op.create_index("ix_exchanges_conversation_message_id", "exchanges", ["conversation", "message_id"])


def _create_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column(
            "vote", sa.String(length=8), nullable=False, comment="up or down; a person's latest counts"
        ),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "author_id", name="pk_feedback"),
        comment="What people thought of an answer.",
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_notices"),
        comment="What a command answers, stored together with what it changed, so that it is done once.",
    )


def _create_summaries() -> None:
    op.create_table(
        "summaries",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False, comment="covers it and all before it"),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_summaries"),
        comment="Older exchanges folded into one text.",
    )
    op.create_index("ix_summaries_conversation", "summaries", ["conversation"])


def _create_timers() -> None:
    op.create_table(
        "timers",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timers"),
        comment="Events to be taken in later.",
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"])


def _create_turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("lane", sa.String(length=16), nullable=False),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="held, queued, running, done or dead"
        ),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False, comment="the fencing token"),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="attempts that count against it",
        ),
        sa.Column(
            "stopping",
            sa.String(length=16),
            server_default="",
            nullable=False,
            comment="why it was asked to stop",
        ),
        sa.Column("join_key", sa.String(length=255), server_default="", nullable=False),
        sa.Column(
            "not_before",
            sa.Float(),
            server_default="0",
            nullable=False,
            comment="end of a hold or of a back-off",
        ),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
        comment="The engine's work: one row a turn.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_turns_state_conversation_id", "turns", ["state", "conversation", "id"])


def _create_inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("message_id", sa.String(length=128), server_default="", nullable=False),
        sa.Column("turn_id", _ID, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_inbound_turn_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_inbound"),
        sa.UniqueConstraint("platform", "account", "event_id", name="uq_inbound_platform_account_event_id"),
        comment="Everything taken in, once; the unique constraint is the dedupe.",
    )
    op.create_index("ix_inbound_conversation_message_id", "inbound", ["conversation", "message_id"])
    op.create_index("ix_inbound_turn_id", "inbound", ["turn_id"])
