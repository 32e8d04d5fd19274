"""Takes payloads in: each is stored before Slack is told that it arrived, or Slack is told nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from bot.errors import BotError, DeliveryError, StorageError
from bot.messages import Author, Inbound, Incoming, Unreadable
from bot.ports import Clock, Submit

from .commands import Commands
from .home import Home
from .identity import Identity
from .interactions import translate_button, translate_shortcut
from .late import LateStore
from .lookups import Lookups
from .people import People
from .responses import Responses
from .streams import Streams
from .translate import EVENTS, Scene, people_in, translate_event, translate_message
from .turnstile import Turnstile
from .wire import Payload, list_of, map_in, text_in
from .words import word

__all__ = ["Receiver", "Taken"]

log = structlog.get_logger(__name__)

_MOST_CHORES = 50
_TOLD = {
    "app_uninstalled": "the app was removed from the workspace: nothing can be answered there any more",
    "tokens_revoked": "tokens were revoked: install the app anew and set SLACK_BOT_TOKEN",
    "app_rate_limited": "Slack drops events: the workspace sends more than 30,000 an hour",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What becomes of a payload. ``text`` is shown to the person who gave a slash command, and only there."""

    stored: bool
    text: str = ""


class Receiver:
    """One bot's way in. ``close`` ends what it does besides."""

    def __init__(
        self,
        *,
        me: Identity,
        submit: Submit,
        people: People,
        streams: Streams,
        commands: Commands,
        home: Home,
        lookups: Lookups,
        responses: Responses,
        tell: Callable[[str, str], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """``tell`` says a line to whom an answer id names."""
        self._me = me
        self._submit = submit
        self._people = people
        self._streams = streams
        self._commands = commands
        self._home = home
        self._lookups = lookups
        self._responses = responses
        self._tell = tell
        self._late = LateStore(store=self._is_stored, clock=clock)
        self._turnstile = Turnstile()
        self._chores: set[asyncio.Task[None]] = set()

    async def take(self, body: Payload) -> Taken:
        """Take one payload in; never raises. What cannot be read is logged and taken as done."""
        try:
            return await self._take(body)
        except Exception:
            log.exception("slack_payload_unreadable", kind=text_in(body, "type"))
            return Taken(stored=True)

    async def _take(self, body: Payload) -> Taken:
        if text_in(body, "command"):
            return await self._command(body)
        match text_in(body, "type"):
            case "event_callback":
                return await self._event(body)
            case "block_actions":
                return await self._button(body)
            case "message_action":
                return await self._shortcut(body)
            case "app_rate_limited":
                log.warning("slack_told", what="app_rate_limited", meaning=_TOLD["app_rate_limited"])
            case kind:
                log.debug("slack_payload_dropped", kind=kind)
        return Taken(stored=True)

    async def close(self) -> None:
        """End what is done besides; may be called twice."""
        await self._late.close()
        chores = list(self._chores)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)

    # --- events -----------------------------------------------------------------------------------------

    async def _event(self, body: Payload) -> Taken:
        event = map_in(body, "event")
        kind = text_in(event, "type")
        if not self._is_ours(body):
            log.warning("slack_event_of_another_workspace", kind=kind, team=text_in(body, "team_id"))
            return Taken(stored=True)
        if kind not in EVENTS:
            log.debug("slack_event_dropped", kind=kind, why="a kind of event that is not served")
            return Taken(stored=True)
        self._note(kind, event)
        channel = text_in(event, "channel") or text_in(map_in(event, "item"), "channel")
        ts = text_in(event, "ts", "event_ts")
        async with self._turnstile.turn(channel, ts):
            scene = await self._scene(*people_in(event), team=self._home_of(body))
            translated = translate_event(event, scene)
            return await self._stored(translated, team=self._team_of(event))

    def _is_ours(self, body: Payload) -> bool:
        """Whether it is of our workspace: the app may be installed in others, whose token we do not have."""
        places = [body, *list_of(body, "authorizations")]
        teams = {text_in(place, name) for place in places for name in ("team_id", "enterprise_id")}
        ours = {self._me.team_id, self._me.enterprise_id} - {""}
        return not (teams - {""}) or bool(teams & ours)

    def _home_of(self, body: Payload) -> str:
        """The workspace of everybody who can write where this happened; empty where others can too."""
        return "" if body.get("is_ext_shared_channel") is not False else self._me.team_id

    def _team_of(self, event: Payload) -> str:
        return text_in(event, "user_team", "source_team", "team") or self._me.team_id

    def _note(self, kind: str, event: Payload) -> None:
        """What an event means to the adapter itself."""
        if kind in _TOLD:
            log.warning("slack_told", what=kind, meaning=_TOLD[kind])
        elif kind == "user_change":
            self._people.forget(text_in(map_in(event, "user"), "id"))
        elif kind == "agent_session_stopped":
            stopped = event.get("streaming_message_ts")
            for ts in stopped if isinstance(stopped, list) else ():
                self._streams.end(text_in(event, "channel", "channel_id"), str(ts))
        elif kind == "app_home_opened" and text_in(event, "tab") in ("", "home"):
            self._begin(self._show_home(text_in(event, "user"), text_in(event, "channel")))

    async def _scene(self, *people: str, team: str = "") -> Scene:
        others = [one for one in people if one not in ("", "USLACKBOT", self._me.user_id)]
        return Scene(me=self._me, people=await self._people.look_up(others, self._me), team=team)

    # --- buttons and commands ---------------------------------------------------------------------------

    async def _button(self, body: Payload) -> Taken:
        user = map_in(body, "user")
        scene = await self._scene(text_in(user, "id"))
        event = translate_button(body, scene)
        if event is None:
            return Taken(stored=True)
        team = text_in(user, "team_id") or self._me.team_id
        self._streams.remember_asker(event.key, event.author.id, team)
        return Taken(stored=await self._is_stored_or_kept(event, event.author, event.answer_id))

    async def _shortcut(self, body: Payload) -> Taken:
        """The menu of a message is there in every channel; where the bot is not, it says so."""
        user = map_in(body, "user")
        scene = await self._scene(text_in(user, "id"), *people_in(body))
        event = translate_shortcut(body, scene)
        if event is None:
            return Taken(stored=True)
        if await self._is_away(event.key.chat):
            line = word("not_here_for_this", event.author.language)
            self._begin(self._responses.tell(text_in(body, "response_url"), line))
            return Taken(stored=True)
        team = text_in(user, "team_id") or self._me.team_id
        self._streams.remember_asker(event.key, event.author.id, team)
        return Taken(stored=await self._is_stored_or_kept(event, event.author, event.answer_id))

    async def _is_away(self, channel: str) -> bool:
        try:
            return await self._lookups.is_away(channel)
        except DeliveryError as exc:
            log.info("slack_membership_unknown", reason=str(exc))
            return False

    async def _command(self, body: Payload) -> Taken:
        user, team = text_in(body, "user_id"), text_in(body, "team_id")
        scene = await self._scene(user)
        author = scene.author(user, team)
        incoming, told = await self._commands.begin(body, author, self._me)
        if incoming is None:
            return Taken(stored=True, text=told)
        self._streams.remember_asker(incoming.key, author.id, team or self._me.team_id)
        place = f":{text_in(body, 'channel_id')}::{user}"
        is_taken = await self._is_stored_or_kept(incoming, author, place)
        return Taken(stored=True, text=told if is_taken else self._commands.sorry(author))

    async def _is_stored_or_kept(self, event: Inbound, author: Author, place: str) -> bool:
        """Slack repeats no press and no command, so what cannot be stored now is tried again for a while.

        Should that fail too, the author is told at ``place``, which is an answer id.
        """
        if await self._is_stored(event):
            return True
        return self._late.keep(event, lost=partial(self._tell, place, self._commands.sorry(author)))

    # --- storing ----------------------------------------------------------------------------------------

    async def _stored(self, event: Inbound | None, *, team: str = "") -> Taken:
        if event is None:
            return Taken(stored=True)
        if isinstance(event, Incoming):
            self._streams.remember_asker(event.key, event.author.id, team or self._me.team_id)
        return Taken(stored=await self._is_stored(event))

    async def _is_stored(self, event: Inbound) -> bool:
        """False while storage is down, when Slack has to send it again.

        An event the core itself fails on is recorded as unreadable, else it would come again for ever.
        """
        try:
            await self._submit(event)
        except StorageError as exc:
            log.warning("slack_event_not_stored", event_id=event.event_id, error=str(exc))
            return False
        except Exception:
            log.exception("slack_event_not_taken_in", event_id=event.event_id)
            return await self._is_stand_in_stored(event)
        return True

    async def _is_stand_in_stored(self, event: Inbound) -> bool:
        key = replace(event.key, thread="")
        reason = "the event could not be taken in"
        try:
            await self._submit(Unreadable(event_id=event.event_id, key=key, reason=reason))
        except BotError as exc:
            log.warning("slack_event_not_stored", event_id=event.event_id, error=str(exc))
            return False
        return True

    # --- looking again ----------------------------------------------------------------------------------

    async def show_again(self, channel: str, ts: str) -> Incoming | None:
        """A message that is there already. Raises DeliveryError's subclasses."""
        message = await self._lookups.message(channel, ts)
        if message is None:
            return None
        return translate_message(message, channel, await self._scene(*people_in(message)))

    # --- the Home tab -----------------------------------------------------------------------------------

    async def tell_at_home(self, user: str, chat: str, notice: str) -> None:
        """Say something on the Home tab of somebody."""
        await self._home.tell((await self._scene(user)).author(user), chat, notice)

    async def _show_home(self, user: str, chat: str) -> None:
        await self._home.open((await self._scene(user)).author(user), chat)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that Slack does not wait for; left out when too much of it goes on."""
        if len(self._chores) >= _MOST_CHORES:
            work.close()
            return
        chore = asyncio.create_task(work, name="slack-home")
        self._chores.add(chore)
        chore.add_done_callback(self._ended)

    def _ended(self, chore: asyncio.Task[None]) -> None:
        self._chores.discard(chore)
        if not chore.cancelled() and (error := chore.exception()) is not None:
            log.error("slack_chore_failed", reason=repr(error))
