"""People and their standing, pairing codes, chats' own personas, what was overheard in groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "chats",
        sa.Column(
            "standing",
            sa.String(length=16),
            server_default="",
            nullable=False,
            comment="admitted: so is who writes there",
        ),
    )
    op.add_column(
        "chats",
        sa.Column("welcomed_at", sa.Float(), comment="when the bot introduced itself to the group"),
    )
    op.create_index("ix_exchanges_author_id_created_at", "exchanges", ["author_id", "created_at"])
    _create_people()
    _create_pairings()
    _create_personas()
    _create_overheard()
    _create_comparisons()


def downgrade() -> None:
    with op.batch_alter_table("feedback") as feedback:
        feedback.drop_column("model")
    for table in ("comparisons", "overheard", "personas", "pairings", "people"):
        op.drop_table(table)
    op.drop_index("ix_exchanges_author_id_created_at", "exchanges")
    with op.batch_alter_table("chats") as chats:
        chats.drop_column("welcomed_at")
        chats.drop_column("standing")


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False, comment="the platform's id of the person"),
        sa.Column("standing", sa.String(length=16), nullable=False, comment="admitted, admin or blocked"),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("changed_by", sa.String(length=255), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("platform", "account", "id", name="pk_people"),
        comment="Whom an admin let in, made an admin, or shut out; everybody else has no row.",
    )


def _create_pairings() -> None:
    op.create_table(
        "pairings",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("person", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("conversation", sa.String(length=512), nullable=False, comment="where the person asked"),
        sa.Column(
            "turn_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="what the person asked",
        ),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column(
            "admitted_at", sa.Float(), comment="set when the person was let in and is still to be told so"
        ),
        sa.PrimaryKeyConstraint("code", name="pk_pairings"),
        comment="Codes that strangers got and an admin can admit them by.",
    )
    op.create_index("ix_pairings_platform_account_person", "pairings", ["platform", "account", "person"])


def _create_personas() -> None:
    op.create_table(
        "personas",
        sa.Column("peer", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False, comment="as in parley.toml, in JSON"),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "name", name="pk_personas"),
        comment="Personas that people made for their chat.",
    )


def _create_overheard() -> None:
    op.create_table(
        "overheard",
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "message_id", name="pk_overheard"),
        comment="What was lately said in groups to others than the bot, for those who ask what they missed.",
    )
    op.create_index("ix_overheard_conversation_sent_at", "overheard", ["conversation", "sent_at"])


def _create_comparisons() -> None:
    op.add_column(
        "feedback",
        sa.Column(
            "model",
            sa.String(length=128),
            server_default="",
            nullable=False,
            comment="which of several answers is meant",
        ),
    )
    op.create_table(
        "comparisons",
        sa.Column(
            "turn_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "place", name="pk_comparisons"),
        comment="The models whose answers to one question stand in one reply, in their order.",
    )
