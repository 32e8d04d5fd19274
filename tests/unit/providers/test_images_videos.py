"""Drawing and filming over the wire: what is sent, what is fetched, and every failure as a ProviderError."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from bot.errors import ProviderAccountError, ProviderError, ProviderRefused, ProviderUnavailable
from bot.ports import DrawingRequest, FilmRequest, FilmState, Picture, Size
from bot.providers import (
    DRAWING_MODELS,
    FILMING_MODELS,
    SiliconFlowApi,
    SiliconFlowFilmmaker,
    SiliconFlowPainter,
)
from bot.providers.results import fetch_result, seed_of
from bot.providers.transport import open_http
from bot.sandbox import Hang, HttpError, Sandbox
from tests.unit.providers.support import KEY, FakeClock

KOLORS = "Kwai-Kolors/Kolors"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PHOTO = Picture(data=PIXEL, mime="image/png", width=1, height=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """The clients, and the stand-in behind them."""

    sandbox: Sandbox
    api: SiliconFlowApi
    painter: SiliconFlowPainter
    filmmaker: SiliconFlowFilmmaker
    clock: FakeClock

    @property
    def body(self) -> object:
        """The newest request for pictures."""
        return [one.body for one in self.sandbox.requests if one.path.endswith("/generations")][-1]


@asynccontextmanager
async def open_studio() -> AsyncIterator[Studio]:
    async with Sandbox() as sandbox, open_http() as http:
        sandbox.painting.per_minute = 0
        clock = FakeClock()
        api = SiliconFlowApi(http=http, api_key=KEY, base_url=sandbox.url, clock=clock)
        yield Studio(
            clock=clock,
            sandbox=sandbox,
            api=api,
            painter=SiliconFlowPainter(api=api),
            filmmaker=SiliconFlowFilmmaker(api=api),
        )


@asynccontextmanager
async def store(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Somewhere that keeps results, as ``handler`` hands them out; the address of one."""
    app = web.Application()
    app.router.add_get("/{name}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/result"
    finally:
        await runner.cleanup()


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


@pytest.mark.parametrize("model", DRAWING_MODELS, ids=lambda model: model.id)
async def test_every_known_model_takes_all_that_is_said_of_it(studio: Studio, model: object) -> None:
    """Each size, the most pictures and every option are accepted by the stand-in's checks."""
    about = studio.painter.about(model.id)  # type: ignore[attr-defined]
    for size in about.sizes or (None,):
        drawn = await studio.painter.draw(
            DrawingRequest(
                model=about.id,
                prompt="a fox",
                size=size,
                count=about.most_pictures,
                negative="text",
                seed=1,
                steps=20,
                guidance=4.0,
                sources=(PHOTO,) * about.most_sources if about.redraws else (),
            )
        )
        pictures = await studio.painter.fetch(drawn.urls, model=about.id)
        assert len(pictures) == about.most_pictures
        assert {picture.mime for picture in pictures} == {"image/png"}
        assert drawn.seed == 1


async def test_only_what_was_asked_for_is_sent(studio: Studio) -> None:
    """Models refuse parameters they do not know."""
    await studio.painter.draw(DrawingRequest(model="Qwen/Qwen-Image", prompt="a fox", guidance=4.0))
    assert studio.body == {
        "model": "Qwen/Qwen-Image",
        "prompt": "a fox",
        "image_size": "1328x1328",
        "cfg": 4.0,
    }


async def test_the_key_does_not_go_to_where_the_pictures_are(studio: Studio) -> None:
    """The address is presigned, and refuses a second way to be let in."""
    drawn = await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox"))
    await studio.painter.fetch(drawn.urls, model=KOLORS)
    fetched = [one for one in studio.sandbox.requests if one.path.startswith("/results/")]
    assert [one.authorization for one in fetched] == [""]


async def test_a_full_minute_is_unavailable_with_its_status(studio: Studio) -> None:
    """429, without another try: each would count as well."""
    studio.sandbox.painting.per_minute = 2
    await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox", count=2))
    with pytest.raises(ProviderUnavailable, match="IPM") as caught:
        await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox"))
    assert caught.value.status == 429
    assert len([one for one in studio.sandbox.requests if one.path.endswith("/generations")]) == 2


async def test_a_filtered_prompt_is_refused_with_451(studio: Studio) -> None:
    """And its code."""
    with pytest.raises(ProviderRefused) as caught:
        await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="nsfw"))
    assert (caught.value.status, caught.value.code) == (451, 20021)


