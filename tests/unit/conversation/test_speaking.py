"""Answers are spoken as their chat wants it: after the text, once, and without holding up what follows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation.perceiving.perceiving import Place
from bot.media import Container, open_sound
from bot.messages import Attachment, AttachmentKind, Quoted
from bot.sandbox import Cut, Hang, HttpError, Reply
from bot.storage.readings import Reading
from bot.storage.tables import spoken as spoken_rows
from bot.texts import say
from tests.fakes.platform import FakePlatform, FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk

VOICE = Attachment(kind=AttachmentKind.VOICE, file_id="v1", duration_seconds=2.0)
BROKEN = HttpError(status=400, body={"code": 20047, "message": "Invalid voice.", "data": None})


class Hears:
    """Reads every voice message as the same words."""

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        return Reading(text="How tall is the tower?", shown="How tall is the tower?")


@dataclass(slots=True)
class Slow(FakePlatform):
    """Takes its time to take a voice note."""

    sending: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_voice(self, *arguments: Any, **more: Any) -> str:
        self.sending.set()
        await self.arrived.wait()
        return await FakePlatform.send_voice(self, *arguments, **more)


def spoken(stage: Stage) -> list[str]:
    """What the provider was asked to say, in order of asking."""
    return [body.spoken_text for body in stage.sandbox.audio_script.spoken]


async def hears(talk: Talk, count: int = 1) -> None:
    """Wait until the chat has so many voice notes."""
    await talk.stage.until(lambda: len(talk.stage.platform.sent_voices) >= count)


async def test_an_answer_is_spoken_below_its_text(stage: Stage) -> None:
    """Always: the text comes first, then a voice note that answers it, in the platform's own form."""
    stage.brain.teach("Hi", Reply(text="# Hello\n\nThis is **Parley**. How are you?"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("Hi")
    await hears(talk)
    text, note = talk.shown
    assert text.text.endswith("This is Parley. How are you?")
    assert stage.platform.messages[note.reply_to] is text
    assert " ".join(spoken(stage)) == "Hello. This is Parley. How are you?"
    (voice,) = stage.platform.sent_voices
    with open_sound(BytesIO(voice.data), longest_seconds=60) as sound:
        assert (sound.info.container, sound.info.codec) == (Container.OGG, "opus")
    assert voice.mime == "audio/ogg"
    assert voice.seconds == pytest.approx(len("Hello. This is Parley. How are you?") * 0.06, abs=0.2)


async def test_nothing_is_spoken_unless_it_is_wanted(stage: Stage) -> None:
    """Never is the default."""
    await stage.talk().ask("Hi")
    assert (spoken(stage), stage.platform.sent_voices) == ([], [])


async def test_who_speaks_is_spoken_to(open_stage: OpenStage) -> None:
    """When spoken to: a voice message is answered aloud, a written one is not."""
    stage = await open_stage(readers={AttachmentKind.VOICE: Hears()})
    stage.brain.teach("tower", Reply(text="324 metres."))
    await stage.set_chat("7", "speech", "spoken")
    talk = stage.talk()
    await talk.ask("How tall is the tower, in writing?")
    assert stage.platform.sent_voices == []
    await talk.ask("", attachments=[VOICE])
    await hears(talk)
    assert spoken(stage) == ["324 metres."]


async def test_a_long_answer_is_one_note_of_its_sentences_in_order(stage: Stage) -> None:
    """Pieces are asked for beside each other and joined as they stand."""
    sentences = [f"This is sentence number {number} of quite a long answer." for number in range(30)]
    stage.brain.teach("Long", Reply(text=" ".join(sentences)))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("Long")
    await hears(talk)
    pieces = sorted(spoken(stage), key=" ".join(sentences).index)  # they come as connections let them
    assert len(pieces) > 3
    assert " ".join(pieces) == " ".join(sentences)
    assert len(pieces[0]) <= 200
    (voice,) = stage.platform.sent_voices
    assert voice.seconds == pytest.approx(sum(len(piece) for piece in spoken(stage)) * 0.06, rel=0.02)


async def test_an_answer_beyond_five_minutes_is_cut_with_a_word_about_it(stage: Stage) -> None:
    """Nobody listens for an hour, and it is paid for by the byte."""
    stage.brain.teach("Novel", Reply(text="It was a dark and stormy night. " * 300))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("Novel")
    await hears(talk)
    assert sum("The rest is in the message." in piece for piece in spoken(stage)) == 1
    assert 4_400 < len(" ".join(spoken(stage))) < 4_600


async def test_the_next_question_does_not_wait_for_the_voice(stage: Stage) -> None:
    """Speech is made beside the queue."""
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    talk.say("One")
    await stage.until(lambda: spoken(stage) != [])
    talk.say("Two")
    await talk.sees("You said: One", "You said: Two")


async def test_stop_ends_the_voice(stage: Stage) -> None:
    """/stop with nothing being written stops what is being spoken; the text stays."""
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    talk.say("One")
    await stage.until(lambda: spoken(stage) != [])
    await talk.ask("/stop")
    assert (talk.texts, stage.platform.sent_voices) == (["You said: One"], [])


async def test_a_voice_that_was_interrupted_is_spoken_by_the_next_process(stage: Stage) -> None:
    """What was not sent yet is made anew, below the same text."""
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    talk.say("One")
    await stage.until(lambda: spoken(stage) != [])
    await stage.restart()
    await hears(talk)
    await stage.quiet()
    assert talk.texts == ["You said: One", ""]


async def test_a_voice_that_may_have_been_sent_is_not_sent_again(stage: Stage) -> None:
    """The answer to the upload got lost: one voice note, and the turn is over."""
    stage.platform.mood = lambda call: "unclear" if call == "send_voice" else ""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await hears(talk)
    await stage.quiet()
    await stage.restart()
    await stage.quiet()
    assert len(stage.platform.sent_voices) == 1


async def test_a_busy_platform_gets_the_voice_later(stage: Stage) -> None:
    """A flood limit delays it."""
    moods = iter(["busy", "busy"])
    stage.platform.mood = lambda call: next(moods, "") if call == "send_voice" else ""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await hears(talk)
    assert stage.platform.calls.count("send_voice") == 3


async def test_where_voice_notes_are_forbidden_it_is_audio(stage: Stage) -> None:
    """The same words as MP3."""
    stage.platform.mood = lambda call: "no voice" if call == "send_voice" else ""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await hears(talk)
    (voice,) = stage.platform.sent_voices
    with open_sound(BytesIO(voice.data), longest_seconds=60) as sound:
        assert sound.info.container is Container.MP3
    assert len(spoken(stage)) == 1


async def test_where_all_sound_is_forbidden_one_sentence_says_so(stage: Stage) -> None:
    """The chat then goes on in writing."""
    stage.platform.mood = lambda call: "no sound" if call == "send_voice" else ""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await stage.quiet()
    await talk.ask("Two")
    assert talk.texts == ["You said: One", say("speech_refused", "en"), "You said: Two"]


@pytest.mark.parametrize("fault", [BROKEN, Cut(after_tokens=1)])
async def test_a_provider_that_cannot_speak_leaves_the_text_alone(
    stage: Stage, fault: HttpError | Cut
) -> None:
    """Always: not a word about it, since the answer is there."""
    stage.sandbox.audio_script.enqueue_speech_faults(*[fault] * 20)
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await stage.quiet()
    assert (talk.texts, stage.platform.sent_voices) == (["You said: One"], [])


async def test_who_spoke_is_told_that_the_answer_stays_in_writing(open_stage: OpenStage) -> None:
    """Spoken to: one sentence, since a voice was to be expected."""
    stage = await open_stage(readers={AttachmentKind.VOICE: Hears()})
    stage.sandbox.audio_script.enqueue_speech_faults(*[BROKEN] * 20)
    await stage.set_chat("7", "speech", "spoken")
    talk = stage.talk()
    await talk.ask("", attachments=[VOICE])
    await stage.quiet()
    assert talk.texts[-1] == say("speech_failed", "en")
    assert len(talk.texts) == 2


async def test_a_reply_to_the_voice_goes_on_from_its_answer(stage: Stage) -> None:
    """Who answers the voice note answers what it says, not the newest thing in the chat."""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await hears(talk)
    await stage.quiet()
    note = max(stage.platform.messages, key=int)
    await talk.ask("Two")
    await talk.ask("Three", quoted=Quoted(how="reply", message_id=note, is_ours=True))
    first, _, third = await stage.exchanges()
    assert third.parent_id == first.turn_id


async def test_nobody_has_an_answer_spoken_by_a_forged_button(stage: Stage) -> None:
    """Only an event of our own makes a voice note."""
    talk = stage.talk()
    await talk.ask("One")
    (exchange,) = await stage.exchanges()
    nonce = talk.press_data(f"speak:{exchange.turn_id}:always", author=BEN)
    await stage.quiet()
    assert stage.platform.answered_buttons[nonce] == say("button_foreign", "en")
    assert spoken(stage) == []


async def test_a_deleted_question_is_not_answered_aloud(stage: Stage) -> None:
    """Deleting it while its answer is spoken leaves nothing to be heard."""
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    message = talk.say("One", author=ANN)
    await stage.until(lambda: spoken(stage) != [])
    talk.delete(message)
    async with asyncio.timeout(15):
        while not (await stage.exchanges())[0].redacted:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.01)
    await stage.restart()
    await stage.quiet()
    assert stage.platform.sent_voices == []


async def test_a_platform_without_sound_is_left_alone(open_stage: OpenStage) -> None:
    """The setting may stem from elsewhere."""
    platform = FilelessPlatform(limit=2000)
    stage = await open_stage(platform=platform)
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    assert talk.texts == ["You said: One"]
    assert not isinstance(platform, FakePlatform)


async def test_the_settings_offer_it(stage: Stage) -> None:
    """A row of three, and the way to the page of voices."""
    talk = stage.talk()
    await talk.ask("/settings")
    talk.press(say("button_speech_always", "en"))
    await stage.quiet()
    assert say("setting_speech_always", "en") in talk.texts[-1]
    await talk.ask("One")
    await hears(talk)


async def test_an_edited_question_leaves_no_voice_of_its_first_answer(stage: Stage) -> None:
    """Only the answer that stands there in the end is spoken."""
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    message = talk.say("One")
    await stage.until(lambda: spoken(stage) != [])
    talk.edit(message, "Two")
    await hears(talk)
    await stage.restart()
    await stage.quiet()
    assert spoken(stage)[-1] == "You said: Two."
    assert len(stage.platform.sent_voices) == 1


async def test_a_shutdown_lets_a_voice_through_that_is_being_sent(open_stage: OpenStage) -> None:
    """It is known to be sent, and the next process does not wonder."""
    stage = await open_stage(platform=Slow(limit=2000))
    platform = stage.platform
    assert isinstance(platform, Slow)
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    talk.say("One")
    async with asyncio.timeout(15):
        await platform.sending.wait()
    ending = asyncio.create_task(stage.end())
    await asyncio.sleep(0)
    platform.arrived.set()
    await ending
    assert len(stage.platform.sent_voices) == 1
    await stage.begin()
    await stage.quiet()
    assert len(stage.platform.sent_voices) == 1


async def test_a_chat_that_moves_takes_its_way_of_speaking_along(stage: Stage) -> None:
    """Settings move; what was sent in the old chat is no message of the new one."""
    await stage.set_chat("7", "speech", "always")
    talk = stage.talk()
    await talk.ask("One")
    await hears(talk)
    talk.migrate("-100")
    await stage.quiet()
    moved = stage.talk("-100")
    await moved.ask("Two")
    await hears(moved, 2)
    rows = await stage.database.read(lambda conn: conn.execute(select(spoken_rows)).all())
    assert {row.conversation for row in rows} == {str(stage.key("-100"))}
