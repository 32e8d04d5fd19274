"""A room a platform: what a person there does and sees, so that one contract is checked on all of them."""

from tests.contract.adapters.fake_room import open_fake_room
from tests.contract.adapters.room import Opener, Room
from tests.contract.adapters.slack_room import open_slack_room
from tests.contract.adapters.telegram_room import open_telegram_room
from tests.contract.adapters.terminal_room import open_terminal_room
from tests.contract.adapters.web_room import open_web_room

__all__ = ["ROOMS", "Opener", "Room"]

ROOMS: dict[str, Opener] = {
    "fake": open_fake_room,
    "slack": open_slack_room,
    "telegram": open_telegram_room,
    "terminal": open_terminal_room,
    "web": open_web_room,
}