async def test_an_unknown_model_is_refused(studio: Studio) -> None:
    """20012."""
    with pytest.raises(ProviderRefused) as caught:
        await studio.painter.draw(DrawingRequest(model="stabilityai/stable-diffusion-3", prompt="a fox"))
    assert caught.value.code == 20012


async def test_a_provider_that_never_answers_is_given_up(studio: Studio) -> None:
    """After the deadline of the request."""
    studio.sandbox.painting.faults.append(Hang(before="headers"))
    with pytest.raises(ProviderUnavailable):
        await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox", deadline_seconds=0.05))


@pytest.mark.parametrize("body", ["Api key is invalid", {"code": 30014, "message": "no", "data": None}])
async def test_a_bad_key_is_the_accounts_matter(studio: Studio, body: object) -> None:
    """In both forms it comes in."""
    studio.sandbox.painting.faults.append(HttpError(status=401, body=body))
    with pytest.raises(ProviderAccountError):
        await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox"))


async def test_an_expired_address_is_an_error_that_no_second_try_follows(studio: Studio) -> None:
    """What is gone stays gone."""
    studio.sandbox.results.url_seconds = -1.0
    drawn = await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox"))
    with pytest.raises(ProviderError, match="not at its address") as caught:
        await studio.painter.fetch(drawn.urls, model=KOLORS)
    assert (type(caught.value), caught.value.status) == (ProviderError, 403)
    assert len([one for one in studio.sandbox.requests if one.path.startswith("/results/")]) == 1


async def test_what_is_no_picture_is_not_handed_on(studio: Studio) -> None:
    """Nor tried again; and no error says the address, which lets anybody in."""
    film = await studio.filmmaker.submit(film_request())
    url = (await studio.filmmaker.look(film)).url
    with pytest.raises(ProviderError, match="video/mp4 instead of a picture") as caught:
        await studio.painter.fetch([url], model=KOLORS)
    assert not isinstance(caught.value, ProviderUnavailable)
    studio.sandbox.results.broken_downloads = 4
    with pytest.raises(ProviderUnavailable) as caught:
        await studio.painter.fetch([url], model=KOLORS)
    assert url.rpartition("=")[2] not in str(caught.value)


async def test_a_broken_download_is_begun_anew(studio: Studio) -> None:
    """Three times, after pauses that grow: making the picture again would cost more."""
    studio.sandbox.results.broken_downloads = 3
    drawn = await studio.painter.draw(DrawingRequest(model=KOLORS, prompt="a fox"))
    (picture,) = await studio.painter.fetch(drawn.urls, model=KOLORS)
    assert picture.data.endswith(b"IEND\xaeB`\x82")
    assert studio.clock.slept == [1.0, 4.0, 16.0]
    studio.sandbox.results.broken_downloads = 4
    with pytest.raises(ProviderUnavailable):
        await studio.painter.fetch(drawn.urls, model=KOLORS)
    assert await studio.painter.fetch(drawn.urls, model=KOLORS) == (picture,)
    assert len(studio.sandbox.painting.drawn) == 1


