"""The fake Slack takes what Slack takes: parameters, lengths, blocks and rates, and refuses in its words."""

from __future__ import annotations

import inspect
import math
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.blocks import blocks as sdk_blocks
from slack_sdk.web.async_client import AsyncWebClient

import tests.fakes.slack
from tests.fakes.slack import DirectMessages, FakeSlack, bad_gateway, rate_limited, server_error
from tests.fakes.slack.blocks import BLOCK_TYPES, ELEMENT_TYPES, accept_blocks, complaints
from tests.fakes.slack.elements import pressables
from tests.fakes.slack.gateway import METHODS, OPEN_SOCKET
from tests.fakes.slack.parameters import SIGNATURES
from tests.fakes.slack.rendering import read_blocks
from tests.fakes.slack.tiers import CALLS_A_MINUTE, WINDOW_SECONDS, Tiers

from .slack_app import HandClock, client_on, post

#: Parameters of the SDK that do not travel, and of Slack that the SDK has no name for.
NOT_SENT = {"apps.connections.open": {"app_token"}}
NOT_NAMED = {"files.completeUploadExternal": {"blocks"}}


@pytest.fixture
def clock() -> HandClock:
    """The time of the rate limits."""
    return HandClock()


@pytest.fixture
async def slack(clock: HandClock) -> AsyncIterator[FakeSlack]:
    """A workspace with real rate limits on a clock moved by hand."""
    async with FakeSlack(clock=clock) as slack:
        yield slack


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """slack_sdk, pointed at the fake."""
    async with client_on(slack) as client:
        yield client


@pytest.fixture
def dm(slack: FakeSlack) -> DirectMessages:
    """Ann's direct messages with the bot."""
    return slack.dm(slack.person("Ann"))


async def refused(awaitable: Any) -> SlackApiError:
    """The refusal of a call."""
    with pytest.raises(SlackApiError) as caught:
        await awaitable
    return caught.value


# Parameters


@pytest.mark.parametrize("method", sorted(SIGNATURES))
def test_every_method_takes_the_parameters_of_the_sdk(method: str) -> None:
    """No name is made up, none is missing, and what the fake requires the SDK does not leave out."""
    function = getattr(AsyncWebClient, method.replace(".", "_"))
    known = inspect.signature(function).parameters
    names = known.keys() - {"self", "kwargs"} - NOT_SENT.get(method, set()) | NOT_NAMED.get(method, set())
    assert SIGNATURES[method].names == names
    assert all(name in known for name in SIGNATURES[method].required)


def test_every_method_with_parameters_is_carried_and_has_a_rate() -> None:
    """The tables of names, of handlers and of rates list the same methods."""
    assert SIGNATURES.keys() == METHODS.keys() | {OPEN_SOCKET}
    assert CALLS_A_MINUTE.keys() == SIGNATURES.keys()


def test_the_blocks_are_those_of_the_sdk() -> None:
    """Every block the SDK can build is known, and no other."""
    classes = [kind for _, kind in inspect.getmembers(sdk_blocks, inspect.isclass)]
    types = {
        vars(kind)["type"] for kind in classes if "type" in vars(kind) and issubclass(kind, sdk_blocks.Block)
    }
    assert types == BLOCK_TYPES


def test_the_package_exports_what_it_says() -> None:
    """Every name of ``__all__`` is there, once."""
    names = tests.fakes.slack.__all__
    assert [name for name in names if not hasattr(tests.fakes.slack, name)] == []
    assert len(names) == len(set(names))


