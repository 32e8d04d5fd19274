"""Events reach the app by Socket Mode and by HTTP, again when they are not acknowledged, and in any shape."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import orjson
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import DirectMessages, FakeSlack, sign

from .slack_app import bolt_on, client_on, socket_mode, web_page

QUICK = 0.005  # an acknowledgement within a second, retries after 0.3 s and 1.5 s


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace without rate limits."""
    async with FakeSlack(tiers="off") as slack:
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


class RawSocket:
    """A websocket read and acknowledged by hand."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def next(self) -> dict[str, Any]:
        """The next frame."""
        return dict(await self.ws.receive_json(timeout=5))

    async def ack(self, envelope: dict[str, Any], **answer: Any) -> None:
        """Acknowledge an envelope."""
        await self.ws.send_json({"envelope_id": envelope["envelope_id"], **answer})


async def connect(slack: FakeSlack, session: aiohttp.ClientSession) -> RawSocket:
    """Open a websocket as an app does and read its hello."""
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with session.post(f"{slack.url}apps.connections.open", headers=headers) as answer:
        url = (await answer.json())["url"]
    socket = RawSocket(await session.ws_connect(url))
    first = await socket.next()
    assert first["type"] in ("hello", "disconnect")
    return socket


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


def has_connected(slack: FakeSlack, times: int) -> bool:
    """Whether the app has opened so many websockets."""
    return slack.sockets.connections >= times


# Socket Mode


async def test_an_envelope_is_settled_by_its_acknowledgement(
    slack: FakeSlack, session: aiohttp.ClientSession, dm: DirectMessages
) -> None:
    """It carries the event once; an answer for another envelope settles nothing."""
    socket = await connect(slack, session)
    said = await dm.say("hello")
    envelope = await socket.next()
    assert (envelope["type"], envelope["retry_attempt"]) == ("events_api", 0)
    assert envelope["accepts_response_payload"] is False
    assert envelope["payload"]["event"]["ts"] == said.ts
    await socket.ws.send_str("nonsense")
    await socket.ack({"envelope_id": "another"})
    assert len(slack.unacknowledged) == 1
    await socket.ack(envelope)
    await slack.until(lambda: not slack.unacknowledged)


async def test_what_is_not_acknowledged_comes_again_three_times(
    slack: FakeSlack, session: aiohttp.ClientSession, dm: DirectMessages
) -> None:
    """The same event_id under new envelopes, each saying why; then it is lost."""
    slack.time_scale = 0.001
    socket = await connect(slack, session)
    await dm.say("hello")
    envelopes = [await socket.next() for _ in range(4)]
    assert len({envelope["payload"]["event_id"] for envelope in envelopes}) == 1
    assert len({envelope["envelope_id"] for envelope in envelopes}) == 4
    assert [(e["retry_attempt"], e["retry_reason"]) for e in envelopes] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    await slack.until(lambda: not slack.world.courier.under_way)
    assert len(slack.unacknowledged) == 1


async def test_each_event_goes_to_one_of_several_sockets(
    slack: FakeSlack, session: aiohttp.ClientSession, dm: DirectMessages
) -> None:
    """In turn; and what a socket carried when it was cut goes to another at once."""
    sockets = [await connect(slack, session) for _ in range(2)]
    for text in ("one", "two"):
        await dm.say(text)
    envelopes = [await socket.next() for socket in sockets]
    assert {e["payload"]["event"]["text"] for e in envelopes} == {"one", "two"}
    await sockets[0].ack(envelopes[0])
    await sockets[1].ws.close()
    again = await sockets[0].next()
    assert again["payload"]["event_id"] == envelopes[1]["payload"]["event_id"]
    assert again["retry_attempt"] == 1
    await sockets[0].ack(again)
    await slack.until(lambda: not slack.unacknowledged)


async def test_an_event_without_a_socket_waits_and_comes_as_a_retry(
    slack: FakeSlack, session: aiohttp.ClientSession, dm: DirectMessages
) -> None:
    """Nothing is lost while the app is away."""
    await dm.say("hello")
    socket = await connect(slack, session)
    envelope = await socket.next()
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (1, "timeout")
    await socket.ack(envelope)
    await slack.until(lambda: not slack.unacknowledged)


async def test_no_more_than_ten_sockets(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """The eleventh is told so and closed; a ticket is good for one connection."""
    held = [await connect(slack, session) for _ in range(10)]
    assert slack.sockets.open_sockets == len(held)
    eleventh = await connect(slack, session)
    assert (await eleventh.ws.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    url = f"http://127.0.0.1:{slack.port}/socket?ticket=made-up"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(url)


async def test_bolt_comes_back_after_every_kind_of_death(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """A cut connection, a refresh, and a socket that dies without a sign."""
    heard: list[str] = []
    app = bolt_on(slack, client)

    @app.event("message")
    async def listen(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    async def cut() -> None:
        slack.kill_sockets()

    async def die_silently() -> None:
        slack.silence_sockets()

    async with socket_mode(slack, app):
        for number, trouble in enumerate((cut, slack.sockets.refresh, die_silently)):
            connections = slack.sockets.connections + 1
            await trouble()
            await slack.until(partial(has_connected, slack, connections))
            await dm.say(str(number))
            await slack.until(lambda: not slack.unacknowledged)
    assert set(heard) == {"0", "1", "2"}


async def test_a_frame_of_any_shape_can_be_sent(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """Text that is no JSON, an envelope of an unknown type, a warning before a refresh."""
    socket = await connect(slack, session)
    await slack.push_frame("{broken")
    assert (await socket.ws.receive(timeout=5)).data == "{broken"
    await slack.push_frame({"type": "of_the_future", "envelope_id": "1", "payload": 7})
    assert (await socket.next())["type"] == "of_the_future"
    await slack.sockets.refresh("warning")
    assert (await socket.next())["reason"] == "warning"
    assert slack.sockets.open_sockets == 1


async def test_events_can_be_made_up_and_replayed(
    slack: FakeSlack, session: aiohttp.ClientSession, dm: DirectMessages
) -> None:
    """Unknown types and malformed bodies arrive as they are; a replay keeps its event_id."""
    socket = await connect(slack, session)
    slack.push_event({"type": "planet_moved", "subtype": "retrograde"})
    strange = await socket.next()
    assert strange["payload"]["event"]["type"] == "planet_moved"
    slack.push_raw({"event": 7})
    assert (await socket.next())["payload"] == {"event": 7}
    first = slack.deliveries[0]
    slack.replay(first)
    assert (await socket.next())["payload"]["event_id"] == first.payload["event_id"]


# HTTP


class Page:
    """An app's request URL that answers as the test says and keeps what it was sent."""

    def __init__(self, secret: str) -> None:
        self.requests: list[tuple[dict[str, str], str]] = []
        self.answers: list[web.Response] = []
        self.slow_seconds = 0.0
        self._verifier = SignatureVerifier(secret)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        assert self._verifier.is_valid_request(body, dict(request.headers))
        if b"url_verification" in body.encode():
            return web.json_response({"challenge": orjson.loads(body)["challenge"]})
        self.requests.append((dict(request.headers), body))
        await asyncio.sleep(self.slow_seconds)
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def page(slack: FakeSlack) -> AsyncIterator[Page]:
    """A page the workspace sends its events to."""
    page = Page(slack.signing_secret)
    async with web_page(page.handle) as url:
        await slack.set_request_url(url)
        yield page


