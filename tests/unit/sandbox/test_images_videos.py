"""The stand-in's painters and filmmakers: the provider's checks, codes, shapes, and samples that say so."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import av
import orjson
import pytest
from PIL import Image, ImageChops

from bot.sandbox import Sandbox
from bot.sandbox.images_canvas import Sample, paint
from tests.unit.sandbox.client import KEY

DRAW = {"model": "Kwai-Kolors/Kolors", "prompt": "a fox", "image_size": "1024x1024"}
FILM = {"model": "Wan-AI/Wan2.2-T2V-A14B", "prompt": "waves", "image_size": "1280x720"}


class Client:
    """Posts JSON to the stand-in."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.http = http
        self.sandbox = sandbox

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        async with self.http.post(self.sandbox.url + path, data=orjson.dumps(body), headers=KEY) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        """Status and bytes behind an address."""
        async with self.http.get(url, headers=headers) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as http:
        yield Client(http, sandbox)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"model": None}, 400, 20013),
        ({"model": "FLUX.1"}, 400, 20012),
        ({"prompt": " "}, 400, 20016),
        ({"image_size": None}, 400, 20025),
        ({"image_size": "17x17"}, 400, 20026),
        ({"batch_size": 5}, 400, 20035),
        ({"batch_size": True}, 400, 20035),
        ({"seed": -1}, 400, 20034),
        ({"num_inference_steps": 0}, 400, 20028),
        ({"guidance_scale": 21}, 400, 20015),
        ({"negative_prompt": 5}, 400, 20015),
        ({"image": "http://example.org/x.png"}, 400, 20040),
        ({"image": "data:image/png;base64,***"}, 400, 20023),
        ({"image": "data:image/png;base64,AAAA"}, 400, 20023),
        ({"prompt": "NSFW"}, 451, 20021),
        ({"model": "Qwen/Qwen-Image-Edit", "image_size": None}, 400, 20017),
        ({"model": "Qwen/Qwen-Image", "image_size": "1664x928", "batch_size": 2}, 400, 20035),
    ],
)
async def test_a_bad_request_gets_the_providers_code(
    client: Client, change: dict[str, Any], status: int, code: int
) -> None:
    """One wrong field each."""
    answer = await client.post("/images/generations", {**DRAW, **change})
    assert (answer[0], answer[1]["code"]) == (status, code)


async def test_pictures_come_in_the_shape_and_size_that_was_asked_for(client: Client) -> None:
    """With the seed, the time it took, and an address a picture."""
    status, body = await client.post("/images/generations", {**DRAW, "batch_size": 2, "seed": 5})
    assert status == 200
    assert body["seed"] == 5
    assert len(body["images"]) == 2
    status, data = await client.get(body["images"][0]["url"])
    with Image.open(io.BytesIO(data)) as image:
        assert (status, image.size, image.format) == (200, (1024, 1024), "PNG")


async def test_a_third_picture_in_a_minute_is_too_many(client: Client) -> None:
    """IPM 2, then the day's limit."""
    for _ in range(2):
        assert (await client.post("/images/generations", DRAW))[0] == 200
    status, body = await client.post("/images/generations", DRAW)
    assert status == 429
    assert body["message"].endswith("Details:IPM limit reached.")
    assert "code" not in body
    client.sandbox.painting.per_minute, client.sandbox.painting.per_day = 0, 2
    assert (await client.post("/images/generations", DRAW))[1]["message"].endswith("IPD limit reached.")


async def test_an_address_refuses_keys_and_expires(client: Client) -> None:
    """As a presigned one does."""
    _, body = await client.post("/images/generations", DRAW)
    url = body["images"][0]["url"]
    assert (await client.get(url, **KEY))[0] == 400
    assert (await client.get(url.replace("/results/", "/results/x")))[0] == 404
    client.sandbox.results.url_seconds = -1.0
    assert (await client.get(url))[0] == 403


def test_a_sample_shows_its_prompt_and_says_what_it_is() -> None:
    """Another prompt changes the middle, and the top always carries the same words."""
    one, other = (
        paint(Sample(prompt=prompt, model="m", seed=1, size=(512, 512))) for prompt in ("a fox", "a hare")
    )
    assert ImageChops.difference(one, other).getbbox() is not None
    top = (0, 0, 512, 50)
    blank = paint(Sample(prompt="", model="m", seed=1, size=(512, 512)))
    assert ImageChops.difference(one.crop(top), blank.crop(top)).getbbox() is None
    assert len(one.crop(top).getcolors(10_000) or ()) > 3


async def test_a_changed_picture_is_made_from_the_one_sent(client: Client) -> None:
    """In its size."""
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(buffer, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    order = {"model": "Qwen/Qwen-Image-Edit-2509", "prompt": "night", "image": uri}
    _, body = await client.post("/images/generations", order)
    _, data = await client.get(body["images"][0]["url"])
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (300, 200)
        assert image.convert("RGB").getpixel((5, 100)) == (0, 128, 128)


async def test_a_film_goes_through_its_states_to_a_real_mp4(client: Client) -> None:
    """InQueue, InProgress, Succeed."""
    client.sandbox.filming.queue_seconds = 3600
    _, submitted = await client.post("/video/submit", FILM)
    ask = {"requestId": submitted["requestId"]}
    assert (await client.post("/video/status", ask))[1]["status"] == "InQueue"
    client.sandbox.filming.queue_seconds, client.sandbox.filming.film_seconds = 0, 3600
    assert (await client.post("/video/status", ask))[1]["status"] == "InProgress"
    client.sandbox.filming.film_seconds = 0
    _, done = await client.post("/video/status", ask)
    assert done["status"] == "Succeed"
    _, data = await client.get(done["results"]["videos"][0]["url"])
    with av.open(io.BytesIO(data), mode="r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (1280, 720)
        assert len(list(container.decode(stream))) == 16


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/video/submit", {**FILM, "image_size": "640x480"}, 400, 20026),
        ("/video/submit", {**FILM, "model": "Wan-AI/Wan2.2-I2V-A14B"}, 400, 20017),
        ("/video/status", {}, 400, 20057),
        ("/video/status", {"requestId": "gone"}, 404, 20063),
    ],
)
async def test_a_bad_request_for_a_film_gets_the_providers_code(
    client: Client, path: str, body: Any, status: int, code: int
) -> None:
    """One wrong field each."""
    answer = await client.post(path, body)
    assert (answer[0], answer[1]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=image", 4),
        ("sub_type=image-to-image", 2),
        ("type=image&sub_type=text-to-image", 2),
        ("type=video", 2),
    ],
)
async def test_the_list_of_models_knows_them(client: Client, query: str, count: int) -> None:
    """By type and by sub-type."""
    _, data = await client.get(f"{client.sandbox.url}/models?{query}", **KEY)
    assert len(orjson.loads(data)["data"]) == count