async def test_what_the_api_does_not_have_is_noted(slack: FakeSlack, dm: DirectMessages) -> None:
    """An unknown parameter passes as a violation; an unknown method and a missing parameter are refused."""
    status, body, _ = await post(
        slack, "chat.postMessage", json={"channel": dm.id, "text": "x", "chat_id": 7}
    )
    assert (status, body["ok"]) == (200, True)
    _, body, _ = await post(slack, "chat.shout", json={})
    assert body["error"] == "unknown_method"
    _, body, _ = await post(slack, "chat.update", json={"channel": dm.id})
    assert body["error"] == "invalid_arguments"
    assert body["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]
    assert slack.violations == [
        "chat.postMessage has no parameter 'chat_id'",
        "the method 'chat.shout' is not one this platform carries",
    ]


# Lengths


async def test_bodies_that_cannot_be_read_are_refused(slack: FakeSlack, dm: DirectMessages) -> None:
    """Broken JSON, JSON of the wrong shape, and parameters of the wrong type; multipart is read."""
    kind = {"Content-Type": "application/json"}
    bodies = [b"{", b"[]", b'{"channel": "%s", "blocks": 7}' % dm.id.encode()]
    answers = [(await post(slack, "chat.postMessage", data=body, headers=kind))[1] for body in bodies]
    assert [answer["error"] for answer in answers] == [
        "invalid_json",
        "json_not_object",
        "invalid_blocks_format",
    ]
    counted = await post(slack, "conversations.history", json={"channel": dm.id, "limit": "many"})
    assert counted[1]["error"] == "invalid_arguments"
    parts = aiohttp.FormData({"channel": dm.id, "text": "in parts"}, default_to_multipart=True)
    await post(slack, "chat.postMessage", data=parts)
    assert dm.texts == ["in parts"]


async def test_texts_have_the_lengths_slack_allows(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """A post is cut at 40 000 with a warning; an update takes 4 000, markdown 12 000, alone."""
    sent = await client.chat_postMessage(channel=dm.id, text="x" * 40_001)
    assert sent["warning"] == "message_truncated"
    assert len(dm.last.text) == 40_000
    update: dict[str, Any] = {"channel": dm.id, "ts": sent["ts"]}
    await client.chat_update(**update, text="x" * 4000)
    assert (await refused(client.chat_update(**update, text="x" * 4001))).response["error"] == "msg_too_long"
    await client.chat_update(**update, markdown_text="x" * 12_000)
    too_long = await refused(client.chat_update(**update, markdown_text="x" * 12_001))
    assert too_long.response["error"] == "msg_too_long"
    conflict = await refused(client.chat_postMessage(channel=dm.id, text="a", markdown_text="b"))
    assert conflict.response["error"] == "markdown_text_conflict"
    assert (await post(slack, "chat.postMessage", json={"channel": dm.id, "text": " "}))[1][
        "error"
    ] == "no_text"
    assert len(slack.rejected) == 4


def words(count: int, kind: str = "plain_text") -> dict[str, Any]:
    """A text object of so many characters."""
    return {"type": kind, "text": "x" * count}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    """A block of elements."""
    return {"type": "actions", "elements": list(elements)}


def button(**fields: Any) -> dict[str, Any]:
    """A button."""
    return {"type": "button", "text": words(4), **fields}


def option(number: int) -> dict[str, Any]:
    """One option of a menu."""
    return {"text": words(75), "value": str(number)}


def menu(count: int, **fields: Any) -> dict[str, Any]:
    """A menu of so many options."""
    return {"type": "static_select", "action_id": "m", "options": [option(n) for n in range(count)], **fields}


def feedback(text: dict[str, Any]) -> dict[str, Any]:
    """Feedback buttons with the same text on both sides."""
    sides = {"positive_button": {"text": text}, "negative_button": {"text": text}}
    return {"type": "context_actions", "elements": [{"type": "feedback_buttons", **sides}]}


LIMITS: list[tuple[Any, Any]] = [
    ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51),
    ([{"type": "section", "text": words(3000)}], [{"type": "section", "text": words(3001)}]),
    ([{"type": "section", "fields": [words(2000)]}], [{"type": "section", "fields": [words(2001)]}]),
    ([{"type": "header", "text": words(150)}], [{"type": "header", "text": words(151)}]),
    ([{"type": "markdown", "text": "x" * 6000}] * 2, [{"type": "markdown", "text": "x" * 6001}] * 2),
    ([{"type": "context", "elements": [words(1)] * 10}], [{"type": "context", "elements": [words(1)] * 11}]),
    ([actions(*[button()] * 25)], [actions(*[button()] * 26)]),
    ([actions(button(text=words(75)))], [actions(button(text=words(76)))]),
    ([actions(button(value="x" * 2000))], [actions(button(value="x" * 2001))]),
    ([actions(button(action_id="x" * 255))], [actions(button(action_id="x" * 256))]),
    ([{"type": "divider", "block_id": "x" * 255}], [{"type": "divider", "block_id": "x" * 256}]),
    (
        [actions(button(action_id="a"), button(action_id="b"))],
        [actions(button(action_id="a"), button(action_id="a"))],
    ),
    ([actions(button(style="danger"))], [actions(button(style="loud"))]),
    ([{"type": "table", "rows": [[words(1)] * 20]}], [{"type": "table", "rows": [[words(1)] * 21]}]),
    ([{"type": "section", "text": words(1)}], [{"type": "section"}]),
    ([{"type": "markdown", "text": "x"}], [{"type": "markdown", "text": ""}]),
    ([{"type": "divider"}], [{"type": "ruler"}]),
    ([{"type": "divider"}], ["divider"]),
    ([actions(menu(100))], [actions(menu(101))]),
    ([actions(menu(1))], [actions(menu(0))]),
    ([actions(menu(2, initial_option=option(1)))], [actions(menu(1, initial_option=option(1)))]),
    (
        [actions({"type": "overflow", "options": [option(0)]})],
        [actions({"type": "overflow", "options": [7]})],
    ),
    ([{"type": "section", "text": words(1), "accessory": menu(1)}], [{"type": "section", "accessory": {}}]),
    ([feedback(words(75))], [feedback(words(76))]),
    ([feedback(words(75))], [{"type": "context_actions", "elements": [{"type": "feedback_buttons"}]}]),
    ([{"type": "container", "blocks": [{"type": "divider"}]}], [{"type": "container", "blocks": [{}]}]),
    (
        [{"type": "image", "image_url": "https://a/b.png", "alt_text": "x"}],
        [{"type": "image", "alt_text": "x"}],
    ),
    ([{"type": "divider", "block_id": "a"}], [{"type": "divider", "block_id": "a"}] * 2),
]


@pytest.mark.parametrize(("good", "bad"), LIMITS)
def test_blocks_pass_up_to_their_limit(good: list[Any], bad: list[Any]) -> None:
    """The last that fits passes, the first that does not is complained of with its place."""
    assert list(complaints(good)) == []
    assert all(path.startswith("/blocks") for path, _ in complaints(bad))
    assert list(complaints(bad)) != []


WORDS = """type text elements element fields rows accessory options option_groups block_id blocks actions
    action_id positive_button negative_button initial_option value title label"""
NAMES = st.sampled_from(WORDS.split())
TYPES = st.sampled_from(sorted((*BLOCK_TYPES, *ELEMENT_TYPES, "plain_text")))
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | TYPES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(lambda kind, rest: {**rest, "type": kind}, TYPES | inner, st.dictionaries(NAMES, inner))
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_any_json_for_blocks_is_judged_without_an_accident(blocks: list[Any]) -> None:
    """Nonsense is complained of, never stumbled over, and what passes can be shown and pressed."""
    found = list(complaints(blocks))
    assert all(path.startswith("/blocks") and sentence for path, sentence in found)
    if not found:
        accepted = accept_blocks(blocks)
        assert isinstance(read_blocks(accepted), str)
        assert all(isinstance(each.label, str) for each in pressables(accepted))


async def test_bad_blocks_are_refused_with_their_place(client: AsyncWebClient, dm: DirectMessages) -> None:
    """invalid_blocks names the JSON pointer; blocks.validate says the same without posting."""
    bad = [{"type": "header", "text": words(151)}]
    refusal = await refused(client.chat_postMessage(channel=dm.id, text="x", blocks=bad))
    assert refusal.response["error"] == "invalid_blocks"
    assert refusal.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]
    checked = await refused(client.blocks_validate(blocks=bad))
    assert checked.response["errors"][0]["pointer"] == "/blocks/0/text/text"
    await client.blocks_validate(message={"blocks": [{"type": "divider"}]})
    status = (
        await refused(client.api_call("chat.postMessage", json={"channel": dm.id, "blocks": "{"}))
    ).response
    assert status["error"] == "invalid_blocks_format"


