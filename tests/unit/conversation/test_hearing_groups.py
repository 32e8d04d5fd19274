"""A group decides what becomes of its voice messages: nothing, a text on request or of each, an answer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages import Attachment, AttachmentKind, Author, ChatKind, Quoted
from bot.sandbox import Reply
from bot.storage.people import Person, Standing, set_standing
from tests.unit.conversation.recordings import hand_over, long_note, short_note, silent_note
from tests.unit.conversation.stage import BEN, Stage, Talk


class Watched(dict[str, bytes]):
    """A platform's files, with the names of those it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []

    def __contains__(self, name: object) -> bool:
        self.asked.append(name)
        return super().__contains__(name)


def group(stage: Stage) -> Talk:
    """The group that all these tests are about."""
    return stage.talk("g", kind=ChatKind.GROUP)


async def post(stage: Stage, *, said: str = "See you at the lake.", **fields: Any) -> Attachment:
    """Ann posts a voice message that is not for the bot; everything that follows is over on return."""
    stage.sandbox.audio_script.enqueue_transcripts(said)
    note = hand_over(stage, fields.pop("data", None) or short_note())
    await group(stage).ask(fields.pop("text", ""), attachments=[note], addressed=False, **fields)
    return note


@pytest.mark.parametrize("policy", [None, "off"])
async def test_by_default_and_when_off_nothing_is_even_fetched(stage: Stage, policy: str | None) -> None:
    """Silent means silent."""
    await stage.set_chat("g", "voice", policy)
    stage.platform.files = files = Watched()
    await post(stage)
    assert files.asked == []
    assert stage.sandbox.audio_script.heard == []
    assert group(stage).texts == []


async def test_on_request_a_reply_with_the_command_writes_it_down(stage: Stage) -> None:
    """With who spoke, and as a reply to the voice message."""
    note = await post(stage)
    quoted = Quoted(how="reply", message_id="55", author_id="1", author_name="Ann", attachments=(note,))
    await group(stage).ask("/transcribe", author=BEN, quoted=quoted)
    (shown,) = group(stage).shown
    assert shown.text.startswith("🎙 Ann · 0:0")
    assert shown.text.endswith("See you at the lake.")
    assert shown.reply_to == "55"
    assert stage.requests == []


async def test_the_command_works_as_the_caption_of_a_voice_message(stage: Stage) -> None:
    """Who records it can ask for it."""
    stage.sandbox.audio_script.enqueue_transcripts("See you.")
    await group(stage).ask("/transcribe", attachments=[hand_over(stage, short_note())])
    assert group(stage).texts[0].endswith("See you.")


async def test_the_command_without_a_recording_says_how_it_is_used(stage: Stage) -> None:
    """And where the group wants none heard, that it does."""
    await group(stage).ask("/transcribe")
    assert group(stage).texts[-1].startswith("Reply to a voice message")
    await stage.set_chat("g", "voice", "off")
    note = hand_over(stage, short_note())
    await group(stage).ask("/transcribe", attachments=[note])
    assert group(stage).texts[-1].startswith("In this group I listen to no recordings.")
    assert stage.sandbox.audio_script.heard == []


async def test_transcribing_all_shows_each_voice_message_and_asks_no_model(stage: Stage) -> None:
    """Video notes too; music and films are nobody speaking."""
    await stage.set_chat("g", "voice", "all")
    await post(stage, said="One.")
    note = hand_over(stage, short_note(), name="round", kind=AttachmentKind.VIDEO_NOTE)
    song = hand_over(stage, short_note(), name="song", kind=AttachmentKind.AUDIO)
    stage.sandbox.audio_script.enqueue_transcripts("Two.")
    await group(stage).ask("", attachments=[note], addressed=False, author=BEN)
    await group(stage).ask("", attachments=[song], addressed=False, author=BEN)
    first, second = group(stage).texts
    assert first.startswith("🎙 Ann")
    assert first.endswith("One.")
    assert second.startswith("🎙 Ben")
    assert second.endswith("Two.")
    assert stage.requests == []


@pytest.mark.parametrize("policy", ["all", "addressed"])
@pytest.mark.parametrize("said", ["Parley, is the bridge open?", "Is the bridge open, Parlay?"])
async def test_whoever_speaks_to_the_bot_is_answered(stage: Stage, policy: str, said: str) -> None:
    """Its name at the beginning or the end counts, also as a model that hears misspells it; heard once."""
    await stage.set_chat("g", "voice", policy)
    stage.brain.teach("is the bridge open", Reply(text="It is."))
    stage.brain.teach("Is the bridge open", Reply(text="It is."))
    await post(stage, said=said)
    (text,) = group(stage).texts
    assert said in text
    assert text.endswith("It is.")
    assert len(stage.sandbox.audio_script.heard) == 1


