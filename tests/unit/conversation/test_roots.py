"""The first question in a group's thread is also about what the thread begins with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.errors import PlatformBusy
from bot.messages import ChatKind, Edited, Incoming
from tests.fakes.platform import FakePlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk


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
    stage = await open_stage(platform=platform)
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
