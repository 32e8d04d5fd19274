"""A recording is heard once, whoever asks, and what is said in it becomes a question or a text."""

from __future__ import annotations

import asyncio

import pytest

from bot.messages import AttachmentKind, ChatKind, Quoted
from bot.sandbox import HttpError, Reply
from bot.sandbox.audio_backend import HeardFile
from tests.unit.conversation.recordings import hand_over, long_note, short_note, silent_note
from tests.unit.conversation.stage import BEN, Stage


async def test_a_spoken_question_is_answered_with_its_words_quoted_above(stage: Stage) -> None:
    """In a private chat a voice message is a message."""
    stage.sandbox.audio_script.enqueue_transcripts("Is the bridge closed on Monday?")
    stage.brain.teach("Is the bridge closed", Reply(text="Yes, all day."))
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())])
    (text,) = stage.talk().texts
    assert text.startswith("🎙 0:0")
    assert "Is the bridge closed on Monday?" in text
    assert text.endswith("Yes, all day.")
    assert stage.requests[-1]["messages"][-1]["content"] == "Is the bridge closed on Monday?"


async def test_a_long_question_is_folded_away_under_a_heading_that_stands_once(stage: Stage) -> None:
    """With the length in its title, and the words below it."""
    said = "Is the bridge closed on Monday? " * 20
    stage.sandbox.audio_script.enqueue_transcripts(said.strip())
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())])
    (text,) = stage.talk().texts
    assert text.startswith("🎙 0:0")
    assert text.count("🎙") == 1
    assert text.count("Is the bridge closed on Monday?") >= 2 * 20


async def test_a_question_that_takes_minutes_says_how_far_it_is_heard(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the message that becomes the answer."""
    script, gate = stage.sandbox.audio_script, asyncio.Event()
    hear = script.hear

    async def held(file: HeardFile) -> str:
        await gate.wait()
        return await hear(file)

    monkeypatch.setattr(script, "hear", held)
    talk = stage.talk()
    talk.say("", attachments=[hand_over(stage, long_note(), duration_seconds=200.0)])
    await stage.until(lambda: any("Listening" in text for text in talk.texts))
    gate.set()
    await stage.quiet()
    (shown,) = talk.shown
    assert "Listening" not in shown.text
    assert "You said: This recording lasts" in shown.text


async def test_the_same_file_is_heard_once_whoever_sends_it_and_wherever(stage: Stage) -> None:
    """What the platform calls the same file is not fetched and not transcribed again."""
    note = hand_over(stage, short_note())
    await stage.talk().ask("", attachments=[note])
    del stage.platform.files["note"]
    await stage.talk("8").ask("", attachments=[note], author=BEN)
    assert len(stage.sandbox.audio_script.heard) == 1
    assert "You said: This recording lasts" in stage.talk("8").texts[-1]


async def test_two_who_ask_at_a_time_share_one_hearing(stage: Stage) -> None:
    """The second waits for the first's words."""
    note = hand_over(stage, short_note())
    first, second = stage.talk("7"), stage.talk("8")
    first.say("", attachments=[note])
    second.say("", attachments=[note])
    await stage.quiet()
    assert len(stage.sandbox.audio_script.heard) == 1
    assert first.texts == second.texts


async def test_silence_is_told_and_never_sent_to_the_provider(stage: Stage) -> None:
    """Models invent words for silence."""
    await stage.talk().ask("", attachments=[hand_over(stage, silent_note())])
    await stage.talk().sees("I hear no speech in this recording.")
    assert stage.sandbox.audio_script.heard == []
    assert stage.requests == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            HttpError(status=413, body="Request Entity Too Large", form="text"),
            "found this recording too large",
        ),
        (HttpError(status=400, body={"code": 20044, "message": "no"}), "damaged or incomplete"),
        (HttpError(status=413, body={"code": 20045, "message": "no"}), "found this recording too large"),
        (HttpError(status=451, body={"code": 20021, "message": "no"}), "does not let its models listen"),
    ],
)
async def test_what_the_provider_refuses_is_told_in_a_sentence(
    stage: Stage, answer: HttpError, sentence: str
) -> None:
    """By what it means for the person, once."""
    stage.sandbox.audio_script.enqueue_transcripts(*[answer] * 8)
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())])
    (text,) = stage.talk().texts
    assert sentence in text


