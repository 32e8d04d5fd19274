"""A reply being written: what should be seen, against what the platform has confirmed.

The turn says what should be seen (``show``), as often as it likes and without waiting. One writer brings
the platform there: it asks the Governor, takes the newest text, and makes the one call that is the first
difference between the parts wanted and the parts confirmed. ``finish`` makes the same comparison until
there is no difference left. So nothing is sent twice, and a reply can be taken up again from its ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

import structlog

from bot.delivery.governor import Governor, Priority
from bot.delivery.ledger import Ledger
from bot.delivery.preview import REFRESH_SECONDS, WAIT_SECONDS, Preview
from bot.delivery.view import View
from bot.errors import (
    ChatClosed,
    ChatMoved,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
    StorageError,
)
from bot.messages import ChatKind, ConversationKey
from bot.ports import Adapter, Button, Clock, Deletes, Fidelity, Pace, Reclaims, Rendered
from bot.rendering import StreamingParser, parse

__all__ = ["Draft"]

log = structlog.get_logger(__name__)

_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 30.0
_GONE = "⋯"

Buttons = tuple[tuple[Button, ...], ...]


@dataclass(slots=True)
class _Part:
    """A message of the reply. ``shown`` is None while we do not know what it shows.

    ``live`` says that the platform was told that more will follow; ``lost``, that it may have been sent
    although we hold no id; ``replaced``, that it stands in for a message that would not be edited.
    """

    message_id: str = ""
    shown: tuple[Rendered, Buttons] | None = None
    live: bool = False
    lost: bool = False
    replaced: bool = False


class Draft:
    """One reply. Use under ``async with``: leaving stops the writer, also after an error.

    ``reply_to`` is the message answered; ``key`` may change while it is written when the chat moves.
    """

    def __init__(
        self,
        *,
        adapter: Adapter,
        governor: Governor,
        ledger: Ledger,
        key: ConversationKey,
        chat_kind: ChatKind,
        clock: Clock,
        reply_to: str = "",
        after: str = "",
        fidelity: Fidelity = Fidelity.FORMATTED,
        stop_button: Button | None = None,
        preview_id: int = 0,
    ) -> None:
        self._adapter = adapter
        self._governor = governor
        self._ledger = ledger
        self._key = key
        self._clock = clock
        self._pace: Pace = adapter.capabilities.pace[chat_kind]
        self._reply_to = reply_to
        self._after = after or reply_to
        self._fidelity = min(fidelity, adapter.capabilities.best_fidelity)
        self._stop_button = stop_button if adapter.capabilities.buttons else None
        self._preview = Preview(
            adapter=adapter, governor=governor, key=key, chat_kind=chat_kind, preview_id=preview_id
        )
        self._parts = [_Part(message_id=d.message_id, lost=not d.message_id) for d in ledger.known]
        self._view: Callable[[], View] = View
        self._parser = StreamingParser()
        self._changed = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._call: asyncio.Task[bool] | None = None
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._unclear = False
        self._send_counted = False
        self._closed: ChatClosed | None = None

    @property
    def key(self) -> ConversationKey:
        """Where the reply is written; another chat than at first when the chat has moved."""
        return self._key

    @property
    def begun(self) -> bool:
        """Whether a person can see some of it already."""
        return any(part.message_id for part in self._parts)

    async def __aenter__(self) -> Draft:
        self._writer = asyncio.create_task(self._write(), name=f"draft {self._key}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pause()

    def show(self, view: Callable[[], View]) -> None:
        """What should be seen has changed; ``view`` is asked for it when it can be shown. Never waits."""
        self._view = view
        self._changed.set()

    async def pause(self) -> None:
        """Stop writing; a call under way is let through and its result kept."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.cancel()
            (ended,) = await asyncio.gather(writer, return_exceptions=True)
            if isinstance(ended, Exception):
                log.warning("live_writing_ended", key=str(self._key), reason=repr(ended))
        if self._call is not None:
            await asyncio.gather(asyncio.shield(self._call), return_exceptions=True)
            self._call = None

    async def finish(self, view: View, *, buttons: Sequence[Sequence[Button]] = ()) -> None:
        """Bring the reply to its final form, however long the platform makes us wait.

        Raises ChatClosed when nothing can be delivered to the chat any more, Fenced and StorageError.
        """
        await self.pause()
        self._view = lambda: view
        self._preview.end()
        rows = tuple(tuple(row) for row in buttons)
        while self._closed is None:
            if not await self._final_step(rows):
                return
        raise self._closed

    # --- the writer -----------------------------------------------------------------------------------

    async def _write(self) -> None:
        while self._closed is None:
            await self._wait_for_change()
            if self._preview.is_on and not self._preview.may_show(self._key):
                await self._clock.sleep(WAIT_SECONDS)
                self._changed.set()
                continue
            if not self._preview.is_on:
                await self._permit(Priority.EDIT if self.begun else Priority.NEW_PART, sends=not self.begun)
            self._changed.clear()
            self._call = asyncio.create_task(self._live_step(), name=f"draft call {self._key}")
            try:
                again = await asyncio.shield(self._call)
            except StorageError as exc:
                # Nothing may be shown that is not stored; the answer goes on, and is shown when it can be.
                log.warning("live_writing_waits", key=str(self._key), reason=str(exc))
                await self._back_off()
                again = True
            self._call = None
            if again:
                self._changed.set()

    async def _wait_for_change(self) -> None:
        if not self._preview.is_on:
            await self._changed.wait()
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), REFRESH_SECONDS)

    async def _live_step(self) -> bool:
        contents = self._render(live=True)
        if not contents:
            self._refund()
            return False
        growing = len(contents) - 1 if self._adapter.capabilities.live_messages else -1
        index = self._first_difference(contents, self._live_buttons(contents), growing=growing)
        if index is None:
            self._refund()
            return False
        if self._preview.is_on and index == len(contents) - 1 and not self._is_sent(index):
            return await self._show_preview(contents[index])
        buttons = self._live_buttons(contents)[index]
        done = await self._bring(index, contents[index], buttons, live=index == growing)
        # A message just sent has no stop button yet; the model may be silent from here on.
        return (
            not done
            or self._first_difference(contents, self._live_buttons(contents), growing=growing) is not None
        )

    async def _show_preview(self, content: Rendered) -> bool:
        await self._ledger.before_showing(new_part=None)
        try:
            return await self._preview.show(self._key, content)
        except ChatClosed as exc:
            self._closed = exc
            return False

    async def _final_step(self, buttons: Buttons) -> bool:
        contents = self._render(live=False)
        wanted = [()] * (len(contents) - 1) + [buttons] if contents else []
        index = self._first_difference(contents, wanted)
        if index is None and len(self._parts) <= len(contents):
            return False
        await self._permit(Priority.FINAL, sends=index is not None and not self._is_sent(index))
        self._call = asyncio.create_task(
            self._final_call(contents, wanted, index), name=f"draft end {self._key}"
        )
        done = await asyncio.shield(self._call)
        self._call = None
        if self._unclear and not done:
            await self._back_off()
        return True

    async def _final_call(
        self, contents: Sequence[Rendered], wanted: list[Buttons], index: int | None
    ) -> bool:
        if index is None:
            return await self._drop_surplus(len(contents))
        return await self._bring(index, contents[index], wanted[index])

    # --- comparing --------------------------------------------------------------------------------------

    def _render(self, *, live: bool) -> Sequence[Rendered]:
        view = self._view()
        if view.empty:
            return ()
        document = view.document(parser=self._parser if live else None)
        if not document.blocks:
            return ()
        contents = self._adapter.render(document, fidelity=self._fidelity)
        return contents if any(content.text.strip() for content in contents) else ()

    def _live_buttons(self, contents: Sequence[Rendered]) -> list[Buttons]:
        rows: list[Buttons] = [()] * len(contents)
        if self._stop_button is not None and self._is_sent(len(contents) - 1):
            rows[-1] = ((self._stop_button,),)
        return rows

    def _first_difference(
        self, contents: Sequence[Rendered], buttons: Sequence[Buttons], *, growing: int = -1
    ) -> int | None:
        """The first part that does not show what it should; ``growing`` is the one that may still be live."""
        for index, wanted in enumerate(zip(contents, buttons, strict=True)):
            if not self._is_sent(index):
                return index
            part = self._parts[index]
            if part.shown != wanted or (part.live and index != growing):
                return index
        return None

    def _is_sent(self, index: int) -> bool:
        return index < len(self._parts) and bool(self._parts[index].message_id)

    async def _permit(self, priority: Priority, *, sends: bool) -> None:
        await self._governor.permit(self._key.peer, self._pace, priority)
        account = self._adapter.capabilities.account_pace
        if sends and account is not None:
            await self._governor.permit(self._key.sender, account, priority)
            self._send_counted = True

    def _refund(self) -> None:
        if not self._preview.is_on:
            self._governor.refund(self._key.peer, self._pace)

    # --- calling the platform ---------------------------------------------------------------------------

    async def _bring(self, index: int, content: Rendered, buttons: Buttons, *, live: bool = False) -> bool:
        """Make part ``index`` show ``content``; whether that succeeded."""
        if index == len(self._parts):
            self._parts.append(_Part())
        part = self._parts[index]
        self._unclear = False
        try:
            if part.message_id:
                await self._ledger.before_showing(new_part=None)
                await self._adapter.edit(self._key, part.message_id, content, buttons=buttons, live=live)
            else:
                await self._send(index, part, content, buttons, live=live)
        except PlatformBusy as exc:
            self._governor.hold_off(self._key.peer, self._pace, exc.retry_after_seconds)
            log.info("delivery_held_off", key=str(self._key), seconds=exc.retry_after_seconds)
            return False
        except PlatformUnclear as exc:
            self._unclear = True
            part.lost = part.lost or not part.message_id
            log.info("delivery_unclear", key=str(self._key), part=index, reason=str(exc))
            return False
        except MessageGone:
            part.message_id, part.shown = "", None
            self._ledger.unsent(index)
            return False
        except PartRejected as exc:
            return self._plainer(index, content, exc)
        except ChatMoved as exc:
            self._key = replace(self._key, chat=exc.new_chat)
            return False
        except ChatClosed as exc:
            self._closed = exc
            return False
        part.shown, part.live = (content, buttons), live
        self._retry_seconds = _FIRST_RETRY_SECONDS
        return True

    async def _send(
        self, index: int, part: _Part, content: Rendered, buttons: Buttons, *, live: bool
    ) -> None:
        if part.lost and isinstance(self._adapter, Reclaims):
            found = await self._adapter.reclaim(
                self._key, content, after=self._newest_id(index), taken=await self._ledger.taken()
            )
            part.lost = False
            if found:
                part.message_id = found
                await self._ledger.sent(index, found)
                if buttons:
                    await self._adapter.edit(self._key, found, content, buttons=buttons)
                return
        await self._ledger.before_showing(new_part=index)
        self._count_send()
        message_id = await self._adapter.send(
            self._key, content, reply_to=self._reply_to if index == 0 else "", buttons=buttons, live=live
        )
        part.message_id = message_id
        await self._ledger.sent(index, message_id)

    def _count_send(self) -> None:
        account = self._adapter.capabilities.account_pace
        if account is not None and not self._send_counted:
            self._governor.note(self._key.sender, account)
        self._send_counted = False

    def _newest_id(self, index: int) -> str:
        earlier = [part.message_id for part in self._parts[:index] if part.message_id]
        return earlier[-1] if earlier else self._after

    def _plainer(self, index: int, content: Rendered, reason: PartRejected) -> bool:
        log.warning(
            "part_rejected", key=str(self._key), part=index, fidelity=self._fidelity.name, reason=str(reason)
        )
        if self._fidelity > Fidelity.PLAIN:
            self._fidelity = Fidelity(self._fidelity - 1)
            return False
        if self._parts[index].message_id and not self._parts[index].replaced:
            # The text is whole here and only half of it stands there: better a new message than a half one.
            self._parts[index] = _Part(replaced=True)
            self._ledger.unsent(index)
            return False
        # Not even plain text is taken: give this part up rather than repeat the same refusal for ever.
        self._parts[index].shown = (content, ())
        self._parts[index].message_id = self._parts[index].message_id or "-"
        return True

    async def _drop_surplus(self, wanted: int) -> bool:
        surplus = [part.message_id for part in self._parts[wanted:] if part.message_id]
        try:
            if surplus and isinstance(self._adapter, Deletes):
                await self._adapter.delete(self._key, surplus)
            else:
                for message_id in surplus:
                    await self._adapter.edit(self._key, message_id, self._nothing())
        except (MessageGone, PartRejected):
            pass
        except PlatformBusy as exc:
            self._governor.hold_off(self._key.peer, self._pace, exc.retry_after_seconds)
            return False
        except PlatformUnclear:
            return False
        del self._parts[wanted:]
        await self._ledger.forget(wanted)
        return True

    def _nothing(self) -> Rendered:
        return self._adapter.render(parse(_GONE), fidelity=Fidelity.PLAIN)[0]

    async def _back_off(self) -> None:
        await self._clock.sleep(self._retry_seconds)
        self._retry_seconds = min(self._retry_seconds * 2, _LONGEST_RETRY_SECONDS)