async def test_an_event_is_posted_signed(slack: FakeSlack, page: Page, dm: DirectMessages) -> None:
    """As JSON, with a signature the SDK's verifier accepts and no retry headers."""
    said = await dm.say("hello ünicode")
    await slack.until(lambda: not slack.unacknowledged)
    ((headers, body),) = page.requests
    assert orjson.loads(body)["event"]["ts"] == said.ts
    assert "X-Slack-Retry-Num" not in headers


async def test_a_long_paste_is_posted_whole(slack: FakeSlack, page: Page, dm: DirectMessages) -> None:
    """Megabytes of text arrive like a word does."""
    await dm.say("x" * 3_000_000)
    await slack.until(lambda: not slack.unacknowledged)
    assert len(orjson.loads(page.requests[0][1])["event"]["text"]) == 3_000_000


async def test_a_failed_post_is_tried_again_with_number_and_reason(
    slack: FakeSlack, page: Page, dm: DirectMessages
) -> None:
    """An error, a slow answer, then success."""
    slack.time_scale = QUICK
    page.answers = [web.Response(status=500), web.Response(status=404)]
    await dm.say("hello")
    await slack.until(lambda: not slack.unacknowledged)
    retries = [(h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h, _ in page.requests]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]


async def test_a_slow_page_has_timed_out(slack: FakeSlack, page: Page, dm: DirectMessages) -> None:
    """Three seconds, scaled, are all an app has."""
    slack.time_scale = QUICK
    page.slow_seconds = 1.0
    await dm.say("hello")
    await slack.until(lambda: len(page.requests) >= 2)
    assert page.requests[1][0]["X-Slack-Retry-Reason"] == "http_timeout"


