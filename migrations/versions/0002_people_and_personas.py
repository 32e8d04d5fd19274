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


def downgrade() -> None:
    for table in ("overheard", "personas", "pairings", "people"):
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
        sa.Column("expires_at", sa.Float(), nullable=False),
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
