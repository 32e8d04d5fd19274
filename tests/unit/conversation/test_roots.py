"""The first question in a group's thread is also about what the thread begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from bot.errors import PlatformBusy
from bot.messages import Attachment, AttachmentKind, ChatKind, Edited, Incoming
from bot.storage.tables import showings
from tests.fakes.platform import FakePlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk
from tests.unit.conversation.test_seeing import SEER, picture_file


class Looking(FakePlatform):
    """A platform that shows messages again, unless it is busy."""

    def __init__(self) -> None:
        super().__init__(limit=2000)
        self.there: dict[str, Incoming] = {}
        self.looked_for: list[str] = []
        self.busy = False

    async def show_again(self, key: Any, message_id: str) -> Incoming | None:
        self.looked_for.append(message_id)
        if self.busy:
            raise PlatformBusy("looked too often", retry_after_seconds=1.0)
        return self.there.get(message_id)


async def begun_by_ann(open_stage: OpenStage) -> tuple[Stage, Looking, Talk]:
    """Ann's remark in a group, below which others write: not for the bot."""
    platform = Looking()
    stage = await open_stage(platform=platform, seeing_models=(SEER,))
    talk = stage.talk("g", kind=ChatKind.GROUP)
    platform.there["77"] = talk.message("The door is to be red.", author=ANN, addressed=False)
    return stage, platform, talk


def below(talk: Talk, text: str) -> Incoming:
    """Ben writes to the bot in the thread."""
    message = talk.message(text, author=BEN)
    return replace(message, key=replace(message.key, thread="77"), follows_up=True)


async def ask(stage: Stage, talk: Talk, text: str) -> Incoming:
    """Ben's question in the thread, answered on return."""
    message = below(talk, text)
    talk.arrives(message)
    await stage.quiet()
    return message


def newest_question(stage: Stage) -> str:
    """What the model was asked last."""
    return str(stage.requests[-1]["messages"][-1]["content"])


async def test_the_first_question_in_a_thread_answers_its_root(open_stage: OpenStage) -> None:
    """With its author's name; the next one finds it in the history."""
    stage, platform, talk = await begun_by_ann(open_stage)
    await ask(stage, talk, "Which colour?")
    assert "[In reply to Ann]\n> The door is to be red.\n\nWhich colour?" in newest_question(stage)
    await ask(stage, talk, "And the handle?")
    assert "The door is to be red." not in newest_question(stage)
    assert platform.looked_for == ["77"]


async def test_a_command_that_draws_changes_the_picture_the_thread_begins_with(open_stage: OpenStage) -> None:
    """Also after a question in the thread."""
    stage, platform, talk = await begun_by_ann(open_stage)
    platform.files["p"] = picture_file()
    photo = Attachment(kind=AttachmentKind.IMAGE, file_id="p", unique_id="up")
    platform.there["77"] = talk.message("Our door", author=ANN, attachments=[photo], addressed=False)
    await ask(stage, talk, "Which colour?")
    await ask(stage, talk, "/image paint the door red")
    await stage.until(lambda: bool(stage.sandbox.painting.drawn))
    (drawn,) = stage.sandbox.painting.drawn
    assert drawn.image


async def test_a_question_is_answered_where_the_root_is_not_shown(open_stage: OpenStage) -> None:
    """The platform is too busy: what was asked is all there is."""
    stage, platform, talk = await begun_by_ann(open_stage)
    platform.busy = True
    await ask(stage, talk, "Which colour?")
    assert newest_question(stage).endswith("Which colour?")
    assert len(stage.requests) == 1


async def test_a_change_nobody_can_see_is_not_answered_anew(open_stage: OpenStage) -> None:
    """As when a link gets its preview; changed words are, and they are about the root still."""
    stage, platform, talk = await begun_by_ann(open_stage)
    message = await ask(stage, talk, "Which colour?")
    talk.arrives(Edited(event_id="e1", key=message.key, message=message))
    await stage.quiet()
    assert len(stage.requests) == 1
    changed = replace(message, parts=below(talk, "Which colour exactly?").parts)
    talk.arrives(Edited(event_id="e2", key=message.key, message=changed))
    await stage.quiet()
    assert "> The door is to be red.\n\nWhich colour exactly?" in newest_question(stage)
    assert platform.looked_for == ["77"]


async def test_a_recording_that_a_thread_begins_with_is_told_as_its_authors(open_stage: OpenStage) -> None:
    """Ben asks about what Ann said: it is not said by him, and goes with what is kept of her."""
    stage, platform, talk = await begun_by_ann(open_stage)
    note = hand_over(stage, short_note())
    platform.there["77"] = replace(platform.there["77"], parts=(note,))
    stage.sandbox.audio_script.enqueue_transcripts("We meet on Friday.")
    await ask(stage, talk, "When do we meet?")
    assert "Ann says:]\nWe meet on Friday." in newest_question(stage)
    assert "Ann" in talk.texts[-1].split("\n")[0]
    query = select(showings.c.author_id, showings.c.message_id)
    rows = await stage.database.read(lambda conn: conn.execute(query).all())
    assert [tuple(row) for row in rows] == [(ANN.id, platform.there["77"].message_id)]
