"""The tables; migrations/ creates them. Times are seconds since 1970, JSON is text."""

from bot.storage.tables.base import metadata
from bot.storage.tables.files import (
    documents,
    drawings,
    made_files,
    pictures,
    readings,
    recordings,
    showings,
    spoken,
    transcript_pieces,
    transcripts,
)
from bot.storage.tables.talk import comparisons, conversations, exchanges, feedback, overheard, summaries
from bot.storage.tables.who import chats, pairings, people, personas, voices
from bot.storage.tables.work import deliveries, inbound, notices, timers, turns

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
    "recordings",
    "showings",
    "spoken",
    "summaries",
    "timers",
    "transcript_pieces",
    "transcripts",
    "turns",
    "voices",
]
