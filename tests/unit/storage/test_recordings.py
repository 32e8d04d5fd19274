"""Recordings are noted once, found by the chat and the message, and gone whenever one of these goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, StaticPool, create_engine

from bot.messages import Attachment, AttachmentKind, ConversationKey
from bot.storage import tables
from bot.storage.moves import move_chat
from bot.storage.recordings import (
    KEPT_SECONDS,
    KeptRecording,
    forget_old_recordings,
    keep_recording,
    newest_recording,
    recording_in,
    wipe_kept,
)
from bot.storage.transcripts import forget_recordings_in, forget_recordings_of

CHATS, THREADS, IDS, AUTHORS = ("-5", "-55"), ("", "9"), ("1", "2", "3"), ("7", "8")
ACCOUNT = "fake/1/"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A database in memory."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    tables.metadata.create_all(made)
    yield made
    made.dispose()


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """A transaction of which nothing stays."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def key(chat: str, thread: str = "") -> ConversationKey:
    """A conversation of the one account."""
    return ConversationKey(platform="fake", account="1", chat=chat, thread=thread)


@dataclass(frozen=True)
class Step:
    """Something that happens; not every field means something to every ``what``."""

    what: str
    chat: str
    thread: str
    message_id: str
    author: str
    seconds: float


STEPS = st.builds(
    Step,
    what=st.sampled_from(["keep"] * 6 + ["delete", "forget", "leave", "migrate", "prune"]),
    chat=st.sampled_from(CHATS),
    thread=st.sampled_from(THREADS),
    message_id=st.sampled_from(IDS),
    author=st.sampled_from(AUTHORS),
    seconds=st.sampled_from([1.0, 3_600.0, KEPT_SECONDS / 2]),
)


def kept(step: Step) -> KeptRecording:
    """The recording of a step, told from others by its file."""
    file = f"{step.chat}/{step.message_id}/{step.author}"
    return KeptRecording(
        key=key(step.chat, step.thread),
        message_id=step.message_id,
        author_id=step.author,
        author_name=f"Person {step.author}",
        attachments=(Attachment(kind=AttachmentKind.VOICE, file_id=file, duration_seconds=1.5),),
    )


class Expected:
    """What should be there: by chat and message, with the time at which it was noted."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], tuple[KeptRecording, float]] = {}

    def drop(self, gone: Any) -> None:
        """Forget those of which ``gone`` says so."""
        self.notes = {at: note for at, note in self.notes.items() if not gone(at, *note)}


def happen(conn: Connection, expected: Expected, step: Step, now: float) -> None:
    """Let a step happen, to the database and to what is expected of it."""
    match step.what:
        case "keep":
            keep_recording(conn, kept(step), now=now)
            expected.notes.setdefault((step.chat, step.message_id), (kept(step), now))
        case "delete":
            forget_recordings_in(conn, str(key(step.chat, step.thread)), [step.message_id])
            expected.drop(lambda at, _note, _then: at == (step.chat, step.message_id))
        case "forget":
            forget_recordings_of(conn, step.author, ACCOUNT)
            expected.drop(lambda _at, note, _then: note.author_id == step.author)
        case "leave":
            wipe_kept(conn, key(step.chat).peer)
            expected.drop(lambda at, _note, _then: at[0] == step.chat)
        case "migrate":
            move_chat(conn, platform="fake", account="1", old_chat=step.chat, new_chat="-1")
            expected.drop(lambda at, _note, _then: at[0] == step.chat)
        case "prune":
            forget_old_recordings(conn, now=now)
            expected.drop(lambda _at, _note, then: then < now - KEPT_SECONDS)


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=15))
def test_what_is_noted_is_what_was_kept_and_not_taken_away_since(engine: Engine, steps: list[Step]) -> None:
    """Whatever happens in whatever order; a chat's id may begin like another's."""
    expected, now = Expected(), 1_800_000_000.0
    with undone(engine) as conn:
        for step in steps:
            now += step.seconds
            happen(conn, expected, step, now)
        for chat, message_id in product(CHATS, IDS):
            note = expected.notes.get((chat, message_id))
            assert recording_in(conn, key(chat).peer, message_id) == (note and note[0])


def test_the_newest_of_a_thread_is_the_one_that_came_last_there(engine: Engine) -> None:
    """Other threads have their own."""
    step = Step("keep", "-5", "9", "1", "7", 0.0)
    with undone(engine) as conn:
        assert newest_recording(conn, str(key("-5", "9"))) is None
        for number, thread in (("1", "9"), ("2", "9"), ("3", "8")):
            keep_recording(conn, kept(replace(step, message_id=number, thread=thread)), now=float(number))
        found = newest_recording(conn, str(key("-5", "9")))
        assert found is not None
        assert found.message_id == "2"