async def test_listening_for_its_name_the_bot_keeps_quiet_about_all_else(stage: Stage) -> None:
    """What was said is kept for who wants to catch up."""
    await stage.set_chat("g", "voice", "addressed")
    await post(stage, said="Nobody told Ben about the lake.")
    assert group(stage).texts == []
    await group(stage).ask("/missed", author=BEN)
    assert "Nobody told Ben about the lake." in str(stage.requests[-1]["messages"])


async def test_a_group_that_is_answered_always_is_answered_by_voice_too(stage: Stage) -> None:
    """Every message there is for the bot."""
    await stage.set_chat("g", "attention", "always")
    await post(stage, said="Good morning.")
    (text,) = group(stage).texts
    assert "Good morning." in text
    assert "You said: Ann:" in text


async def test_a_quiet_group_hears_nothing_of_names(stage: Stage) -> None:
    """There only mentions and commands make the bot speak."""
    await stage.set_chat("g", "attention", "quiet")
    await stage.set_chat("g", "voice", "addressed")
    await post(stage, said="Parley, are you there?")
    assert group(stage).texts == []
    assert stage.sandbox.audio_script.heard == []


async def test_nobody_shut_out_makes_the_bot_listen(stage: Stage) -> None:
    """Nor does another bot."""
    await stage.set_chat("g", "voice", "all")
    blocked = Person(platform="fake", account="1", id=BEN.id, standing=Standing.BLOCKED)
    await stage.database.write(lambda conn: set_standing(conn, blocked))
    await post(stage, author=BEN)
    await post(stage, author=Author(id="9", name="Robot", is_bot=True))
    assert stage.sandbox.audio_script.heard == []
    assert group(stage).texts == []


async def test_a_long_recording_does_not_hold_up_the_chat(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question asked meanwhile is answered at once."""
    await stage.set_chat("g", "voice", "all")
    script = stage.sandbox.audio_script
    blocked = [None]

    async def never(_file: object) -> str:
        while blocked:
            await stage.clock.sleep(0.01)
        return "At last."

    monkeypatch.setattr(script, "hear", never)
    talk = group(stage)
    note = hand_over(stage, long_note(), duration_seconds=150.0)
    talk.say("", attachments=[note], addressed=False)
    await stage.until(lambda: any("Listening" in text for text in talk.texts))
    talk.say("still there?", author=BEN)
    await stage.until(lambda: any("You said: Ben: still there?" in text for text in talk.texts))
    blocked.clear()
    await stage.quiet()
    assert any("At last." in text for text in talk.texts)


async def test_the_growing_transcript_can_be_stopped(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its button; what was heard stays."""
    await stage.set_chat("g", "voice", "all")

    async def never(_file: object) -> str:
        while True:
            await stage.clock.sleep(1.0)

    monkeypatch.setattr(stage.sandbox.audio_script, "hear", never)
    talk = group(stage)
    note = hand_over(stage, long_note(), duration_seconds=150.0)
    talk.say("", attachments=[note], addressed=False)
    await stage.until(lambda: any(shown.buttons for shown in talk.shown))
    talk.press("■ Stop", author=BEN)
    await stage.quiet()
    assert talk.texts == ["Stopped."]


async def test_no_speech_is_said_in_a_sentence(stage: Stage) -> None:
    """Where every voice message is written down."""
    await stage.set_chat("g", "voice", "all")
    await post(stage, data=silent_note())
    (text,) = group(stage).texts
    assert text.endswith("I hear no speech in this recording.")


async def test_the_policy_is_chosen_with_buttons_by_an_admin(stage: Stage) -> None:
    """On the group's page of settings."""
    talk = group(stage)
    await talk.ask("/settings")
    assert "Voice messages: I write one down when somebody replies" in talk.texts[-1]
    talk.press("🎙 Write all")
    await stage.quiet()
    assert "Voice messages: I write down each one" in talk.texts[-1]
    await post(stage)
    assert talk.texts[-1].endswith("See you at the lake.")


async def test_other_recordings_of_one_message_get_replies_of_their_own(stage: Stage) -> None:
    """Slack lets people send several clips at once."""
    await stage.set_chat("g", "voice", "all")
    stage.sandbox.audio_script.enqueue_transcripts("One.", "Two.")
    notes = [hand_over(stage, short_note(), name=name) for name in ("a", "b")]
    await group(stage).ask("", attachments=notes, addressed=False)
    assert sorted(text[-4:] for text in group(stage).texts) == ["One.", "Two."]
