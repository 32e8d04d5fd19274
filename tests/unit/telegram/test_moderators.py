"""Who runs a group is asked of Telegram, and believed for five minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.telegram.adapter import TelegramAdapter
from bot.errors import DeliveryError
from bot.messages import Author, ConversationKey
from bot.ports import Moderates, Named
from tests.fakes.clock import ManualClock
from tests.fakes.telegram import FakeTelegram, Group, bad_gateway

from .support import Store, key, running


@pytest.fixture
def clock() -> ManualClock:
    """Moved by hand."""
    return ManualClock()


@pytest.fixture
def group(telegram: FakeTelegram) -> Group:
    """Ann's group, which Ben is in."""
    return telegram.group("Team", [telegram.person("Ann"), telegram.person("Ben")])


@pytest.fixture
async def adapter(telegram: FakeTelegram, clock: ManualClock) -> AsyncIterator[TelegramAdapter]:
    """An adapter whose calls work."""
    adapter = TelegramAdapter(token=telegram.token, api_base_url=telegram.url, clock=clock)
    async with running(adapter.run(Store().submit, lambda: None)):
        yield adapter


def people(group: Group) -> tuple[Author, Author]:
    """Ann and Ben as authors."""
    ann, ben = (Author(id=str(number), name="") for number in list(group.chat.members)[:2])
    return ann, ben


def place(group: Group) -> ConversationKey:
    """The group's key."""
    return key(group.chat.id)


async def test_owners_run_a_group_and_members_do_not(adapter: TelegramAdapter, group: Group) -> None:
    """Nor does somebody who left, or who was never there."""
    assert isinstance(adapter, Moderates)
    ann, ben = people(group)
    assert await adapter.moderates(place(group), ann)
    assert not await adapter.moderates(place(group), ben)


async def test_an_anonymous_administrator_is_the_group_itself(
    telegram: FakeTelegram, adapter: TelegramAdapter, group: Group
) -> None:
    """A channel that is linked to it is nobody in particular; neither has to be asked about."""
    assert await adapter.moderates(place(group), Author(id=str(group.chat.id), name="Team"))
    assert not await adapter.moderates(place(group), Author(id="-1005", name="News"))
    assert telegram.calls_of("getChatMember") == []


async def test_an_answer_holds_for_five_minutes(
    telegram: FakeTelegram, adapter: TelegramAdapter, group: Group, clock: ManualClock
) -> None:
    """For each person of each group of its own."""
    ann, _ = people(group)
    for _ in range(3):
        assert await adapter.moderates(place(group), ann)
    assert len(telegram.calls_of("getChatMember")) == 1
    group.chat.admins.clear()
    clock.advance(299)
    assert await adapter.moderates(place(group), ann)
    clock.advance(2)
    assert not await adapter.moderates(place(group), ann)


async def test_no_answer_is_not_taken_for_one(
    telegram: FakeTelegram, adapter: TelegramAdapter, group: Group
) -> None:
    """It is raised, and asked again the next time."""
    ann, _ = people(group)
    telegram.fail("getChatMember", bad_gateway())
    with pytest.raises(DeliveryError):
        await adapter.moderates(place(group), ann)
    with pytest.raises(DeliveryError):
        await adapter.moderates(key(-1009), ann)
    assert await adapter.moderates(place(group), ann)


async def test_the_bot_has_a_name_once_telegram_told(
    adapter: TelegramAdapter, telegram: FakeTelegram
) -> None:
    """With its handle, and whether it hears what is not addressed to it."""
    assert isinstance(adapter, Named)
    await telegram.until(lambda: adapter.badge is not None)
    assert adapter.badge is not None
    assert (adapter.badge.name, adapter.badge.handle) == ("Parley", "@parley_bot")
    assert not adapter.badge.hears_all
