"""A message whose id got lost is found again, and nobody else's is taken for it."""

from __future__ import annotations

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.outbound import Outbound
from adapters.telegram.reclaim import Reclaiming
from bot.errors import ChatClosed, PlatformBusy, PlatformUnclear
from bot.ports import Rendered
from tests.fakes.faults import Matches
from tests.fakes.telegram import FakeTelegram, PrivateChat, flood_wait

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
    found = await Reclaiming(outbound=outbound).reclaim(
        key(ann.id), LOST, after=str(known.message_id), taken=()
    )
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
    assert await Reclaiming(outbound=outbound).reclaim(
        key(ann.id), longer, after=str(known.message_id), taken=()
    )
    assert ann.last.text == longer.text


async def test_where_nothing_was_sent_nothing_is_found(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """A few ids are tried and no more, in the message's own chat only."""
    bob = telegram.private(telegram.person("Bob"))
    known = await ann.say("question")
    await outbound.send(key(bob.id), LOST)
    assert (
        await Reclaiming(outbound=outbound).reclaim(key(ann.id), LOST, after=str(known.message_id), taken=())
        is None
    )
    assert len(telegram.calls_of("editMessageText")) == 3
    assert bob.last.edits == 0


@pytest.mark.parametrize("after", ["", "none"])
async def test_without_a_known_message_nothing_is_tried(
    telegram: FakeTelegram, outbound: Outbound, after: str
) -> None:
    """There is no place to begin."""
    assert await Reclaiming(outbound=outbound).reclaim(key(), LOST, after=after, taken=()) is None
    assert telegram.calls == []


async def test_a_closed_chat_is_told(outbound: Outbound, ann: PrivateChat) -> None:
    """Nothing more can be done there."""
    known = await ann.say("question")
    ann.block()
    with pytest.raises(ChatClosed):
        await Reclaiming(outbound=outbound).reclaim(key(ann.id), LOST, after=str(known.message_id), taken=())


async def test_ids_known_from_other_chats_are_passed_over(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """On a busy bot one counter serves many chats: only the gaps are tried, however far away."""
    known = await ann.say("question")
    taken = set()
    for number in range(12):
        other = telegram.private(telegram.person(f"Other {number}"))
        taken.add((str(other.id), str((await other.say("hello")).message_id)))
    sent = await outbound.send(key(ann.id), LOST)
    taken.add((str(other.id), str(int(sent) + 1)))
    found = await Reclaiming(outbound=outbound).reclaim(
        key(ann.id), LOST, after=str(known.message_id), taken=taken
    )
    assert found == sent
    assert len(telegram.calls_of("editMessageText")) == 1


async def test_a_search_broken_off_by_a_flood_wait_goes_on_where_it_was(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """No id is tried twice, so that the search ends."""
    known = await ann.say("question")
    reclaiming = Reclaiming(outbound=outbound)
    telegram.fail("editMessageText", flood_wait(1), where=lambda p: str(p["message_id"]).endswith("3"))
    after = str(known.message_id)
    with pytest.raises(PlatformBusy):
        await reclaiming.reclaim(key(ann.id), LOST, after=after, taken=())
    assert await reclaiming.reclaim(key(ann.id), LOST, after=after, taken=()) is None
    refused = [
        call.params["message_id"] for call in telegram.calls_of("editMessageText") if call.status == 400
    ]
    assert len(refused) == len(set(refused)) == 3


async def test_a_search_ends_although_other_chats_go_on(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """Interrupted again and again while ids become known, which lets others move up: twenty are tried."""
    after = (await ann.say("question")).message_id
    reclaiming = Reclaiming(outbound=outbound)
    for step in range(12):
        telegram.fail("editMessageText", flood_wait(1), where=_beyond(after + 3 * step + 2))
        taken = {("8", str(after + 100)), *(("8", str(after + n)) for n in range(1, 3 * step - 2))}
        try:
            assert await reclaiming.reclaim(key(ann.id), LOST, after=str(after), taken=taken) is None
        except PlatformBusy:
            continue
        break
    refused = [call for call in telegram.calls_of("editMessageText") if call.status == 400]
    assert len(refused) == 20


def _beyond(last: int) -> Matches:
    return lambda params: int(params["message_id"]) > last


async def test_a_message_lost_again_is_looked_for_anew(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """An id that nobody had in the first search may be the one of the second sending."""
    after = str((await ann.say("question")).message_id)
    reclaiming = Reclaiming(outbound=outbound)
    assert await reclaiming.reclaim(key(ann.id), LOST, after=after, taken=()) is None
    sent = await outbound.send(key(ann.id), LOST)
    assert await reclaiming.reclaim(key(ann.id), LOST, after=after, taken=()) == sent
