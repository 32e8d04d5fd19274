"""What came with messages that is not text, and what was made besides text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from bot.storage.tables.base import Id, metadata

__all__ = [
    "documents",
    "drawings",
    "made_files",
    "pictures",
    "readings",
    "recordings",
    "showings",
    "spoken",
    "transcript_pieces",
    "transcripts",
]

readings = Table(
    "readings",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False, comment="what the model reads in the place of the attachment"),
    Column("shown", Text, nullable=False, server_default="", comment="what people are shown of it"),
    Column("remark", Text, nullable=False, server_default="", comment="why it could not be read"),
    comment="What was made of the attachments of a turn's messages, so that it is made once.",
)

pictures = Table(
    "pictures",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, comment="over all attachments of the turn"),
    Column("mime", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("caption", Text, nullable=False, server_default=""),
    Column("data", LargeBinary, comment="none once the picture is too old to be sent again"),
    comment="Pictures as the model is shown them.",
)

documents = Table(
    "documents",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, comment="over the documents of the turn"),
    Column("conversation", String(512), nullable=False),
    Column("unique_id", String(255), nullable=False, comment="the platform's id of the file"),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("pages", Integer, nullable=False, comment="pages, slides or sheets; 0 where there are none"),
    Column("cut", Boolean, nullable=False, comment="its end was not read"),
    Column("parts", Text, nullable=False, comment="pairs of a label and a text, in JSON"),
    Index(None, "conversation", "unique_id"),
    comment="What documents say, to be read in again by the questions that follow.",
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("platform", String(32), nullable=False),
    Column("account", String(128), nullable=False),
    Column(
        "unique_id", String(255), nullable=False, comment="the platform's id of the file, whoever sends it"
    ),
    Column("model", String(128), nullable=False, comment="the model asked first"),
    Column("seconds", Float, nullable=False, server_default="0", comment="how long the recording is"),
    Column("summary", Text, nullable=False, server_default="", comment="in two lines, of a long one"),
    Column("complete", Boolean, nullable=False, server_default=false(), comment="all of it was heard"),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("platform", "account", "unique_id", "model"),
    sqlite_autoincrement=True,
    comment="What was said in recordings, each heard once by one model.",
)

transcript_pieces = Table(
    "transcript_pieces",
    metadata,
    Column("transcript_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True),
    Column("start_seconds", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("text", Text, nullable=False, comment="empty where nothing was said after all"),
    comment="The words of each stretch of speech, stored as soon as they are known.",
)

recordings = Table(
    "recordings",
    metadata,
    Column("conversation", String(512), primary_key=True),
    Column("message_id", String(128), primary_key=True),
    Column("author_id", String(128), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("attachments", Text, nullable=False, comment="the handles, as JSON"),
    Column("kept_at", Float, nullable=False, index=True),
    comment="Recordings that came in groups, for who points at one later; kept for a week.",
)

showings = Table(
    "showings",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, comment="over the recordings that the turn is about"),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, comment="the message that carries the recording"),
    Column("author_id", String(128), nullable=False, comment="who sent that message; empty if not known"),
    Column("speaker", Text, nullable=False, comment="the name shown above the words"),
    Column("attachment", Text, nullable=False, comment="the recording's handle, to hear it again"),
    Column("transcript_id", Id, nullable=False, index=True),
    Index(None, "conversation", "message_id"),
    comment="Which transcript was shown where; what nobody was shown any more is deleted.",
)

spoken = Table(
    "spoken",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False, comment="whose answer it speaks"),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default="", comment="empty: about to be sent"),
    Index(None, "conversation", "message_id"),
    comment="Which message is the voice note of which answer, so that there is at most one.",
)

drawings = Table(
    "drawings",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False, comment="the turn that took the order"),
    Column("conversation", String(512), nullable=False),
    Column("chat_kind", String(16), nullable=False),
    Column("author_id", String(128), nullable=False),
    Column("kind", String(16), nullable=False, comment="picture or film"),
    Column("prompt", Text, nullable=False),
    Column("wish", Text, nullable=False, comment="size, seed and the like, in JSON"),
    Column("model", String(128), nullable=False),
    Column("places", Integer, nullable=False, comment="how many pictures"),
    Column("stage", String(16), nullable=False, comment="waiting, making, made, shown, failed or cancelled"),
    Column("reply_to", String(128), nullable=False, comment="the message that asked for it"),
    Column("line_id", String(128), nullable=False, comment="our message about it"),
    Column("due_at", Float, nullable=False, comment="when its turn comes"),
    Column("begun_at", Float, nullable=False, comment="when it came; counts towards the provider's limits"),
    Column("created_at", Float, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("provider_id", String(128), nullable=False, comment="the provider's number of a film"),
    Column("working_turn", Id, nullable=False, comment="the turn that last worked on it"),
    Column("showing", Boolean, nullable=False, comment="showing it was begun"),
    Column("seed", BigInteger),
    Column(
        "results", Text, nullable=False, server_default="", comment="where to fetch what is drawn, in JSON"
    ),
    Index(None, "model", "stage", "begun_at"),
    Index(None, "author_id", "stage"),
    Index(None, "conversation", "reply_to"),
    comment="Pictures and films that were ordered, and how far each is.",
)

made_files = Table(
    "made_files",
    metadata,
    Column("turn_id", Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("mime", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    comment="What was made, until it is shown.",
)
