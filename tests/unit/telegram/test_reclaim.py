"""A message whose id got lost is found again, and nobody else's is taken for it."""

from __future__ import annotations

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.outbound import Outbound
from adapters.telegram.reclaim import reclaim
from bot.errors import ChatClosed, PlatformUnclear
from bot.ports import Rendered
from tests.fakes.telegram import FakeTelegram, PrivateChat

from .support import key

LOST = Rendered(text="Half an answer")


@pytest.fixture
def outbound(client: ApiClient) -> Outbound:
    """The bot's own messages."""
    return Outbound(client=client)


async def test_a_message_sent_without_an_answer_is_found(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """It is the first own message after the newest known one; another person's in between is not touched."""
    known = await ann.say("question")
    await ann.say("one more thing")
    telegram.drop_answer("sendMessage")
    with pytest.raises(PlatformUnclear):
        await outbound.send(key(ann.id), LOST)
    found = await reclaim(outbound, key(ann.id), LOST, after=str(known.message_id))
    assert found == str(ann.last.message_id)
    assert ann.texts == ["Half an answer"]
    assert ann.last.edits == 0


async def test_the_found_message_shows_the_content(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """If the answer went on in the meantime, the message is brought up to date."""
    known = await ann.say("question")
    await outbound.send(key(ann.id), LOST)
    longer = Rendered(text="Half an answer and more")
    assert await reclaim(outbound, key(ann.id), longer, after=str(known.message_id))
    assert ann.last.text == longer.text


async def test_where_nothing_was_sent_nothing_is_found(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """A few ids are tried and no more, in the message's own chat only."""
    bob = telegram.private(telegram.person("Bob"))
    known = await ann.say("question")
    await outbound.send(key(bob.id), LOST)
    assert await reclaim(outbound, key(ann.id), LOST, after=str(known.message_id)) is None
    assert len(telegram.calls_of("editMessageText")) == 3
    assert bob.last.edits == 0


@pytest.mark.parametrize("after", ["", "none"])
async def test_without_a_known_message_nothing_is_tried(
    telegram: FakeTelegram, outbound: Outbound, after: str
) -> None:
    """There is no place to begin."""
    assert await reclaim(outbound, key(), LOST, after=after) is None
    assert telegram.calls == []


async def test_a_closed_chat_is_told(outbound: Outbound, ann: PrivateChat) -> None:
    """Nothing more can be done there."""
    known = await ann.say("question")
    ann.block()
    with pytest.raises(ChatClosed):
        await reclaim(outbound, key(ann.id), LOST, after=str(known.message_id))
