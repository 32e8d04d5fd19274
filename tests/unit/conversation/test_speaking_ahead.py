"""The beginning of an answer is spoken while its end is written; what is heard is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.speaking.ahead import Rehearsal, Rehearsals
from bot.conversation.speaking.manner import Manner, Spoken
from bot.conversation.speaking.pieces import joined, sentences_of
from bot.conversation.speaking.speakable import MOST_SPOKEN_BYTES, text_to_speak
from bot.errors import ProviderUnavailable
from bot.ports import Speech, SpeechFormat
from bot.sandbox import Hang, Reply
from tests.unit.conversation.stage import Stage, Talk, stalled

SENTENCES = [f"This is sentence number {number} of quite a long answer." for number in range(12)]
STORY = " ".join(SENTENCES)
ANNA = Manner(voice="anna", name="anna")


class Mouth:
    """Speaks what it is asked to, once it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self.may = asyncio.Event()
        self.failure: Exception | None = None

    def ask(self, part: Spoken) -> asyncio.Task[Speech]:
        self.asked.append(part.text)
        return asyncio.create_task(self._speak(part), name="speak")

    async def _speak(self, part: Spoken) -> Speech:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self.may.wait()
        finally:
            self.at_work -= 1
        if self.failure is not None:
            raise self.failure
        return Speech(data=part.text.encode(), format=SpeechFormat.WAV, model="m")


async def find_anna() -> Manner:
    """How this chat is spoken to."""
    return ANNA


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for it."""
    async with asyncio.timeout(15):
        while not is_so():  # noqa: ASYNC110 - threads ring no bell
            await asyncio.sleep(0.001)


def spoken(stage: Stage) -> list[str]:
    """What the provider was asked to say."""
    return [body.spoken_text for body in stage.sandbox.audio_script.spoken]


@pytest.fixture
async def talk(stage: Stage) -> Talk:
    """A chat where every answer is spoken."""
    await stage.set_chat("7", "speech", "always")
    return stage.talk()


# --- in the whole core --------------------------------------------------------------------------------------


async def test_sentences_are_spoken_before_the_text_is_whole_and_stop_throws_them_away(talk: Talk) -> None:
    """The model writes on for ever; /stop ends what is being spoken too, and nothing is heard."""
    stage = talk.stage
    stage.brain.teach("story", stalled(STORY, after_tokens=60))
    stage.sandbox.audio_script.enqueue_speech_faults(Hang(before="headers"))
    talk.say("Tell me a story")
    await stage.until(lambda: len(spoken(stage)) > 1)
    assert STORY.startswith(spoken(stage)[0])
    await talk.ask("/stop")
    hanging = next(record for record in stage.sandbox.requests if record.path.endswith("/audio/speech"))
    async with asyncio.timeout(15):
        await hanging.ended.wait()
    assert hanging.client_went_away
    assert stage.platform.sent_voices == []


async def test_each_sentence_is_spoken_once_whenever_it_was_written(talk: Talk) -> None:
    """One whole note, after the text; nothing is paid for twice."""
    stage = talk.stage
    stage.brain.teach("story", Reply(text=STORY, tokens_per_second=400))
    talk.say("Tell me a story")
    await stage.until(lambda: len(stage.platform.sent_voices) == 1)
    said = sorted(sentence for piece in spoken(stage) for sentence in sentences_of(piece))
    assert said == sorted(SENTENCES)
    (note,) = stage.platform.sent_voices
    assert note.seconds == pytest.approx(sum(len(piece) for piece in spoken(stage)) * 0.06, rel=0.02)
    assert [shown.text for shown in talk.shown] == [STORY, ""]


async def test_a_stop_before_the_voice_begins_ends_what_was_spoken_ahead(talk: Talk) -> None:
    """The answer stands there; its voice still waits for the one before it."""
    stage = talk.stage
    stage.sandbox.audio_script.enqueue_speech_faults(*[Hang(before="headers")] * 20)
    stage.brain.teach("story", Reply(text=STORY, tokens_per_second=400))
    talk.say("First")
    await stage.until(lambda: len(spoken(stage)) == 1)
    talk.say("Tell me a story")
    await stage.until(lambda: STORY in talk.texts and len(spoken(stage)) > 1)
    await talk.ask("/stop")
    async with asyncio.timeout(15):
        for record in [one for one in stage.sandbox.requests if one.path.endswith("/audio/speech")]:
            await record.ended.wait()
            assert record.client_went_away
    assert stage.platform.sent_voices == []


async def test_who_does_not_find_what_was_spoken_speaks_it_all(talk: Talk) -> None:
    """The process dies while the text is written; the next one's voice note is whole."""
    stage = talk.stage
    stage.brain.teach("story", stalled(STORY, after_tokens=60))
    talk.say("Tell me a story")
    await stage.until(lambda: spoken(stage) != [])
    await stage.restart()
    before = len(spoken(stage))
    await stage.until(lambda: len(stage.platform.sent_voices) == 1)
    said = sorted(sentence for piece in spoken(stage)[before:] for sentence in sentences_of(piece))
    assert said == sorted(SENTENCES)


