"""Methods about the bot itself: who it is, its commands, names and menu, and how it gets its updates."""

from __future__ import annotations

import re
from typing import Any

import orjson

from .call import Call
from .errors import WEBHOOK_ACTIVE, bad_request, conflict
from .state import Wire
from .webhook import WebhookSender
from .world import World

__all__ = ["METHODS", "delete_webhook", "get_updates", "set_webhook"]

MAX_COMMANDS = 100
_COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_SCOPES = frozenset(
    (
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    )
)
_LIMITS = {"name": 64, "description": 512, "short_description": 120}


def get_me(world: World, _call: Call) -> Wire:
    """getMe"""
    return world.me


def done(_world: World, _call: Call) -> bool:
    """logOut, close"""
    return True


def _scope(call: Call) -> str:
    scope = call.json("scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if len(scope) == 1:
        return str(scope["type"])
    return orjson.dumps(scope, option=orjson.OPT_SORT_KEYS).decode()


def set_my_commands(world: World, call: Call) -> bool:
    """setMyCommands"""
    commands = call.json("commands") or []
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", ""))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    plain = [{**command, "command": command["command"].removeprefix("/")} for command in commands]
    world.commands[(_scope(call), call.text("language_code"))] = plain
    return True


def get_my_commands(world: World, call: Call) -> list[Wire]:
    """getMyCommands"""
    return world.commands.get((_scope(call), call.text("language_code")), [])


def delete_my_commands(world: World, call: Call) -> bool:
    """deleteMyCommands"""
    world.commands.pop((_scope(call), call.text("language_code")), None)
    return True


def set_profile(world: World, call: Call) -> bool:
    """setMyName, setMyDescription, setMyShortDescription"""
    field = {"setMyName": "name", "setMyDescription": "description"}.get(call.method, "short_description")
    text = call.text(field)
    if len(text) > _LIMITS[field]:
        raise bad_request(f"{field} is too long")
    world.profile[(field, call.text("language_code"))] = text
    return True


def set_chat_menu_button(world: World, call: Call) -> bool:
    """setChatMenuButton"""
    chat_id = call.integer("chat_id")
    if chat_id and world.find_chat(chat_id).kind != "private":
        raise bad_request("chat not found")
    world.menu_buttons[chat_id] = call.json("menu_button") or {"type": "default"}
    return True


def get_webhook_info(world: World, _call: Call) -> Wire:
    """getWebhookInfo"""
    if world.webhook is None:
        info: Wire = {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": world.updates.pending,
        }
    else:
        info = world.webhook.info()
    if world.updates.allowed:
        info["allowed_updates"] = sorted(world.updates.allowed)
    return info


async def get_updates(world: World, call: Call) -> list[Wire]:
    """getUpdates"""
    if world.webhook is not None:
        raise conflict(WEBHOOK_ACTIVE)
    world.updates.allow(call.json("allowed_updates"))
    return await world.updates.poll(
        offset=call.integer("offset"),
        limit=call.integer("limit", 100),
        timeout_seconds=call.integer("timeout"),
    )


async def set_webhook(world: World, call: Call) -> bool:
    """setWebhook. Unlike Telegram it takes plain http on the loopback interface."""
    url = call.text("url")
    if not url:
        return await delete_webhook(world, call)
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = call.text("secret_token")
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    world.updates.allow(call.json("allowed_updates"))
    world.updates.end_poll()
    undelivered = await _stop_webhook(world)
    world.webhook = WebhookSender(
        url=url,
        secret=secret,
        max_connections=min(max(call.integer("max_connections", 40), 1), 100),
        time_scale=lambda: world.time_scale,
        on_change=world.changes.ring,
        report=world.report,
    )
    waiting = [*undelivered, *world.updates.take_all()]
    world.updates.on_push = world.webhook.put
    if not call.flag("drop_pending_updates"):
        for update in waiting:
            world.webhook.put(update, _chat_of(update))
    return True


async def delete_webhook(world: World, call: Call) -> bool:
    """deleteWebhook: what was not delivered waits for getUpdates."""
    undelivered = await _stop_webhook(world)
    world.updates.on_push = None
    if call.flag("drop_pending_updates"):
        world.updates.clear()
    else:
        world.updates.take_back(undelivered)
    return True


async def _stop_webhook(world: World) -> list[Wire]:
    webhook, world.webhook = world.webhook, None
    return await webhook.close() if webhook is not None else []


def _chat_of(update: Wire) -> int:
    for payload in update.values():
        if isinstance(payload, dict):
            carrier = payload.get("message", payload)
            chat = carrier.get("chat") if isinstance(carrier, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0


METHODS: dict[str, Any] = {
    "getMe": get_me,
    "logOut": done,
    "close": done,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": set_profile,
    "setMyDescription": set_profile,
    "setMyShortDescription": set_profile,
    "setChatMenuButton": set_chat_menu_button,
    "getWebhookInfo": get_webhook_info,
}
