"""What people set for their chat: drafts instead of edits, rich messages, thinking shown or not."""

from __future__ import annotations

import pytest

from bot.sandbox import Reply
from tests.e2e.conftest import Stage
from tests.fakes.telegram import Message, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


async def choose(stage: Stage, chat: PrivateChat, button: str) -> Message:
    """Open the settings and press a button there; the page shows the new state."""
    before = len(chat.texts)
    await chat.say("/settings")
    await stage.telegram.until(lambda: len(chat.texts) > before and bool(chat.last.buttons))
    page = chat.last
    text = page.text
    answer = await chat.press(page, button)
    assert answer.text == "Saved."
    await stage.telegram.until(lambda: page.text != text and button not in page.buttons)
    return page


async def test_thinking_can_be_hidden_for_one_chat(stage: Stage) -> None:
    """Who hides it no longer sees it; everybody else does."""
    stage.brain.teach("deep thought", Reply(thinking="Let me count.", text="It is 42."))
    hiding = stage.telegram.private(stage.telegram.person("Ann"))
    await choose(stage, hiding, "Hide thinking")
    await hiding.say("a deep thought")
    await stage.telegram.until(lambda: hiding.texts[-1] == "It is 42.")
    seeing = stage.telegram.private(stage.telegram.person("Ben"))
    await seeing.say("a deep thought")
    await stage.telegram.until(lambda: bool(seeing.texts) and "Let me count." in seeing.texts[-1])


async def test_an_answer_can_grow_as_a_draft_and_become_one_message(stage: Stage) -> None:
    """Nothing of it is in the chat before it is whole; the draft is gone afterwards."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    await choose(stage, chat, "Grow as a draft")
    text = " ".join(f"word{n}" for n in range(160))
    stage.brain.teach("slow words", Reply(text=text, tokens_per_second=60))
    await chat.say("slow words")
    await stage.telegram.until(lambda: len(chat.draft_frames) >= 2)
    assert len(chat.texts) == 1
    assert all(text.startswith(frame.text) for frame in chat.draft_frames)
    await stage.telegram.until(lambda: chat.texts[1:] == [text])
    assert chat.last.edits == 0
    assert chat.draft is None


async def test_the_drafts_own_stop_button_stops(stage: Stage) -> None:
    """What was written becomes a message, marked as stopped."""
    chat = stage.telegram.private(stage.telegram.person("Dan"))
    await choose(stage, chat, "Grow as a draft")
    stage.brain.teach("no end", Reply.tokens(3000, tokens_per_second=40))
    await chat.say("no end")
    await stage.telegram.until(lambda: chat.draft is not None and "word2" in chat.draft.text)
    draft = chat.draft
    assert draft is not None
    await chat.press_stop(draft)
    await stage.telegram.until(lambda: len(chat.texts) == 2 and chat.texts[1].endswith("Stopped."))


async def test_a_table_can_be_sent_as_a_rich_message(stage: Stage) -> None:
    """Where somebody asked for it, a table stays a table."""
    chat = stage.telegram.private(stage.telegram.person("Eve"))
    await choose(stage, chat, "Rich formatting")
    stage.brain.teach(
        "a table", Reply(text="| town | people |\n|---|---|\n| Ulm | 126 |\n\n$x^2$ and 5 < 7 #1")
    )
    await chat.say("a table")
    await stage.telegram.until(lambda: len(chat.texts) == 2 and "Ulm" in chat.texts[1])
    assert chat.last.kind == "rich_message"


async def test_settings_of_another_chat_cannot_be_forged(stage: Stage) -> None:
    """Made-up button data changes nothing."""
    chat = stage.telegram.private(stage.telegram.person("Finn"))
    await chat.say("/settings")
    await stage.telegram.until(lambda: bool(chat.texts) and bool(chat.last.buttons))
    before = stage.service.rows("select count(*) from chats")
    for data in ("set:thinking:maybe", "set:models:all", "set:", "set:rich"):
        press = {
            "id": f"forged {data}",
            "from": chat.person.user,
            "chat_instance": "1",
            "message": {
                "message_id": chat.last.message_id,
                "chat": {"id": chat.id, "type": "private"},
                "date": 0,
            },
            "data": data,
        }
        stage.telegram.push_raw({"callback_query": press}, chat_id=chat.id)
    await stage.telegram.until(
        lambda: (
            len([c for c in stage.telegram.calls_of("answerCallbackQuery") if "not work" in str(c.params)])
            == 4
        )
    )
    assert stage.service.rows("select count(*) from chats") == before


async def test_nothing_the_bot_sent_was_refused_or_malformed(stage: Stage) -> None:
    """Drafts and rich messages as the platform wants them."""
    assert stage.telegram.violations == []
    made_up = ("not modified", "query ID is invalid")
    assert [c for c in stage.telegram.rejected if not any(text in c.description for text in made_up)] == []
