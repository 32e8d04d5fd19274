"""Pointing at a recording: by a reaction, from the menu of a message, and what Slack heard in it itself."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack.interactions import TRANSCRIBE, translate_shortcut
from adapters.slack.translate import translate_event
from bot.errors import PlatformBusy
from bot.messages import AttachmentKind, ChatKind, TranscriptWanted
from tests.fakes.slack import FakeSlack, rate_limited
from tests.unit.slack.support import (
    SCENE,
    TS,
    HastyClock,
    Store,
    adapter_for,
    key,
    message,
    read,
    running,
    until,
)

LATER = "1790000050.000200"
CLIP = {"id": "F2", "subtype": "slack_audio", "mimetype": "video/mp4", "duration_ms": 2500}


class StillClock(HastyClock):
    """No time passes, in which a budget could fill again."""

    def monotonic(self) -> float:
        return 100.0


def reaction(sign: str = "memo", **changes: Any) -> Any:
    """The core's event for a reaction of Ann's."""
    item = {"type": "message", "channel": "C1", "ts": TS}
    event = {"type": "reaction_added", "user": "UANN", "reaction": sign, "item": item, "event_ts": LATER}
    return translate_event({**event, **changes}, SCENE)


@pytest.mark.parametrize(
    "sign",
    ["memo", "pencil", "pencil2", "ear", "writing_hand", "ear::skin-tone-2", "writing_hand::skin-tone-6"],
)
def test_a_writing_sign_asks_for_the_words(sign: str) -> None:
    """Whatever the tone of its skin; Slack tells neither the message nor its thread."""
    event = reaction(sign)
    assert isinstance(event, TranscriptWanted)
    assert (event.key, event.message_id, event.author.id) == (key(thread=""), TS, "UANN")
    assert (event.message, event.answer_id, event.author.vouched) == (None, "", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"reaction": "tada"},
        {"reaction": None},
        {"item": {"type": "file", "file": "F1"}},
        {"item": {"type": "message", "channel": "C1"}},
        {"item": None},
        {"user": "UBOT"},
        {"user": None},
        {"type": "reaction_removed"},
    ],
)
def test_other_reactions_ask_for_nothing(changes: dict[str, Any]) -> None:
    """Nor does one that is taken back, or our own."""
    assert reaction(**changes) is None


def shortcut(**changes: Any) -> dict[str, Any]:
    """What Slack sends when Bob chooses the entry in the menu of Ann's clip."""
    return {
        "type": "message_action",
        "callback_id": TRANSCRIBE,
        "user": {"id": "UBOB", "team_id": "T1"},
        "team": {"id": "T1"},
        "channel": {"id": "C1", "name": "general"},
        "message_ts": TS,
        "message": message(subtype="file_share", text="", files=[CLIP], thread_ts=LATER, channel=None),
        "action_ts": "5.5",
        **changes,
    }


def test_the_entry_of_a_menu_brings_the_message_along() -> None:
    """With its files and its thread; who chose it waits for a word."""
    event = translate_shortcut(shortcut(), SCENE)
    assert event is not None
    assert (event.key, event.message_id, event.author.id) == (key(thread=LATER), TS, "UBOB")
    assert (event.chat_kind, event.answer_id) == (ChatKind.CHANNEL, f":C1:{LATER}:UBOB")
    assert event.message is not None
    assert (event.message.key, event.message.author.id) == (event.key, "UANN")
    assert [item.kind for item in event.message.attachments] == [AttachmentKind.VOICE]


@pytest.mark.parametrize(
    "changes", [{"callback_id": "other"}, {"user": None}, {"channel": {}}, {"message": "x"}]
)
def test_an_entry_without_sense_is_dropped(changes: dict[str, Any]) -> None:
    """Nothing of a payload can be relied on."""
    assert translate_shortcut(shortcut(**changes), SCENE) is None