async def test_a_file_that_is_no_sound_is_told(stage: Stage) -> None:
    """Whatever the platform calls it."""
    await stage.talk().ask("", attachments=[hand_over(stage, b"%PDF-1.7 no sound at all")])
    (text,) = stage.talk().texts
    assert "no sound that I know how to read" in text
    song = hand_over(stage, b"%PDF-1.7 no sound at all", name="song", kind=AttachmentKind.AUDIO)
    await stage.talk("8").ask("", attachments=[song])
    assert "no sound that I know how to read" in stage.talk("8").texts[-1]
    assert not stage.talk("8").shown[-1].buttons, "trying again would change nothing"


async def test_words_beside_a_recording_that_cannot_be_heard_are_answered(stage: Stage) -> None:
    """With a remark below."""
    await stage.talk().ask("what does she say?", attachments=[hand_over(stage, silent_note())])
    (text,) = stage.talk().texts
    assert text.startswith("You said: what does she say?")
    assert text.endswith("I hear no speech in this recording.")


async def test_a_recording_passed_on_is_written_down_and_no_model_answers_it(stage: Stage) -> None:
    """It holds nobody's question to the bot."""
    stage.sandbox.audio_script.enqueue_transcripts("See you at the *lake*.")
    quoted = Quoted(how="forward", author_name="Cleo")
    await stage.talk().ask("", attachments=[hand_over(stage, short_note())], quoted=quoted)
    (shown,) = stage.talk().shown
    assert shown.text.startswith("🎙 Cleo · 0:0")
    assert shown.text.endswith("See you at the *lake*.")
    assert stage.requests == []


async def test_a_long_recording_grows_with_times_and_ends_folded_below_two_lines(stage: Stage) -> None:
    """Piece by piece, in order, in one message."""
    stage.brain.teach(
        "What is said in a recording", Reply(text="About bridges.\nThe red umbrella is wanted.")
    )
    audio = hand_over(stage, long_note(), kind=AttachmentKind.AUDIO, duration_seconds=None)
    await stage.talk().ask("", attachments=[audio])
    (shown,) = stage.talk().shown
    assert len(stage.sandbox.audio_script.heard) > 1
    lines = shown.text.splitlines()
    assert lines[0].startswith("🎙 ")
    assert "About bridges." in shown.text
    assert shown.text.index("red umbrella is wanted") < shown.text.index("Transcript")
    assert "0:00 This recording lasts" in shown.text
    assert [text for text in shown.history if "Listening" in text]
    labels = [button.label for row in shown.buttons for button in row]
    assert labels == ["Summary", "Translate", "Clean up", ".txt", ".srt", "Other model"]


async def test_what_was_heard_before_the_process_ended_is_not_heard_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process edits the same message on, to one whole transcript."""
    stage.brain.teach("What is said in a recording", Reply(text="About bridges."))
    script = stage.sandbox.audio_script
    script.enqueue_transcripts("The first piece.")
    audio = hand_over(stage, long_note(), kind=AttachmentKind.AUDIO, duration_seconds=200.0)
    gate = asyncio.Event()
    hear = script.hear

    async def held(file: HeardFile) -> str:
        if script.heard:
            await gate.wait()
        return await hear(file)

    monkeypatch.setattr(script, "hear", held)
    talk = stage.talk()
    talk.say("", attachments=[audio])
    await stage.until(lambda: any("The first piece." in text for text in talk.texts))
    await stage.end()
    assert len(script.heard) == 1
    gate.set()
    await stage.begin()
    await stage.quiet()
    (shown,) = talk.shown
    assert shown.text.count("The first piece.") == 1
    assert len({file.seconds for file in script.heard}) == len(script.heard) > 1
    assert "Listening" not in shown.text


async def test_a_reply_with_a_voice_message_in_a_group_is_answered(stage: Stage) -> None:
    """Whoever replies to the bot speaks to it."""
    talk = stage.talk("g", kind=ChatKind.GROUP)
    stage.sandbox.audio_script.enqueue_transcripts("Are you sure?")
    await talk.ask("", attachments=[hand_over(stage, short_note())])
    (text,) = talk.texts
    assert text.startswith("🎙 Ann · 0:0")
    assert "Ann: " in str(stage.requests[-1]["messages"][-1]["content"])
