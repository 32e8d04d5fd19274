"""What agents show beside their messages: status, title, suggested prompts, and sessions with a Stop button.

Sources: docs.slack.dev, assistant.threads.* and agents.sessions.*.
"""

from __future__ import annotations

from typing import Any

from .accounts import Wire
from .call import Call
from .content import read_thread
from .errors import refused
from .state import Channel, Session
from .world import World

__all__ = ["METHODS", "SESSION_STATUSES", "move_session", "read_session_status"]

SESSION_STATUSES = ("active", "processing", "suspended", "closed")
MAX_LOADING_MESSAGES = 10
MAX_PROMPTS = 4
MAX_TITLE_CHARACTERS = 200
NO_STOP_EVENT = "missing_agent_session_stopped_event_subscription"


def _require_agent(world: World) -> None:
    if not world.app.agent:
        raise refused("not_agent_app")


def set_status(world: World, call: Call) -> Wire:
    """assistant.threads.setStatus; an empty status takes it away."""
    channel = world.writable(call.text("channel_id"))
    thread_ts = _existing_thread(world, channel, call)
    loading = call.items("loading_messages")
    if len(loading) > MAX_LOADING_MESSAGES:
        raise refused(
            "invalid_arguments", "[ERROR] no more than 10 items allowed [json-pointer:/loading_messages]"
        )
    world.show_status(channel, thread_ts, call.text("status"), [str(line) for line in loading])
    return {}


def _existing_thread(world: World, channel: Channel, call: Call) -> str:
    thread_ts = read_thread(world, channel, call.text("thread_ts"), error="invalid_thread_ts")
    if thread_ts is None:
        raise refused("invalid_thread_ts")
    return thread_ts


def set_title(world: World, call: Call) -> Wire:
    """assistant.threads.setTitle"""
    _require_agent(world)
    channel = world.channel(call.text("channel_id"))
    channel.thread(_existing_thread(world, channel, call)).title = call.text("title")
    return {}


def set_prompts(world: World, call: Call) -> Wire:
    """assistant.threads.setSuggestedPrompts, for a thread or for the direct messages as a whole."""
    _require_agent(world)
    channel = world.channel(call.text("channel_id"))
    if channel.kind != "im":
        raise refused("method_not_supported_for_channel_type")
    prompts = call.items("prompts")
    if len(prompts) > MAX_PROMPTS or not all(_is_prompt(prompt) for prompt in prompts):
        raise refused("invalid_arguments", "[ERROR] at most 4 prompts of title and message")
    if call.text("thread_ts"):
        channel.thread(_existing_thread(world, channel, call)).prompts = prompts
    else:
        channel.prompts = prompts
    return {}


def _is_prompt(prompt: Any) -> bool:
    return isinstance(prompt, dict) and bool(prompt.get("title")) and bool(prompt.get("message"))


def set_session_status(world: World, call: Call) -> Wire:
    """agents.sessions.setStatus: title and initiator count only when it makes the session."""
    if not world.app.agent:
        raise refused("feature_disabled")
    channel = world.channel(call.text("channel_id"))
    if not channel.bot_in:
        raise refused("not_authorized")
    status = read_session_status(call, "status")
    if not call.text("thread_ts"):
        raise refused("thread_ts_required")
    thread = channel.thread(_existing_thread(world, channel, call))
    initiator = call.text("initiator_user_id")
    if initiator and initiator not in world.people:
        raise refused("user_not_found")
    if thread.session is None:
        thread.session = Session(status=status, title=_read_title(call), initiator=initiator)
    thread.session.status = status
    answer: Wire = {"session": {"channel_id": channel.id, "status": status, "title": thread.session.title}}
    if status == "processing" and "agent_session_stopped" not in world.app.subscriptions:
        answer |= {"warning": NO_STOP_EVENT, "response_metadata": {"warnings": [NO_STOP_EVENT]}}
    return answer


def rename_session(world: World, call: Call) -> Wire:
    """agents.sessions.rename"""
    if not world.app.agent:
        raise refused("feature_disabled")
    channel = world.channel(call.text("channel_id"))
    session = channel.thread(call.text("thread_ts")).session
    if session is None:
        raise refused("session_not_found")
    session.title = _read_title(call)
    return {}


def _read_title(call: Call) -> str:
    title = call.text("title")
    if len(title) > MAX_TITLE_CHARACTERS:
        raise refused("invalid_arguments", "[ERROR] must be less than 201 characters [json-pointer:/title]")
    return title


def read_session_status(call: Call, name: str) -> str:
    """A status a session can have. Raises ApiError (``invalid_status``)."""
    status = call.text(name)
    if status not in SESSION_STATUSES:
        raise refused("invalid_status")
    return status


def move_session(world: World, channel: Channel, root_ts: str, status: str) -> None:
    """Give the session of a thread another status, if there is one."""
    session = channel.thread(root_ts).session
    if session is not None:
        session.status = status
    world.changes.ring()


METHODS: dict[str, Any] = {
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setTitle": set_title,
    "assistant.threads.setSuggestedPrompts": set_prompts,
    "agents.sessions.setStatus": set_session_status,
    "agents.sessions.rename": rename_session,
}
