"""The manifest asks for what the code uses: every event has a handler, every method its scope."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.interactions import TRANSCRIBE
from adapters.slack.translate import EVENTS

FOLDER = Path(__file__).parents[3] / "adapters" / "slack"
METHOD = re.compile(r'"((?:[a-z]+\.)+[a-z][A-Za-z]+)"')

# What each method needs of a bot's scopes (Web API, each method's page). The app's own token needs
# connections:write for apps.connections.open, which no manifest can give it.
SCOPES = {
    "agents.sessions.setStatus": "chat:write",
    "apps.connections.open": None,
    "assistant.threads.setStatus": "chat:write",
    "auth.test": None,
    "chat.appendStream": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.startStream": "chat:write",
    "chat.stopStream": "chat:write",
    "chat.update": "chat:write",
    "conversations.info": "channels:read groups:read",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history groups:history im:history mpim:history",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
    "users.info": "users:read",
    "views.publish": None,
}
EVENT_SCOPES = {
    "agent_session_stopped": "chat:write",
    "app_context_changed": "assistant:write",
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "member_joined_channel": "channels:read groups:read",
    "member_left_channel": "channels:read groups:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "tokens_revoked": None,
    "user_change": "users:read",
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The manifest, read."""
    text = (FOLDER / "manifest.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    value, rest = read_yaml(lines)
    assert rest == []
    assert isinstance(value, dict)
    return value


def read_yaml(lines: list[str], indent: int = 0) -> tuple[Any, list[str]]:
    """As much of YAML as the manifest is written in: maps, lists and words, indented by two."""
    if lines[0].lstrip().startswith("- "):
        return read_list(lines, indent)
    found: dict[str, Any] = {}
    while lines and indent_of(lines[0]) == indent:
        name, _, value = lines[0].strip().partition(":")
        assert name not in found, f"{name} stands there twice"
        lines = lines[1:]
        if value:
            found[name] = read_word(value.strip())
        else:
            found[name], lines = read_yaml(lines, indent_of(lines[0]))
    return found, lines


def read_list(lines: list[str], indent: int) -> tuple[list[Any], list[str]]:
    """Items are words, or maps whose first line stands beside the dash."""
    found: list[Any] = []
    while lines and indent_of(lines[0]) == indent and lines[0].lstrip().startswith("- "):
        first = lines[0].strip().removeprefix("- ")
        if re.match(r"[a-z_]+:( |$)", first):
            item, lines = read_yaml([" " * (indent + 2) + first, *lines[1:]], indent + 2)
            found.append(item)
        else:
            found.append(read_word(first))
            lines = lines[1:]
    return found, lines


def read_word(word: str) -> Any:
    """A truth value or a text."""
    return {"true": True, "false": False}.get(word, word.strip('"'))


def indent_of(line: str) -> int:
    """How far it is indented."""
    return len(line) - len(line.lstrip())


def scopes_in(manifest: dict[str, Any]) -> set[str]:
    """The scopes it asks for."""
    return set(manifest["oauth_config"]["scopes"]["bot"])


def events_in(manifest: dict[str, Any]) -> list[str]:
    """The events it subscribes to."""
    events: list[str] = manifest["settings"]["event_subscriptions"]["bot_events"]
    return events


def methods_used() -> set[str]:
    """The Web API methods the code names."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    first = {"agents", "apps", "assistant", "auth", "chat", "conversations", "files", "users", "views"}
    return {name for name in METHOD.findall(code) if name.split(".")[0] in first}


def test_every_method_used_is_allowed(manifest: dict[str, Any]) -> None:
    """And the table names no method that is not used."""
    assert methods_used() == set(SCOPES)
    needed = {scope for scopes in SCOPES.values() if scopes for scope in scopes.split()}
    assert needed <= scopes_in(manifest)


def test_every_event_subscribed_has_a_handler_and_its_scope(manifest: dict[str, Any]) -> None:
    """Nor is there a handler for an event that never comes."""
    events = events_in(manifest)
    assert events == sorted(events)
    assert {name.partition(".")[0] for name in events} == set(EVENTS)
    assert set(events) == set(EVENT_SCOPES)
    needed = {scope for name in events for scope in (EVENT_SCOPES[name] or "").split()}
    assert needed <= scopes_in(manifest)


def test_no_scope_is_asked_for_in_vain(manifest: dict[str, Any]) -> None:
    """An administrator reads the list."""
    used = {
        scope for scopes in (*SCOPES.values(), *EVENT_SCOPES.values()) if scopes for scope in scopes.split()
    }
    assert scopes_in(manifest) == used | {"commands"}


def test_the_surfaces_the_code_serves_are_on(manifest: dict[str, Any]) -> None:
    """Messages and Home, the agent view within its limits, buttons, one command, Socket Mode."""
    features = manifest["features"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    agent = features["agent_view"]
    assert len(agent["agent_description"]) <= 300
    assert len(agent["suggested_prompts"]) <= 4
    assert [command["command"] for command in features["slash_commands"]] == ["/parley"]
    (shortcut,) = features["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", TRANSCRIBE)
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]
    assert not manifest["settings"]["token_rotation_enabled"]