async def test_nothing_is_spoken_ahead_where_nothing_is_spoken(stage: Stage) -> None:
    """In writing only: not a word is paid for."""
    stage.brain.teach("story", stalled(STORY, after_tokens=60))
    talk = stage.talk()
    talk.say("Tell me a story")
    await stage.until(lambda: bool(talk.texts) and "number 3" in talk.texts[-1])
    await talk.ask("/stop")
    assert spoken(stage) == []


# --- by itself ----------------------------------------------------------------------------------------------


async def test_no_more_than_three_pieces_are_spoken_at_a_time() -> None:
    """And what finished meanwhile is spoken together."""
    mouth = Mouth()
    rehearsal = Rehearsal(ask=mouth.ask, find_manner=find_anna)
    for end in range(1, len(STORY) + 1):
        rehearsal.heed(STORY[:end])
        await asyncio.sleep(0)
    rehearsal.heed(STORY + " " * 100)  # worth a look
    await until(lambda: mouth.at_work == 3)
    mouth.may.set()
    await until(lambda: "number 10 " in mouth.asked[-1])
    assert mouth.most_at_work == 3
    assert " ".join(mouth.asked) == " ".join(SENTENCES[:-1])  # the last one may go on
    rehearsal.discard()


async def test_another_voice_makes_it_all_worthless() -> None:
    """The chat's voice was changed meanwhile."""
    mouth = Mouth()
    rehearsal = Rehearsal(ask=mouth.ask, find_manner=find_anna)
    rehearsal.heed(STORY)
    await until(lambda: mouth.at_work > 0)
    assert rehearsal.take(sentences_of(STORY), replace(ANNA, voice="diana")) == ([], 0)
    await until(lambda: mouth.at_work == 0)


async def test_what_could_not_be_spoken_ahead_is_spoken_afterwards() -> None:
    """A failure ends what can be taken; nobody is told twice."""
    mouth = Mouth()
    mouth.failure = ProviderUnavailable("busy", model="m")
    mouth.may.set()
    rehearsal = Rehearsal(ask=mouth.ask, find_manner=find_anna)
    rehearsal.heed(STORY)
    await until(lambda: len(mouth.asked) > 2)
    assert rehearsal.take(sentences_of(STORY), ANNA) == ([], 0)


async def test_a_manner_that_cannot_be_found_costs_the_head_start_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The database is busy, say."""

    async def fail() -> Manner:
        raise OSError("no database")

    mouth = Mouth()
    rehearsal = Rehearsal(ask=mouth.ask, find_manner=fail)
    rehearsal.heed(STORY)
    await until(rehearsal._reading.done)
    assert rehearsal.take(sentences_of(STORY), ANNA) == ([], 0)
    assert mouth.asked == []


async def test_an_endless_answer_is_paid_for_to_its_limit() -> None:
    """As much as would be spoken of it in the end."""
    mouth = Mouth()
    mouth.may.set()
    rehearsal = Rehearsal(ask=mouth.ask, find_manner=find_anna)
    novel = "It was a dark and stormy night. " * 1_000
    rehearsal.heed(novel)
    most = len(sentences_of(text_to_speak(novel))) - 1
    await until(lambda: sum(len(sentences_of(piece)) for piece in mouth.asked) == most)
    for _ in range(3):
        rehearsal.heed(novel := novel + novel)
        await asyncio.sleep(0.01)
    assert sum(len(piece.encode()) for piece in mouth.asked) <= MOST_SPOKEN_BYTES
    rehearsal.discard()


async def test_answers_that_are_over_make_room_for_new_ones() -> None:
    """Eight at a time; those nobody came for go first, and those still written are left alone."""
    mouth = Mouth()
    rehearsals = Rehearsals(ask=mouth.ask)
    for answer in range(8):
        rehearsals.begin(answer, find_anna)
    rehearsals.begin(8, find_anna)
    assert rehearsals.take(8) is None
    rehearsals.end(3, is_answered=True)
    rehearsals.end(4, is_answered=False)
    rehearsals.begin(9, find_anna)
    rehearsals.begin(10, find_anna)
    assert [answer for answer in range(11) if rehearsals.take(answer)] == [0, 1, 2, 5, 6, 7, 9, 10]
    await rehearsals.aclose()


words = st.text(st.sampled_from("ab .!?\n*`|#-1。，！好的"), max_size=600)


@given(words, st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_what_was_spoken_ahead_is_a_beginning_of_the_answer(text: str, step: int) -> None:
    """However a text grows and whatever its Markdown turns out to be: no word is lost, changed or doubled."""

    async def read() -> None:
        mouth = Mouth()
        mouth.may.set()
        rehearsal = Rehearsal(ask=mouth.ask, find_manner=find_anna)
        for end in range(0, len(text) + 1, step):
            rehearsal.heed(text[:end])
            await asyncio.sleep(0.0005)
        sentences = sentences_of(text_to_speak(text))
        taken, count = rehearsal.take(sentences, ANNA)
        said = [(await speech).data.decode() for speech in taken]
        assert "".join(joined(said).split()) == "".join("".join(sentences[:count]).split())

    asyncio.run(read())
