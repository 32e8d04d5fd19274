"""Under a transcript stand buttons that work on it, from what is stored, in the chat where it was shown."""

from __future__ import annotations

import pytest

from bot.messages import Attachment, AttachmentKind, ChatKind, Quoted
from bot.sandbox import HEARING_MODELS, HttpError, Reply
from tests.unit.conversation.recordings import hand_over, long_note, short_note
from tests.unit.conversation.stage import BEN, Stage, Talk

SAID = "We meet at the lake. Ben brings the red umbrella."


async def written_down(stage: Stage, *, data: bytes | None = None, said: str = SAID) -> Talk:
    """A private chat in which a recording was just written down."""
    stage.brain.teach("Sum up this recording", Reply(text="A meeting."))
    stage.sandbox.audio_script.enqueue_transcripts(said)
    note = hand_over(stage, data or short_note(), kind=AttachmentKind.AUDIO)
    await stage.talk().ask("", attachments=[note])
    return stage.talk()


@pytest.mark.parametrize(
    ("label", "asked"),
    [("Summary", "Sum up"), ("Translate", "into English"), ("Clean up", "clean text")],
)
async def test_a_model_works_on_the_words_and_its_answer_can_be_asked_about(
    stage: Stage, label: str, asked: str
) -> None:
    """As a reply to the recording; the recording is not heard again."""
    talk = await written_down(stage)
    talk.press(label)
    await stage.quiet()
    question = str(stage.requests[-1]["messages"][-1]["content"])
    assert asked in question
    assert SAID in question
    assert len(talk.texts) == 2
    assert len(stage.sandbox.audio_script.heard) == 1
    await talk.ask("who brings it?")
    assert SAID in str(stage.requests[-1]["messages"])


async def test_a_reply_to_a_transcript_is_a_question_about_it(stage: Stage) -> None:
    """The model reads what was said."""
    talk = await written_down(stage)
    (message_id,) = stage.platform.messages
    quoted = Quoted(how="reply", message_id=message_id, text=talk.texts[-1], is_ours=True)
    await talk.ask("who brings it?", quoted=quoted)
    question = str(stage.requests[-1]["messages"][-1]["content"])
    assert "who brings it?" in question
    assert question.count(SAID) == 1


async def test_a_button_pressed_twice_asks_once(stage: Stage) -> None:
    """Whoever presses it."""
    talk = await written_down(stage)
    talk.press("Summary")
    await stage.quiet()
    again = talk.press("Summary")
    await stage.quiet()
    assert stage.platform.answered_buttons[again] == "That is over already."
    assert len(stage.requests) == 1


async def test_the_files_hold_the_words_and_their_times(stage: Stage) -> None:
    """Plain text, and subtitles divided into sentences."""
    talk = await written_down(stage)
    talk.press(".txt")
    await stage.quiet()
    talk.press(".srt")
    await stage.quiet()
    text, subtitles = stage.platform.sent_files
    assert text.name == "transcript.txt"
    assert text.data.decode() == f"{SAID}\n"
    first, second = subtitles.data.decode().strip().split("\n\n")
    assert first.startswith("1\n00:00:00,")
    assert first.endswith("We meet at the lake.")
    assert second.endswith("Ben brings the red umbrella.")


async def test_another_model_hears_it_again_in_the_same_message(stage: Stage) -> None:
    """Its name is shown then."""
    talk = await written_down(stage)
    stage.sandbox.audio_script.enqueue_transcripts("We meat at the lake.")
    talk.press("Other model")
    await stage.quiet()
    (text,) = talk.texts
    assert "TeleSpeechASR" in text
    assert text.endswith("We meat at the lake.")
    assert [file.model for file in stage.sandbox.audio_script.heard] == list(HEARING_MODELS[:2])
    talk.press(".txt")
    await stage.quiet()
    assert stage.platform.sent_files[-1].data == b"We meat at the lake.\n"


async def test_in_a_group_a_short_transcript_shows_its_buttons_when_asked_to(stage: Stage) -> None:
    """Two rows of buttons below every few words would be noise."""
    talk = stage.talk("g", kind=ChatKind.GROUP)
    stage.sandbox.audio_script.enqueue_transcripts(SAID)
    quoted = Quoted(
        how="reply", message_id="55", author_name="Ann", attachments=(hand_over(stage, short_note()),)
    )
    await talk.ask("/transcribe", quoted=quoted)
    before = talk.texts[-1]
    talk.press("⋯")
    await stage.quiet()
    assert talk.texts == [before]
    talk.press("Translate", author=BEN)
    await stage.quiet()
    assert SAID in str(stage.requests[-1]["messages"])


@pytest.mark.parametrize(
    "data",
    ["heard:txt:1:0", "heard:txt:999999:0", "heard:txt", "heard:nothing:1:0", "heard:txt:x:0", "heard:"],
)
async def test_a_button_made_by_hand_gets_nothing_of_another_chat(stage: Stage, data: str) -> None:
    """What it names was shown elsewhere, or does not exist."""
    await written_down(stage)
    other = stage.talk("8")
    press = other.press_data(data, author=BEN)
    await stage.quiet()
    assert stage.platform.answered_buttons[press] == "This button does not work here."
    assert stage.platform.sent_files == []


async def test_a_long_translation_comes_as_a_file_each_part_asked_for_once(stage: Stage) -> None:
    """What is too much for one answer is not cut off."""
    sentence = "The quick brown fox jumps over the lazy dog near the river bank today."
    talk = await written_down(stage, said=" ".join([sentence] * 200))
    stage.brain.teach("The quick brown fox", Reply(text="Der Fuchs."))
    talk.press("Translate")
    await stage.quiet()
    (file,) = stage.platform.sent_files
    parts = file.data.decode().split("\n\n")
    assert file.name == "translate.txt"
    assert len(parts) > 1
    assert {part.strip() for part in parts} == {"Der Fuchs."}


async def test_a_transcript_too_long_for_a_message_shows_its_beginning_and_is_whole_as_a_file(
    stage: Stage,
) -> None:
    """One message, not thirty."""
    stage.brain.teach("What is said in a recording", Reply(text="About foxes."))
    long = " ".join(f"Fox number {number} jumps." for number in range(400))
    talk = await written_down(stage, said=long)
    (shown,) = talk.shown
    assert "About foxes." in shown.text
    assert "Fox number 0 jumps" in shown.text
    assert "Fox number 399" not in shown.text
    assert shown.text.endswith("The beginning is shown; .txt gives you all of it.")
    talk.press(".txt")
    await stage.quiet()
    assert stage.platform.sent_files[-1].data.decode().strip() == long


async def test_a_provider_that_fails_leaves_what_was_heard_and_a_way_to_go_on(stage: Stage) -> None:
    """Trying again hears only the rest, in the same message."""
    stage.brain.teach("What is said in a recording", Reply(text="About bridges."))
    busy = HttpError(status=400, body={"code": 20015, "message": "no"})
    stage.sandbox.audio_script.enqueue_transcripts(*[busy] * 12)
    note: Attachment = hand_over(stage, long_note(), kind=AttachmentKind.AUDIO)
    talk = stage.talk()
    await talk.ask("", attachments=[note])
    (text,) = talk.texts
    assert "would not take this recording" in text
    stage.sandbox.audio_script._transcripts.clear()
    talk.press("Try again")
    await stage.quiet()
    (text,) = talk.texts
    assert "This recording lasts" in text
    assert "About bridges." in text
