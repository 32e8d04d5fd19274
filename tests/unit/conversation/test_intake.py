"""What arrives is stored once, in its lane, and pieces that belong together become one question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import StorageError
from bot.messages import Attachment, AttachmentKind, ChatKind, Inbound, Unreadable
from tests.fakes.clock import ManualClock
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk
from tests.unit.conversation.test_answer import spoken

PICTURE = Attachment(kind=AttachmentKind.IMAGE, file_id="p1", album="a1")


@pytest.fixture
def clock() -> ManualClock:
    """The engine's and the intake's time."""
    return ManualClock()


@pytest.fixture
async def held(open_stage: OpenStage, clock: ManualClock) -> Stage:
    """A core in which nothing that is held goes on before the clock is moved."""
    return await open_stage(clock=clock)


async def taken(stage: Stage, *events: Inbound) -> None:
    """Hand events in, one after the other, each stored on return."""
    for event in events:
        await stage.intake.submit(event)


def questions(stage: Stage) -> list[str]:
    """What the model was asked, each time the last message."""
    return [spoken(body)[-1][1] for body in stage.requests]


async def test_the_pieces_of_a_paste_become_one_question(held: Stage, clock: ManualClock) -> None:
    """A client cut a long text in three: one answer, to the whole."""
    ann = held.talk()
    await taken(
        held,
        ann.message("part one", fills_limit=True),
        ann.message("part two", fills_limit=True),
        ann.message("the end"),
    )
    await held.quiet()
    assert questions(held) == ["part one\npart two\nthe end"]
    assert len(ann.texts) == 1


async def test_a_full_message_that_nothing_follows_is_answered_after_a_moment(
    held: Stage, clock: ManualClock
) -> None:
    """The wait ends by itself."""
    ann = held.talk()
    await taken(held, ann.message("all there is", fills_limit=True))
    assert (await held.engine.stats()).held == 1
    clock.advance(1.3)
    await held.quiet()
    assert questions(held) == ["all there is"]


async def test_the_rest_of_a_paste_into_a_group_needs_no_mention(held: Stage, clock: ManualClock) -> None:
    """Only its first piece can carry one; what somebody else says meanwhile is not taken for it."""
    team = held.talk("-5", kind=ChatKind.GROUP)
    await taken(
        held,
        team.message("@bot part one", fills_limit=True),
        team.message("lunch?", author=BEN, addressed=False),
        team.message("part two", addressed=False),
    )
    await held.quiet()
    assert questions(held) == ["Ann: @bot part one\npart two"]
    clock.advance(5)
    await taken(held, team.message("by the way", addressed=False))
    await held.quiet()
    assert len(held.requests) == 1


async def test_an_album_is_one_question(held: Stage, clock: ManualClock) -> None:
    """Three pictures with one caption: one answer, which says once that nobody here sees."""
    ann = held.talk()
    await taken(
        held,
        ann.message("What is this?", attachments=[PICTURE]),
        ann.message("", attachments=[replace(PICTURE, file_id="p2")]),
        ann.message("", attachments=[replace(PICTURE, file_id="p3")]),
    )
    clock.advance(0.9)
    await held.quiet()
    (text,) = ann.texts
    assert text.count("I can't see pictures here") == 1
    assert held.requests == []


async def test_two_people_pasting_at_once_are_kept_apart(held: Stage, clock: ManualClock) -> None:
    """Pieces join only those of the same author."""
    team = held.talk("-5", kind=ChatKind.GROUP)
    await taken(
        held,
        team.message("ann one", fills_limit=True),
        team.message("ben one", author=BEN, fills_limit=True),
        team.message("ann two", addressed=False),
        team.message("ben two", author=BEN, addressed=False),
    )
    await held.quiet()
    assert questions(held) == ["Ann: ann one\nann two", "Ben: ben one\nben two"]


async def test_a_stop_reaches_a_question_that_is_still_held(held: Stage) -> None:
    """It comes up at once, is not asked, and says that it was stopped."""
    ann = held.talk()
    await taken(held, ann.message("part one", fills_limit=True), ann.message("/stop"))
    await held.quiet()
    assert ann.texts == ["Stopped."]
    assert held.requests == []


async def test_an_edit_of_a_question_that_is_still_held_is_answered_in_its_new_form(held: Stage) -> None:
    """The held one is superseded and never asked."""
    ann = held.talk()
    message = ann.message("part one", fills_limit=True)
    await taken(held, message)
    ann.edit(message, "something else")
    await held.quiet()
    assert questions(held) == ["something else"]
    assert ann.texts == ["You said: something else"]


async def test_what_is_not_meant_for_the_bot_is_not_stored(stage: Stage) -> None:
    """Talk among people in a group leaves no trace."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("lunch?", addressed=False)
    await team.ask("/weather", addressed=False)
    assert await stage.exchanges("-5") == []
    assert stage.requests == []
    assert team.texts == []


async def test_the_same_event_twice_is_answered_once(stage: Stage) -> None:
    """Platforms redeliver."""
    ann = stage.talk()
    message = await ann.ask("Hello")
    ann.arrives(message)
    await stage.quiet()
    assert ann.texts == ["You said: Hello"]


async def test_an_update_nobody_can_read_is_let_go(stage: Stage) -> None:
    """It is noted in the log and holds nothing up."""
    ann = stage.talk()
    ann.arrives(Unreadable(event_id="u1", key=ann.key, reason="no such field"))
    await ann.ask("Hello")
    assert ann.texts == ["You said: Hello"]


async def test_a_message_that_could_not_be_stored_is_not_taken_for_stored(stage: Stage) -> None:
    """The platform learns of it and keeps the message."""
    ann: Talk = stage.talk()
    await stage.end()
    with pytest.raises(StorageError):
        await stage.intake.submit(ann.message("Hello", author=ANN))
    await stage.begin()
