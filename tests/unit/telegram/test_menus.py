"""Command menus are set once, and again only when they differ."""

from __future__ import annotations

from adapters.telegram.client import ApiClient
from adapters.telegram.menus import Menus
from bot.ports import MenuCommand
from tests.fakes.telegram import FakeTelegram, bad_request, flood_wait, server_error

from .support import HastyClock, backoff

COMMANDS = (
    MenuCommand(name="new", descriptions={"en": "Start over", "zh": "重新开始"}),
    MenuCommand(name="admit", descriptions={"en": "Let somebody in"}, in_groups=False),
)


def menus(client: ApiClient, clock: HastyClock) -> Menus:
    """The menus of COMMANDS."""
    return Menus(client=client, commands=COMMANDS, clock=clock, backoff=backoff())


async def test_menus_are_set_by_scope_and_language(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock
) -> None:
    """Groups see what is of use there; a language without its own words shows the English ones."""
    await menus(client, clock).publish()
    assert telegram.commands("default") == telegram.commands("all_private_chats")
    assert [entry["command"] for entry in telegram.commands("all_private_chats")] == ["new", "admit"]
    assert telegram.commands("all_group_chats", "zh") == [{"command": "new", "description": "重新开始"}]
    assert telegram.commands("all_private_chats", "zh")[1]["description"] == "Let somebody in"
    assert telegram.violations == []


async def test_menus_that_are_right_are_left_alone(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock
) -> None:
    """A restart writes nothing."""
    await menus(client, clock).publish()
    calls = len(telegram.calls_of("setMyCommands"))
    await menus(client, clock).publish()
    assert len(telegram.calls_of("setMyCommands")) == calls == 6


async def test_a_busy_server_is_asked_again(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock
) -> None:
    """Flood waits are kept and failures tried again."""
    telegram.fail("setMyCommands", flood_wait(9))
    telegram.fail("getMyCommands", server_error())
    await menus(client, clock).publish()
    assert 9 in clock.naps
    assert telegram.commands("all_group_chats", "zh")


async def test_a_refused_menu_ends_the_attempt_quietly(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock
) -> None:
    """No menu is worth a service that does not start."""
    telegram.fail("setMyCommands", bad_request("BOT_COMMAND_INVALID"), times=None)
    await menus(client, clock).publish()
    assert len(telegram.calls_of("setMyCommands")) == 1


async def test_a_server_that_stays_away_is_given_up(
    telegram: FakeTelegram, client: ApiClient, clock: HastyClock
) -> None:
    """The attempts are counted."""
    telegram.fail("getMyCommands", server_error(), times=None)
    await menus(client, clock).publish()
    assert len(telegram.calls_of("getMyCommands")) == 5
