"""Whoever points at a recording in a group gets it in writing, once, if the group wants any heard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.messages import Attachment, AttachmentKind, Author, ChatKind, Incoming
from bot.settings import Access
from bot.storage.people import Person, Standing, set_standing
from bot.storage.recordings import KEPT_SECONDS, KeptRecording, forget_old_recordings, keep_recording
from bot.storage.tables import recordings
from tests.fakes.platform import FakePlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk

CLEO = Author(id="3", name="Cleo", language="en")


def group(stage: Stage) -> Talk:
    """The group that all these tests are about."""
    return stage.talk("g", kind=ChatKind.GROUP)


async def post(stage: Stage, *, said: str = "See you at the lake.", **fields: Any) -> Incoming:
    """Ann posts a voice message that is not for the bot; everything that follows is over on return."""
    stage.sandbox.audio_script.enqueue_transcripts(said)
    note = hand_over(stage, short_note(), name=said)
    return await group(stage).ask("", **{"attachments": [note], "addressed": False, **fields})


async def kept(stage: Stage) -> int:
    """How many messages with recordings are noted."""
    count = select(func.count()).select_from(recordings)
    return await stage.database.read(lambda conn: conn.execute(count).scalar_one())


async def test_pointing_at_a_recording_writes_it_down_once(stage: Stage) -> None:
    """As a reply to it, with who spoke; whoever points at it next, and again after that, changes nothing."""
    message = await post(stage)
    assert stage.sandbox.audio_script.heard == []
    group(stage).point_at(message.message_id)
    group(stage).point_at(message.message_id, author=CLEO)
    await stage.quiet()
    group(stage).point_at(message.message_id)
    asked = group(stage).point_at(message.message_id, waits=True)
    await stage.quiet()
    (shown,) = group(stage).shown
    assert shown.text.startswith("🎙 Ann · 0:0")
    assert shown.text.endswith("See you at the lake.")
    assert shown.reply_to == message.message_id
    assert len(stage.sandbox.audio_script.heard) == 1
    assert "in writing already" in stage.platform.answered_buttons[asked]
    assert stage.requests == []


async def test_where_each_is_written_down_pointing_adds_nothing(stage: Stage) -> None:
    """Neither while it is being heard nor afterwards."""
    await stage.set_chat("g", "voice", "all")
    talk = group(stage)
    message = talk.say("", attachments=[hand_over(stage, short_note())], addressed=False)
    talk.point_at(message.message_id)
    await stage.quiet()
    talk.point_at(message.message_id)
    await stage.quiet()
    assert len(talk.texts) == 1


async def test_what_was_only_listened_to_for_the_name_can_be_had_in_writing(stage: Stage) -> None:
    """It is not heard a second time."""
    await stage.set_chat("g", "voice", "addressed")
    message = await post(stage)
    assert group(stage).texts == []
    group(stage).point_at(message.message_id)
    await stage.quiet()
    assert [text.endswith("See you at the lake.") for text in group(stage).texts] == [True]
    assert len(stage.sandbox.audio_script.heard) == 1


async def test_where_the_group_wants_none_heard_nothing_is_noted_or_said(stage: Stage) -> None:
    """Only who waits for a word is told why, and nobody else."""
    before = await post(stage)
    await stage.set_chat("g", "voice", "off")
    after = await post(stage, said="Two.")
    assert await kept(stage) == 1
    for message in (before, after):
        group(stage).point_at(message.message_id)
    asked = group(stage).point_at(before.message_id, waits=True)
    await stage.quiet()
    assert group(stage).texts == []
    assert stage.platform.answered_buttons[asked].startswith("In this group I listen to no recordings.")
    assert stage.sandbox.audio_script.heard == []


async def test_a_stranger_is_met_with_silence_and_spoils_nothing(open_stage: OpenStage) -> None:
    """A member who points at the same recording later has it written down."""
    stage = await open_stage(access=Access.PAIRING)
    admitted = Person(platform="fake", account="1", id=BEN.id, standing=Standing.ADMITTED)
    await stage.database.write(lambda conn: set_standing(conn, admitted))
    message = await post(stage)
    group(stage).point_at(message.message_id, author=CLEO)
    await stage.quiet()
    assert group(stage).texts == []
    assert stage.sandbox.audio_script.heard == []
    group(stage).point_at(message.message_id)
    await stage.quiet()
    assert len(group(stage).texts) == 1


async def test_wishes_count_as_questions(open_stage: OpenStage) -> None:
    """Who exceeds the limit waits; that a wish is refused is not said to the group."""
    stage = await open_stage(person_per_minute=1)
    first, second = await post(stage, said="One."), await post(stage, said="Two.")
    group(stage).point_at(first.message_id)
    await stage.quiet()
    asked = group(stage).point_at(second.message_id, waits=True)
    await stage.quiet()
    assert [text[-4:] for text in group(stage).texts] == ["One."]
    assert stage.platform.answered_buttons[asked].startswith("You're asking faster")


async def test_messages_without_a_recording_have_nothing_to_write_down(stage: Stage) -> None:
    """A picture, a text, a message nobody knows."""
    picture = Attachment(kind=AttachmentKind.IMAGE, file_id="p")
    seen = await post(stage, attachments=[picture])
    group(stage).point_at("4711")
    asked = group(stage).point_at(seen.message_id, waits=True)
    await stage.quiet()
    assert await kept(stage) == 0
    assert group(stage).texts == []
    assert stage.platform.answered_buttons[asked].startswith("There is no recording in this message")


async def test_a_message_that_comes_with_the_wish_needs_no_note(stage: Stage) -> None:
    """As from the menu of a message: its recordings, each in a reply of its own, in its own thread."""
    stage.sandbox.audio_script.enqueue_transcripts("One.", "Two.")
    notes = [hand_over(stage, short_note(), name=name) for name in ("a", "b")]
    message = group(stage).message("", attachments=notes, addressed=False)
    there = replace(message, key=replace(message.key, thread="t"))
    group(stage).point_at(message.message_id, message=there)
    await stage.quiet()
    assert sorted(shown.text[-4:] for shown in group(stage).shown) == ["One.", "Two."]
    assert {(shown.key.thread, shown.reply_to) for shown in group(stage).shown} == {("t", message.message_id)}


async def test_the_topic_of_a_recording_is_where_it_is_written_down(stage: Stage) -> None:
    """A reaction tells the chat alone."""
    stage.sandbox.audio_script.enqueue_transcripts("One.")
    talk = group(stage)
    message = talk.message("", attachments=[hand_over(stage, short_note())], addressed=False)
    talk.arrives(replace(message, key=replace(message.key, thread="5")))
    talk.point_at(message.message_id)
    await stage.quiet()
    assert [shown.key.thread for shown in talk.shown] == ["5"]


async def test_a_recording_goes_with_its_author_its_message_and_the_chat(stage: Stage) -> None:
    """Nothing is written down of what was forgotten, deleted, or stands in a chat that got a new id."""
    talk = group(stage)
    of_ann, of_ben = await post(stage), await post(stage, author=BEN)
    gone = await post(stage)
    talk.delete(gone)
    await stage.quiet()
    assert await kept(stage) == 2
    await stage.talk("7").ask("/forget")
    stage.talk("7").press("Delete everything")
    await stage.quiet()
    assert await kept(stage) == 1
    for message in (of_ann, gone):
        talk.point_at(message.message_id)
    await stage.quiet()
    talk.migrate("h")
    await stage.quiet()
    assert await kept(stage) == 0
    stage.talk("h", kind=ChatKind.GROUP).point_at(of_ben.message_id)
    await stage.quiet()
    assert talk.texts == []


async def test_leaving_a_group_leaves_no_notes(stage: Stage) -> None:
    """Nobody there can point at anything any more."""
    await post(stage)
    group(stage).leave()
    await stage.quiet()
    assert await kept(stage) == 0


async def test_recordings_are_noted_for_a_week(stage: Stage) -> None:
    """What came since stays."""
    noted = KeptRecording(key=stage.key("g"), message_id="1", author_id="1", author_name="A", attachments=())
    later = replace(noted, message_id="2")

    def change(conn: Any) -> int:
        keep_recording(conn, noted, now=0.0)
        keep_recording(conn, noted, now=5.0)
        keep_recording(conn, later, now=10.0)
        return forget_old_recordings(conn, now=KEPT_SECONDS + 6.0)

    assert await stage.database.write(change) == 1
    assert await kept(stage) == 1


class Looking(FakePlatform):
    """A platform that shows messages again, if it is not too busy."""

    def __init__(self) -> None:
        super().__init__(limit=2000)
        self.there: dict[str, Incoming] = {}
        self.looked_for: list[str] = []

    async def show_again(self, key: Any, message_id: str) -> Incoming | None:
        self.looked_for.append(message_id)
        return self.there.get(message_id)


async def test_in_a_thread_the_command_is_about_the_recording_above(open_stage: OpenStage) -> None:
    """The one it begins with, else its newest, else what the platform shows; a word to the bot is enough."""
    stage = await open_stage(platform=Looking())
    assert isinstance(stage.platform, Looking)
    talk = group(stage)

    async def asked_below(root: str, text: str, **fields: Any) -> str:
        asked = talk.message(text, author=BEN)
        talk.arrives(replace(asked, key=replace(asked.key, thread=root), follows_up=True, **fields))
        await stage.quiet()
        return talk.texts[-1]

    begun = talk.message("", attachments=[hand_over(stage, short_note(), name="a")], addressed=False)
    talk.arrives(replace(begun, key=replace(begun.key, thread=begun.message_id)))
    await stage.quiet()
    stage.sandbox.audio_script.enqueue_transcripts("One.", "Two.", "Three.")
    assert (await asked_below(begun.message_id, "/transcribe")).endswith("One.")
    later = talk.message("", attachments=[hand_over(stage, short_note(), name="b")], addressed=False)
    talk.arrives(replace(later, key=replace(later.key, thread="77"), follows_up=True))
    await stage.quiet()
    assert (await asked_below("77", "Transcribe.", mentioned=True)).endswith("Two.")
    assert stage.platform.looked_for == []
    old = talk.message("", attachments=[hand_over(stage, short_note(), name="c")], message_id="78")
    stage.platform.there["78"] = replace(old, key=replace(old.key, thread="78"))
    assert (await asked_below("78", "/transcribe")).endswith("Three.")
    assert (await asked_below("79", "/transcribe")).startswith("Reply to a voice message")
    assert stage.platform.looked_for == ["78", "79"]


@pytest.mark.parametrize("text", ["transcribe", "Please transcribe this in your mind"])
async def test_a_word_alone_is_a_command_only_behind_the_handle(stage: Stage, text: str) -> None:
    """People say it to each other, and to the bot in sentences."""
    await stage.talk("7").ask(text, author=ANN)
    assert stage.talk("7").texts == [f"You said: {text}"]
