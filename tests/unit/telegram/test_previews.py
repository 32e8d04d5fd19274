"""Drafts are shown where the platform has them, and a chat that refuses them is remembered."""

from __future__ import annotations

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.previews import Previews
from adapters.telegram.rendering import Entities, RichMarkdown
from bot.errors import PartRejected, PlatformBusy
from bot.messages import ChatKind
from bot.ports import Rendered
from bot.rendering import Span, SpanKind
from tests.fakes.telegram import ApiError, FakeTelegram, PrivateChat, bad_request, flood_wait

from .support import key


@pytest.fixture
def previews(client: ApiClient) -> Previews:
    """The bot's drafts."""
    return Previews(client=client)


async def test_a_draft_grows_with_a_stop_button(
    telegram: FakeTelegram, previews: Previews, ann: PrivateChat
) -> None:
    """The same id shows the latest content, formatted or rich."""
    bold = Entities(spans=(Span(kind=SpanKind.BOLD, offset=0, length=2),))
    await previews.preview(key(ann.id), 4, Rendered(text="He"))
    await previews.preview(key(ann.id), 4, Rendered(text="Hello", payload=bold))
    assert ann.draft is not None
    assert (ann.draft.text, ann.draft.can_stop, ann.draft.draft_id) == ("Hello", True, 4)
    await previews.preview(key(ann.id), 4, Rendered(text="T", payload=RichMarkdown(markdown="# T")))
    assert ann.draft.rich is not None
    assert telegram.violations == []


async def test_an_empty_draft_shows_that_the_bot_thinks(previews: Previews, ann: PrivateChat) -> None:
    """Telegram puts its own words there."""
    await previews.preview(key(ann.id), 4, Rendered(text=""))
    assert ann.draft is not None


@pytest.mark.parametrize(
    ("kind", "possible"), [(ChatKind.PRIVATE, True), (ChatKind.GROUP, False), (ChatKind.CHANNEL, False)]
)
def test_drafts_are_for_private_chats(previews: Previews, kind: ChatKind, possible: bool) -> None:
    """Elsewhere they are not even tried."""
    assert previews.can_preview(key(), kind) is possible


@pytest.mark.parametrize(
    "refusal", [bad_request("TEXTDRAFT_PEER_INVALID"), ApiError(404, "Not Found: method not found")], ids=str
)
async def test_a_chat_without_drafts_is_remembered(
    telegram: FakeTelegram, previews: Previews, ann: PrivateChat, refusal: ApiError
) -> None:
    """One refusal is enough, for all its topics; other chats go on."""
    telegram.fail("sendMessageDraft", refusal)
    with pytest.raises(PartRejected):
        await previews.preview(key(ann.id, "3"), 4, Rendered(text="He"))
    assert not previews.can_preview(key(ann.id), ChatKind.PRIVATE)
    assert previews.can_preview(key(ann.id + 1), ChatKind.PRIVATE)


async def test_a_flood_wait_leaves_drafts_on(
    telegram: FakeTelegram, previews: Previews, ann: PrivateChat
) -> None:
    """It is a matter of pace only."""
    telegram.fail("sendMessageDraft", flood_wait(8))
    with pytest.raises(PlatformBusy):
        await previews.preview(key(ann.id), 4, Rendered(text="He"))
    assert previews.can_preview(key(ann.id), ChatKind.PRIVATE)
