"""The tables; migrations/ creates them. Times are seconds since 1970, JSON is text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

__all__ = [
    "chats",
    "comparisons",
    "conversations",
    "deliveries",
    "documents",
    "drawings",
    "exchanges",
    "feedback",
    "inbound",
    "made_files",
    "metadata",
    "notices",
    "overheard",
    "pairings",
    "people",
    "personas",
    "pictures",
    "readings",
    "showings",
    "spoken",
    "summaries",
    "timers",
    "transcript_pieces",
    "transcripts",
    "turns",
    "voices",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite makes only INTEGER PRIMARY KEY an alias of its row id; PostgreSQL wants 64 bits.
_Id = BigInteger().with_variant(Integer, "sqlite")

inbound = Table(
    "inbound",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("platform", String(32), nullable=False),
    Column("account", String(128), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default=""),
    Column("turn_id", _Id, ForeignKey("turns.id", ondelete="SET NULL")),
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
    Column("id", _Id, primary_key=True, autoincrement=True),
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

conversations = Table(
    "conversations",
    metadata,
    Column("key", String(512), primary_key=True),
    Column("head", _Id, comment="the exchange the next message continues from; none after /new"),
    comment="Where each conversation stands in its tree of exchanges.",
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("conversation", String(512), nullable=False),
    Column("parent_id", _Id),
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
    Column("turn_id", _Id, primary_key=True, autoincrement=False, comment="covers it and all before it"),
    Column("conversation", String(512), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    comment="Older exchanges folded into one text.",
)

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
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
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True),
    Column("model", String(128), nullable=False),
    comment="The models whose answers to one question stand in one reply, in their order.",
)

notices = Table(
    "notices",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    comment="What a command answers, stored together with what it changed, so that it is done once.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default="", comment="empty: about to be sent"),
    Index(None, "conversation", "message_id"),
    Index(None, "conversation", "turn_id", "part"),
    comment="The ledger: which message on the platform shows which part of which reply.",
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
    Column("turn_id", _Id, nullable=False, comment="what the person asked"),
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

readings = Table(
    "readings",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False, comment="what the model reads in the place of the attachment"),
    Column("shown", Text, nullable=False, server_default="", comment="what people are shown of it"),
    Column("remark", Text, nullable=False, server_default="", comment="why it could not be read"),
    comment="What was made of the attachments of a turn's messages, so that it is made once.",
)

pictures = Table(
    "pictures",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, comment="over all attachments of the turn"),
    Column("mime", String(32), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("caption", Text, nullable=False, server_default=""),
    Column("data", LargeBinary, comment="none once the picture is too old to be sent again"),
    comment="Pictures as the model is shown them.",
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
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
    Column("transcript_id", _Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True),
    Column("start_seconds", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("text", Text, nullable=False, comment="empty where nothing was said after all"),
    comment="The words of each stretch of speech, stored as soon as they are known.",
)

showings = Table(
    "showings",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, comment="over the recordings that the turn is about"),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, comment="the message that carries the recording"),
    Column("author_id", String(128), nullable=False, comment="who sent that message; empty if not known"),
    Column("speaker", Text, nullable=False, comment="the name shown above the words"),
    Column("attachment", Text, nullable=False, comment="the recording's handle, to hear it again"),
    Column("transcript_id", _Id, nullable=False, index=True),
    Index(None, "conversation", "message_id"),
    comment="Which transcript was shown where; what nobody was shown any more is deleted.",
)

spoken = Table(
    "spoken",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False, comment="whose answer it speaks"),
    Column("conversation", String(512), nullable=False),
    Column("message_id", String(128), nullable=False, server_default="", comment="empty: about to be sent"),
    Index(None, "conversation", "message_id"),
    comment="Which message is the voice note of which answer, so that there is at most one.",
)

voices = Table(
    "voices",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
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

documents = Table(
    "documents",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
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

drawings = Table(
    "drawings",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False, comment="the turn that took the order"),
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
    Column("working_turn", _Id, nullable=False, comment="the turn that last worked on it"),
    Column("showing", Boolean, nullable=False, comment="showing it was begun"),
    Column("seed", BigInteger),
    Index(None, "model", "stage", "begun_at"),
    Index(None, "author_id", "stage"),
    Index(None, "conversation", "reply_to"),
    comment="Pictures and films that were ordered, and how far each is.",
)

made_files = Table(
    "made_files",
    metadata,
    Column("turn_id", _Id, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("mime", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    comment="What was made, until it is shown.",
)
