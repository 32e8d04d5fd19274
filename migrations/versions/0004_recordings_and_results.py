"""Recordings in groups, so that somebody can point at one later; where to fetch what was drawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recordings",
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("attachments", sa.Text(), nullable=False, comment="the handles, as JSON"),
        sa.Column("kept_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "message_id", name="pk_recordings"),
        comment="Recordings that came in groups, for who points at one later; kept for a week.",
    )
    op.create_index("ix_recordings_kept_at", "recordings", ["kept_at"])
    op.add_column(
        "drawings",
        sa.Column(
            "results",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="where to fetch what is drawn, in JSON",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("drawings") as drawings:
        drawings.drop_column("results")
    op.drop_table("recordings")