# Rates


async def until_refused(call: Any, most: int = 200) -> tuple[int, int]:
    """How many calls pass at once, and the seconds the refusal asks to wait."""
    for made in range(most):
        try:
            await call()
        except SlackApiError as error:
            answer = error.response
            limited = answer.status_code == 429 and answer["error"] == "ratelimited"
            return made, int(answer.headers["Retry-After"]) if limited else -1
    return most, 0


async def test_streams_have_the_tiers_of_their_methods(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, clock: HandClock
) -> None:
    """20 starts and 100 appends a minute in the whole workspace; after the wait it goes on."""
    asked = await dm.say("why?")

    async def start() -> Any:
        return await client.chat_startStream(channel=dm.id, thread_ts=asked.ts)

    assert await until_refused(start) == (20, 60)
    clock.now += 60
    ts = (await start())["ts"]

    async def append() -> None:
        await client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="x")

    assert (await until_refused(append))[0] == 100
    assert slack.flooded == 2
    assert slack.rejected == []


async def test_a_channel_takes_a_burst_of_posts_and_then_one_a_second(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, clock: HandClock
) -> None:
    """Each channel for itself."""
    other = slack.dm(slack.person("Bob"))

    async def send() -> None:
        await client.chat_postMessage(channel=dm.id, text="x")

    assert await until_refused(send) == (4, 1)
    await client.chat_postMessage(channel=other.id, text="x")
    for _ in range(20):
        clock.now += 1
        await send()


