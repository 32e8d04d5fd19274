"""What was said in recordings goes with the message, with the person's data, and moves with the chat."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from bot.messages import ChatKind, Quoted
from bot.storage.tables import showings, transcript_pieces, transcripts
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import BEN, Stage


async def rows(stage: Stage) -> tuple[int, ...]:
    """How much is stored of recordings: where they were shown, their transcripts, and the pieces of these."""
    tables = (showings, transcripts, transcript_pieces)
    return await stage.database.read(
        lambda conn: tuple(
            conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        )
    )


async def test_a_deleted_message_takes_the_words_of_its_recording_along(stage: Stage) -> None:
    """Whether it was answered or written down."""
    await stage.set_chat("g", "voice", "all")
    talk = stage.talk("g", kind=ChatKind.GROUP)
    message = await talk.ask("", attachments=[hand_over(stage, short_note())], addressed=False)
    assert await rows(stage) == (1, 1, 1)
    talk.delete(message)
    await stage.quiet()
    assert await rows(stage) == (0, 0, 0)


async def test_a_message_deleted_while_it_is_heard_is_heard_no_further(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it stays."""
    await stage.set_chat("g", "voice", "all")
    asked = asyncio.Event()

    async def never(_file: object) -> str:
        asked.set()
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(stage.sandbox.audio_script, "hear", never)
    talk = stage.talk("g", kind=ChatKind.GROUP)
    message = talk.say("", attachments=[hand_over(stage, short_note())], addressed=False)
    await asked.wait()
    talk.delete(message)
    await stage.quiet()
    assert talk.texts == []
    assert await rows(stage) == (0, 0, 0)


async def test_forgetting_a_person_leaves_what_others_sent(stage: Stage) -> None:
    """The same recording passed on by somebody else stays theirs."""
    note = hand_over(stage, short_note())
    await stage.talk("7").ask("", attachments=[note])
    await stage.talk("8").ask(
        "", attachments=[note], author=BEN, quoted=Quoted(how="forward", author_name="Ann")
    )
    assert await rows(stage) == (2, 1, 1)
    await stage.talk("7").ask("/forget")
    stage.talk("7").press("Delete everything")
    await stage.quiet()
    assert await rows(stage) == (1, 1, 1)
    await stage.talk("8").ask("/forget", author=BEN)
    stage.talk("8").press("Delete everything", author=BEN)
    await stage.quiet()
    assert await rows(stage) == (0, 0, 0)


async def test_the_buttons_go_on_working_after_the_group_has_moved(stage: Stage) -> None:
    """Telegram gives a group that grows a new id."""
    await stage.set_chat("g", "voice", "all")
    talk = stage.talk("g", kind=ChatKind.GROUP)
    stage.sandbox.audio_script.enqueue_transcripts("See you.")
    await talk.ask("", attachments=[hand_over(stage, short_note())], addressed=False)
    data = talk.shown[-1].buttons[0][0].data.replace("more", "txt")
    talk.migrate("h")
    await stage.quiet()
    stage.talk("h", kind=ChatKind.GROUP).press_data(data)
    await stage.quiet()
    assert stage.platform.sent_files[-1].data == b"See you.\n"
