"""What the app is sent when a person presses, chooses, submits or types a command.

Source: docs.slack.dev, "Interaction payloads", "Shortcuts interaction payloads" and "Slash commands".
"""

from __future__ import annotations

from .accounts import APP_ID, Person, Wire
from .elements import Pressable, input_values, pressables
from .response_urls import new_response_url
from .state import Channel, Message, View
from .world import World

__all__ = [
    "chosen_for_message",
    "find_pressable",
    "pressed_in_message",
    "pressed_in_view",
    "slash_command",
    "submitted",
]


def find_pressable(blocks: list[Wire], name: str, where: object) -> Pressable:
    """What a test means by a name. Raises AssertionError with what there is."""
    found = list(pressables(blocks))
    for pressable in found:
        if pressable.answers_to(name):
            return pressable
    labels = [pressable.label for pressable in found]
    raise AssertionError(f"no button {name!r} under {where}; there is {labels}")


def _actor(world: World, person: Person) -> Wire:
    return {
        "user": {
            "id": person.id,
            "username": person.handle,
            "name": person.handle,
            "team_id": person.team_id,
        },
        "team": {"id": world.bot.team_id, "domain": "parley-test"},
        "api_app_id": APP_ID,
        "token": "unused-verification-token",
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": world.new_trigger(person),
    }


def _action(world: World, pressable: Pressable) -> Wire:
    return {**pressable.action, "action_ts": world.new_ts()}


def _state(pressable: Pressable) -> Wire:
    """What menus hold; only the one that was touched is told of."""
    action = pressable.action
    if "selected_option" not in action and "selected_options" not in action:
        return {"values": {}}
    chosen = {
        name: value
        for name, value in action.items()
        if name in ("type", "selected_option", "selected_options")
    }
    return {"values": {action["block_id"]: {action["action_id"]: chosen}}}


def pressed_in_message(world: World, person: Person, message: Message, pressable: Pressable) -> Wire:
    """block_actions from a message."""
    channel = message.channel
    container: Wire = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.only_for),
    }
    if message.thread_ts is not None:
        container["thread_ts"] = message.thread_ts
    payload = {
        "type": "block_actions",
        **_actor(world, person),
        "container": container,
        "channel": {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name},
        "state": _state(pressable),
        "response_url": new_response_url(world, person, channel, message),
        "actions": [_action(world, pressable)],
    }
    return payload if message.only_for else {**payload, "message": message.wire()}


def chosen_for_message(world: World, person: Person, message: Message, callback_id: str) -> Wire:
    """message_action: a shortcut of the app, from the menu of a message."""
    channel = message.channel
    return {
        "type": "message_action",
        **_actor(world, person),
        "callback_id": callback_id,
        "action_ts": world.new_ts(),
        "response_url": new_response_url(world, person, channel, message),
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name},
        "message": message.wire(),
    }


def pressed_in_view(world: World, view: View, pressable: Pressable) -> Wire:
    """block_actions from a home tab or a modal."""
    wire = view.wire(world.bot.team_id, world.bot.bot_id)
    return {
        "type": "block_actions",
        **_actor(world, view.person),
        "container": {"type": "view", "view_id": view.id},
        "view": {**wire, "state": _state(pressable)},
        "actions": [_action(world, pressable)],
    }


def submitted(world: World, view: View, filled: dict[str, str]) -> Wire:
    """view_submission of a modal, its fields filled in by action_id."""
    wire = view.wire(world.bot.team_id, world.bot.bot_id)
    values = input_values(view.view["blocks"], filled)
    return {
        "type": "view_submission",
        **_actor(world, view.person),
        "view": {**wire, "state": {"values": values}},
        "response_urls": [],
    }


def slash_command(world: World, person: Person, channel: Channel, command: str, text: str) -> Wire:
    """A slash command; every value is a string."""
    return {
        "token": "unused-verification-token",
        "team_id": world.bot.team_id,
        "team_domain": "parley-test",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.kind == "im" else channel.name,
        "user_id": person.id,
        "user_name": person.handle,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": new_response_url(world, person, channel, None),
        "trigger_id": world.new_trigger(person),
    }