async def test_a_download_that_never_ends_is_given_up_in_time(studio: Studio) -> None:
    """Each try has its own limit."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"\x89PNG")
        await asyncio.Event().wait()
        return response

    async with store(drip) as url:
        with pytest.raises(ProviderUnavailable, match=r"no whole file within 0\.05 s"):
            await fetch_result(studio.api, url, most_bytes=2000, timeout_seconds=0.05)
    assert studio.clock.slept == [1.0, 4.0, 16.0]


async def test_no_redirect_is_followed(studio: Studio) -> None:
    """A presigned address has none, and one could lead inside the network."""
    asked: list[str] = []

    async def away(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with store(away) as url:
        with pytest.raises(ProviderError, match="not at its address") as caught:
            await fetch_result(studio.api, url, most_bytes=2000, timeout_seconds=10)
    assert asked == ["/result"]
    assert caught.value.status == 302


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/result",
        "https://10.1.2.3/result",
        "http://[::1]/result",
        "http://[::ffff:192.168.0.1]/result",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/result",
    ],
)
async def test_a_result_inside_the_network_is_not_fetched(url: str) -> None:
    """Where the API itself is outside; nothing is asked of whoever listens there."""
    api_url = "https://93.184.215.14/v1"
    async with open_http() as http:
        api = SiliconFlowApi(http=http, api_key=KEY, base_url=api_url, clock=FakeClock())
        with pytest.raises(ProviderError, match="inside this network"):
            await fetch_result(api, url, most_bytes=2000, timeout_seconds=10)


async def test_a_result_that_announces_too_much_is_not_read(studio: Studio) -> None:
    """Its bytes are not waited for."""

    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "3000"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async with store(huge) as url:
        with pytest.raises(ProviderError, match="more than 2000 bytes: 3000"):
            await fetch_result(studio.api, url, most_bytes=2000, timeout_seconds=10)


async def test_further_pictures_go_to_the_model_that_takes_them(studio: Studio) -> None:
    """The first is the one to be changed; others than Qwen-Image-Edit-2509 get no second one."""
    editor = "Qwen/Qwen-Image-Edit"
    for model, more in ((f"{editor}-2509", 2), (editor, 0)):
        await studio.painter.draw(DrawingRequest(model=model, prompt="a hat on it", sources=(PHOTO,) * 4))
        order = studio.sandbox.painting.drawn[-1]
        assert (order.image, len(order.more)) == (PIXEL, more)


@pytest.mark.parametrize("seed", [True, -1, 10**30, "7", 7.0])
def test_a_seed_that_is_none_is_left_out(seed: object) -> None:
    """It would not fit where orders are stored."""
    assert seed_of(seed) is None


async def test_a_result_is_bounded_and_looked_at(studio: Studio) -> None:
    """More bytes than expected, or something else than a picture, is not handed on."""
    film = await studio.filmmaker.submit(film_request())
    url = (await studio.filmmaker.look(film)).url
    with pytest.raises(ProviderError, match="more than 100 bytes"):
        await fetch_result(studio.api, url, most_bytes=100, timeout_seconds=10)
    with pytest.raises(ProviderError, match="without an address") as caught:
        await fetch_result(studio.api, "file:///etc/passwd", most_bytes=100, timeout_seconds=10)
    assert not isinstance(caught.value, ProviderUnavailable)


# --- films ------------------------------------------------------------------------------------------------


def film_request(**more: object) -> FilmRequest:
    """Waves."""
    values = {
        "model": FILMING_MODELS[0].id,
        "prompt": "waves",
        "size": Size(width=960, height=960),
        **more,
    }
    return FilmRequest(**values)  # type: ignore[arg-type]


async def test_a_film_is_begun_asked_after_and_fetched(studio: Studio) -> None:
    """Waiting, filming, done: the states as the provider goes through them."""
    filming = studio.sandbox.filming
    filming.queue_seconds = 3600
    job = await studio.filmmaker.submit(film_request(seed=9, negative="people"))
    assert (await studio.filmmaker.look(job)).state is FilmState.WAITING
    filming.queue_seconds, filming.film_seconds = 0, 3600
    assert (await studio.filmmaker.look(job)).state is FilmState.FILMING
    filming.film_seconds = 0
    done = await studio.filmmaker.look(job)
    assert (done.state, done.seed) == (FilmState.DONE, 9)
    film = await studio.filmmaker.fetch(done.url)
    assert film.mime == "video/mp4"


async def test_a_picture_comes_to_life_only_with_the_picture(studio: Studio) -> None:
    """20017 without it."""
    animator = FILMING_MODELS[1].id
    assert studio.filmmaker.about(animator).animates
    await studio.filmmaker.submit(film_request(model=animator, source=PHOTO))
    with pytest.raises(ProviderRefused) as caught:
        await studio.filmmaker.submit(film_request(model=animator))
    assert caught.value.code == 20017


async def test_a_failed_film_says_why(studio: Studio) -> None:
    """In the provider's words."""
    studio.sandbox.filming.failures.append("out of memory")
    job = await studio.filmmaker.look(await studio.filmmaker.submit(film_request()))
    assert (job.state, job.reason) == (FilmState.FAILED, "out of memory")


async def test_a_film_nobody_came_for_is_gone(studio: Studio) -> None:
    """404 with 20063, which is no matter of addresses or keys."""
    studio.sandbox.filming.keep_seconds = -1.0
    job = await studio.filmmaker.submit(film_request())
    assert (await studio.filmmaker.look(job)).state is FilmState.GONE
    assert (await studio.filmmaker.look("unknown")).state is FilmState.GONE