async def test_an_app_outside_the_marketplace_reads_history_once_a_minute(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Listed apps have Tier 3 and whole pages."""
    asked = await dm.say("why?")

    async def read() -> Any:
        return await client.conversations_replies(channel=dm.id, ts=asked.ts)

    assert (await until_refused(read))[0] == 1
    async with FakeSlack(marketplace=True) as listed, client_on(listed) as other:
        room = listed.channel("general", [listed.person("Ann")])
        for _ in range(30):
            await room.say(room.channel.members[0], "x")
        page = await other.conversations_history(channel=room.id, limit=100)
        assert len(page["messages"]) == 30


async def test_rate_limits_can_be_turned_off(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """For tests that are about something else."""
    slack.tiers = "off"

    async def send() -> None:
        await client.chat_postMessage(channel=dm.id, text="x")

    assert await until_refused(send, most=30) == (30, 0)


@given(st.lists(st.floats(min_value=0, max_value=30), max_size=200))
def test_whoever_waits_as_told_is_served(pauses: list[float]) -> None:
    """However calls come, no window holds more than the tier, and Retry-After is always enough."""
    clock = HandClock()
    tiers = Tiers(mode="real", listed=True, clock=clock)
    served: list[float] = []
    for pause in pauses:
        clock.now += pause
        try:
            tiers.charge("chat.startStream", "")
        except tests.fakes.slack.ApiError as refusal:
            clock.now += refusal.retry_after or math.inf
            tiers.charge("chat.startStream", "")
        served.append(clock.now)
        window = [at for at in served if clock.now - at < WINDOW_SECONDS]
        assert len(window) <= CALLS_A_MINUTE["chat.startStream"]
    assert math.isfinite(clock.now)


# Ordered trouble


async def test_a_refusal_is_http_200_and_others_have_their_status(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Words come with 200, limits with 429 and a header, failures with 500 or a page."""
    slack.fail("chat.postMessage", "fatal_error")
    slack.fail("chat.postMessage", rate_limited(7))
    slack.fail("*", server_error(503))
    slack.fail("chat.postMessage", bad_gateway())
    request = {"channel": dm.id, "text": "x"}
    answers = [await post(slack, "chat.postMessage", json=request) for _ in range(5)]
    assert [status for status, _, _ in answers] == [200, 429, 503, 502, 200]
    assert answers[0][1] == {"ok": False, "error": "fatal_error"}
    assert (answers[1][1]["error"], answers[1][2]["Retry-After"]) == ("ratelimited", "7")
    assert answers[3][1].startswith("<html>")
    assert dm.texts == ["x"]
    assert slack.rejected == []
    assert [call.injected for call in slack.calls] == [True, True, True, True, False]


async def test_the_sdks_own_retries_get_through(slack: FakeSlack, dm: DirectMessages) -> None:
    """A client that handles 429 itself is served after the wait."""
    slack.fail("chat.postMessage", rate_limited(0))
    async with aiohttp.ClientSession() as session:
        handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
        client = AsyncWebClient(
            slack.bot_token, base_url=slack.url, session=session, retry_handlers=list(handlers)
        )
        await client.chat_postMessage(channel=dm.id, text="x")
    assert dm.texts == ["x"]


async def test_an_answer_can_be_late_or_lost(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """A lost answer leaves the message behind; a late one comes when it comes."""
    slack.drop_answer("chat.postMessage", where=lambda params: params["text"] == "lost")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=dm.id, text="lost")
    slack.delay("chat.postMessage", 0.01)
    await client.chat_postMessage(channel=dm.id, text="late")
    assert dm.texts == ["lost", "late"]
    assert [call.answered for call in slack.calls] == [False, True]


async def test_the_state_outlives_an_outage(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Connections are refused for a while, and what was there is still there."""
    await client.chat_postMessage(channel=dm.id, text="before")
    url = slack.url
    await slack.refuse_connections()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=dm.id, text="during")
    await slack.accept_connections()
    assert slack.url == url
    await client.chat_postMessage(channel=dm.id, text="after")
    assert dm.texts == ["before", "after"]