async def test_a_page_can_refuse_to_be_asked_again(slack: FakeSlack, page: Page, dm: DirectMessages) -> None:
    """X-Slack-No-Retry on an error ends the matter."""
    slack.time_scale = 0.001
    page.answers = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]
    await dm.say("hello")
    await slack.until(lambda: not slack.world.courier.under_way)
    assert (len(page.requests), len(slack.unacknowledged)) == (1, 1)


async def test_a_page_that_is_away_is_tried_four_times(slack: FakeSlack, dm: DirectMessages) -> None:
    """A refused connection counts like a failed answer."""
    page = Page(slack.signing_secret)
    async with web_page(page.handle) as url:
        await slack.set_request_url(url)
    slack.time_scale = 0.001
    await dm.say("hello")
    await slack.until(lambda: not slack.world.courier.under_way)
    (delivery,) = slack.unacknowledged
    assert [attempt.reason for attempt in delivery.attempts] == ["", *["connection_failed"] * 3]


async def test_a_page_must_pass_the_challenge(slack: FakeSlack) -> None:
    """Otherwise the URL is not taken."""

    async def deaf(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="hello")

    async with web_page(deaf) as url:
        with pytest.raises(AssertionError, match="answered the challenge with 200: 'hello'"):
            await slack.set_request_url(url)


async def test_interactions_and_commands_are_forms(slack: FakeSlack, page: Page, dm: DirectMessages) -> None:
    """A command answers with a body that the person sees; a failed one is told to the test at once."""
    page.answers = [web.Response(text="at your service"), web.Response(status=500)]
    await dm.slash("/parley", "help me")
    assert [message.text for message in dm.ephemerals] == ["at your service"]
    form = parse_qs(page.requests[0][1])
    assert (form["command"], form["text"]) == (["/parley"], ["help me"])
    with pytest.raises(AssertionError, match="did not acknowledge /parley: http_error"):
        await dm.slash("/parley")
    assert len(page.requests) == 2


async def test_bolt_refuses_what_is_forged(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """A bad signature, an old timestamp, another body, junk headers: 401, and no listener runs."""
    heard: list[str] = []
    app = bolt_on(slack, client)

    @app.event("message")
    async def listen(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        asked = await to_bolt_request(request)  # type: ignore[arg-type]  # reads only headers, query and body
        return await to_aiohttp_response(await app.async_dispatch(asked))

    async with web_page(serve) as url:
        await slack.set_request_url(url)
        await dm.say("real")
        await slack.until(lambda: heard and not slack.unacknowledged)
        body = orjson.dumps(slack.deliveries[0].payload)
        old = str(int(time.time()) - 600)
        answers = [
            await slack.http.post(body, signature="v0=" + "0" * 64),
            await slack.http.post(body, timestamp=old),
            await slack.http.post(body, headers={"X-Slack-Signature": "junk"}),
            await slack.http.post(b"{}", signature=sign(slack.signing_secret, old, body)),
        ]
        assert [answer.status for answer in answers] == [401] * 4
        assert (await slack.http.post(body, signature="v0=é")).status == 500  # bolt compares ASCII only
        assert (await slack.http.post(body)).status == 200
    assert heard[0] == "real"
