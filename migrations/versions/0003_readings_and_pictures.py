"""What was made of attachments, and the pictures among them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="what the model reads in the place of the attachment"
        ),
        sa.Column(
            "shown", sa.Text(), server_default="", nullable=False, comment="what people are shown of it"
        ),
        sa.Column("remark", sa.Text(), server_default="", nullable=False, comment="why it could not be read"),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_readings"),
        comment="What was made of the attachments of a turn's messages, so that it is made once.",
    )
    op.create_table(
        "pictures",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="over all attachments of the turn"),
        sa.Column("mime", sa.String(length=32), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.LargeBinary(), comment="none once the picture is too old to be sent again"),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_pictures"),
        comment="Pictures as the model is shown them.",
    )
    op.create_table(
        "transcripts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column(
            "unique_id",
            sa.String(length=255),
            nullable=False,
            comment="the platform's id of the file, whoever sends it",
        ),
        sa.Column("model", sa.String(length=128), nullable=False, comment="the model asked first"),
        sa.Column(
            "seconds", sa.Float(), server_default="0", nullable=False, comment="how long the recording is"
        ),
        sa.Column(
            "summary", sa.Text(), server_default="", nullable=False, comment="in two lines, of a long one"
        ),
        sa.Column(
            "complete", sa.Boolean(), server_default=sa.false(), nullable=False, comment="all of it was heard"
        ),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transcripts"),
        sa.UniqueConstraint(
            "platform",
            "account",
            "unique_id",
            "model",
            name="uq_transcripts_platform_account_unique_id_model",
        ),
        sqlite_autoincrement=True,
        comment="What was said in recordings, each heard once by one model.",
    )
    op.create_table(
        "transcript_pieces",
        sa.Column("transcript_id", _ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_seconds", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="empty where nothing was said after all"),
        sa.PrimaryKeyConstraint("transcript_id", "number", name="pk_transcript_pieces"),
        comment="The words of each stretch of speech, stored as soon as they are known.",
    )
    op.create_table(
        "showings",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="over the recordings that the turn is about"
        ),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column(
            "message_id",
            sa.String(length=128),
            nullable=False,
            comment="the message that carries the recording",
        ),
        sa.Column(
            "author_id",
            sa.String(length=128),
            nullable=False,
            comment="who sent that message; empty if not known",
        ),
        sa.Column("speaker", sa.Text(), nullable=False, comment="the name shown above the words"),
        sa.Column(
            "attachment", sa.Text(), nullable=False, comment="the recording's handle, to hear it again"
        ),
        sa.Column("transcript_id", _ID, nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_showings"),
        comment="Which transcript was shown where; what nobody was shown any more is deleted.",
    )
    op.create_index("ix_showings_transcript_id", "showings", ["transcript_id"])
    op.create_index("ix_showings_conversation_message_id", "showings", ["conversation", "message_id"])
    op.create_table(
        "spoken",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False, comment="whose answer it speaks"),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column(
            "message_id",
            sa.String(length=128),
            server_default="",
            nullable=False,
            comment="empty: about to be sent",
        ),
        sa.PrimaryKeyConstraint("turn_id", name="pk_spoken"),
        comment="Which message is the voice note of which answer, so that there is at most one.",
    )
    op.create_index("ix_spoken_conversation_message_id", "spoken", ["conversation", "message_id"])
    op.create_table(
        "voices",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("platform", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("uri", sa.String(length=512), nullable=False, comment="what the provider knows it by"),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column(
            "deleted",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="still to be deleted there",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_voices"),
        sqlite_autoincrement=True,
        comment="Voices that people made of their own.",
    )
    op.create_index("ix_voices_platform_account_author_id", "voices", ["platform", "account", "author_id"])
    op.create_table(
        "documents",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="over the documents of the turn"),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column(
            "unique_id", sa.String(length=255), nullable=False, comment="the platform's id of the file"
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column(
            "pages", sa.Integer(), nullable=False, comment="pages, slides or sheets; 0 where there are none"
        ),
        sa.Column("cut", sa.Boolean(), nullable=False, comment="its end was not read"),
        sa.Column("parts", sa.Text(), nullable=False, comment="pairs of a label and a text, in JSON"),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_documents"),
        comment="What documents say, to be read in again by the questions that follow.",
    )
    op.create_index("ix_documents_conversation_unique_id", "documents", ["conversation", "unique_id"])
    op.create_table(
        "drawings",
        sa.Column(
            "turn_id", _ID, autoincrement=False, nullable=False, comment="the turn that took the order"
        ),
        sa.Column("conversation", sa.String(length=512), nullable=False),
        sa.Column("chat_kind", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="picture or film"),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False, comment="size, seed and the like, in JSON"),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False, comment="how many pictures"),
        sa.Column(
            "stage",
            sa.String(length=16),
            nullable=False,
            comment="waiting, making, made, shown, failed or cancelled",
        ),
        sa.Column("reply_to", sa.String(length=128), nullable=False, comment="the message that asked for it"),
        sa.Column("line_id", sa.String(length=128), nullable=False, comment="our message about it"),
        sa.Column("due_at", sa.Float(), nullable=False, comment="when its turn comes"),
        sa.Column(
            "begun_at",
            sa.Float(),
            nullable=False,
            comment="when it came; counts towards the provider's limits",
        ),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column(
            "provider_id", sa.String(length=128), nullable=False, comment="the provider's number of a film"
        ),
        sa.Column("working_turn", _ID, nullable=False, comment="the turn that last worked on it"),
        sa.Column("showing", sa.Boolean(), nullable=False, comment="showing it was begun"),
        sa.Column("seed", sa.BigInteger()),
        sa.PrimaryKeyConstraint("turn_id", name="pk_drawings"),
        comment="Pictures and films that were ordered, and how far each is.",
    )
    op.create_index("ix_drawings_model_stage_begun_at", "drawings", ["model", "stage", "begun_at"])
    op.create_index("ix_drawings_author_id_stage", "drawings", ["author_id", "stage"])
    op.create_index("ix_drawings_conversation_reply_to", "drawings", ["conversation", "reply_to"])
    op.create_table(
        "made_files",
        sa.Column("turn_id", _ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mime", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "position", name="pk_made_files"),
        comment="What was made, until it is shown.",
    )


def downgrade() -> None:
    op.drop_table("made_files")
    op.drop_table("drawings")
    op.drop_table("documents")
    op.drop_table("voices")
    op.drop_table("spoken")
    op.drop_table("showings")
    op.drop_table("transcript_pieces")
    op.drop_table("transcripts")
    op.drop_table("pictures")
    op.drop_table("readings")