def test_a_message_of_a_bot_comes_as_its_id_alone() -> None:
    """Nothing of it is to be written down."""
    event = translate_shortcut(shortcut(message=message(bot_id="B9")), SCENE)
    assert event is not None
    assert event.message is None


@pytest.mark.parametrize(
    ("transcription", "preview"),
    [
        (None, ""),
        ({"status": "processing"}, ""),
        (
            {"status": "complete", "preview": {"content": "Good \n morning", "has_more": False}},
            "Good morning",
        ),
        ({"status": "complete", "preview": {"content": "Good", "has_more": True}}, "Good …"),
        ({"status": "complete", "preview": {"content": "x" * 600}}, "x" * 500 + " …"),
        ({"preview": {"content": 7, "has_more": True}}, ""),
        ("none", ""),
    ],
)
def test_what_slack_heard_itself_comes_along(transcription: Any, preview: str) -> None:
    """Its beginning, once Slack has listened."""
    (clip,) = read(subtype="file_share", files=[{**CLIP, "transcription": transcription}]).attachments
    assert clip.preview == preview


async def test_the_menu_works_where_the_bot_is_and_says_so_where_it_is_not(slack: FakeSlack) -> None:
    """Acknowledged at once; what is said elsewhere only the one person sees."""
    store, ann, bob = Store(), slack.person("Ann"), slack.person("Bob")
    team, other = slack.channel("team", [ann, bob]), slack.channel("other", [ann, bob], bot=False)
    async with running(adapter_for(slack), store):
        clip = await team.by(ann).send_voice(b"mp4")
        await team.by(bob).choose(clip, TRANSCRIBE)
        (wanted,) = store.of(TranscriptWanted)
        assert wanted.message is not None
        assert (wanted.message.author.name, wanted.author.name) == ("ann", "bob")
        await other.by(bob).choose(await other.by(ann).send_voice(b"mp4"), TRANSCRIBE)
        await slack.until(lambda: other.ephemerals_of(bob))
        assert "I'm not in this conversation" in other.ephemerals_of(bob)[0].text
        assert store.of(TranscriptWanted) == [wanted]
        slack.delay("conversations.info", 60)
        await team.by(bob).choose(clip, TRANSCRIBE)
        assert len(store.of(TranscriptWanted)) == 2
    assert slack.rejected == []


async def test_a_message_is_shown_again_and_not_often(slack: FakeSlack) -> None:
    """Roots and replies; not what bots wrote, nor what is gone. Slack's own limit ends it for a while."""
    store, ann = Store(), slack.person("Ann")
    room, adapter = slack.channel("team", [ann]), adapter_for(slack, StillClock())
    assert await adapter.show_again(key(room.id), TS) is None
    async with running(adapter, store):
        root = await room.by(ann).send_voice(b"mp4", heard="Good morning.")
        below = await room.by(ann).send_voice(b"mp4", thread=root)
        await until(lambda: len(store.events) == 2)
        again = await adapter.show_again(key(room.id), below.ts)
        assert again == store.events[f"message:{room.id}:{below.ts}"]
        shown = await adapter.show_again(key(room.id), root.ts)
        assert shown is not None
        assert shown.attachments[0].preview == "Good morning."
        assert await adapter.show_again(key(room.id), "1700000000.000100") is None
        for _ in range(7):
            await adapter.show_again(key(room.id), root.ts)
        with pytest.raises(PlatformBusy, match="too often"):
            await adapter.show_again(key(room.id), root.ts)


async def test_slacks_own_limit_on_looking_holds(slack: FakeSlack) -> None:
    """It is not asked again before the pause is over."""
    room, adapter = slack.channel("team", [slack.person("Ann")]), adapter_for(slack)
    slack.fail("conversations.replies", rate_limited(30))
    async with running(adapter, Store()):
        for _ in range(2):
            with pytest.raises(PlatformBusy):
                await adapter.show_again(key(room.id), TS)
    assert len(slack.calls_of("conversations.replies")) == 1
