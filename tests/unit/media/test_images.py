"""Pictures as people send them become pictures as models are shown them."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from bot.media import (
    LONGEST_SIDE,
    MOST_IMAGE_BYTES,
    ImageFault,
    Images,
    Looked,
    UnusableImage,
    side_for,
    sniff_image,
)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112
# The flag below, turned as a phone held upright stores it (libheif with x265, Exif orientation 6).
HEIC = Path(__file__).with_name("flag.heic")


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def flag(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """Red at the left, blue at the right, a green bar along the top."""
    image = Image.new("RGB", size, RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((size[0] // 2, 0, size[0], size[1]), fill=BLUE)
    draw.rectangle((0, 0, size[0], size[1] // 4), fill=GREEN)
    return image


def noise(size: tuple[int, int]) -> Image.Image:
    """As hard to compress as pictures get."""
    return Image.effect_noise(size, 80).convert("RGB")


async def look(data: bytes, **options: int) -> Looked:
    """One look, with everything else at rest."""
    return await Images().look(data, **options)


def opened(looked: Looked) -> Image.Image:
    """The result as its reader will see it; its size and kind are as told."""
    picture = looked.picture
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert image.size == (picture.width, picture.height)
    assert Image.MIME[image.format or ""] == picture.mime
    return image


def is_near(image: Image.Image, place: tuple[float, float], colour: tuple[int, int, int]) -> bool:
    """Whether the pixel at this share of width and height has about this colour."""
    point = (int(place[0] * image.width), int(place[1] * image.height))
    pixel = image.convert("RGB").getpixel(point)
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


async def refused(data: bytes) -> ImageFault:
    """Why a file cannot be looked at."""
    with pytest.raises(UnusableImage) as caught:
        await look(data)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
async def test_every_usual_kind_of_picture_can_be_seen(kind: str) -> None:
    """As JPEG or PNG, with its colours where they were."""
    image = opened(await look(encoded(flag(), kind)))
    assert image.format in ("JPEG", "PNG")
    assert is_near(image, (0.25, 0.6), RED)
    assert is_near(image, (0.75, 0.6), BLUE)
    assert is_near(image, (0.5, 0.1), GREEN)


async def test_the_pictures_of_an_iphone_can_be_seen() -> None:
    """HEIC, decoded and upright."""
    image = opened(await look(HEIC.read_bytes()))
    assert image.size == (300, 200)
    assert is_near(image, (0.25, 0.6), RED)
    assert is_near(image, (0.75, 0.6), BLUE)
    assert is_near(image, (0.5, 0.1), GREEN)


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
async def test_a_camera_held_otherwise_gives_an_upright_picture(orientation: int, kind: str) -> None:
    """All eight orientations of Exif: stored turned, seen as the photographer did."""
    turn = TURNS[orientation]
    stored = flag() if turn is None else flag().transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = opened(await look(encoded(stored, kind, exif=exif)))
    assert image.size == (300, 200)
    assert is_near(image, (0.25, 0.6), RED)
    assert is_near(image, (0.75, 0.6), BLUE)
    assert is_near(image, (0.5, 0.1), GREEN)


async def test_nothing_of_what_came_with_the_pixels_is_left() -> None:
    """No place, no camera, no comment, no profile, no text."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    photo = encoded(noise((400, 300)), exif=exif, comment=b"SecretComment", icc_profile=b"SecretProfile" * 20)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "SecretAuthor")
    for data in (photo, encoded(flag(), "PNG", pnginfo=texts, exif=exif)):
        assert b"Secret" in data
        looked = await look(data)
        image = opened(looked)
        assert b"Secret" not in looked.picture.data
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp", "Author"} & image.info.keys()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
async def test_what_is_clear_becomes_white(kind: str) -> None:
    """A black word on nothing must not become black on black."""
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 99, 199), fill=(0, 0, 0, 255))
    seen = opened(await look(encoded(image, kind)))
    assert is_near(seen, (0.25, 0.5), (0, 0, 0))
    assert is_near(seen, (0.75, 0.5), WHITE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "I", "F"])
async def test_any_kind_of_pixels_becomes_plain_colours(mode: str) -> None:
    """Also those with 16 bits and more, whose range is kept in sight."""
    image = Image.new("L", (200, 200), 0)
    ImageDraw.Draw(image).rectangle((100, 0, 199, 199), fill=255)
    wide = image.convert("I").point(lambda value: value * 257)
    picture = {"I;16": wide.convert("I;16"), "I": wide, "F": wide.convert("F")}.get(mode)
    seen = opened(await look(encoded(picture if picture is not None else image.convert(mode), "TIFF")))
    assert is_near(seen, (0.25, 0.5), (0, 0, 0))
    assert is_near(seen, (0.75, 0.5), WHITE)


async def test_of_an_animation_the_first_frame_is_seen() -> None:
    """And it is told that it moved."""
    frames = [Image.new("RGB", (200, 200), colour) for colour in (RED, BLUE, GREEN)]
    for kind in ("GIF", "WEBP", "PNG"):
        looked = await look(encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100))
        assert looked.moves, kind
        assert is_near(opened(looked), (0.5, 0.5), RED)
    assert not (await look(encoded(frames[0], "GIF"))).moves


async def test_few_colours_stay_sharp_and_photos_become_jpeg() -> None:
    """A screenshot of a terminal keeps every pixel; noise is not kept as PNG."""
    page = Image.new("RGB", (800, 600), WHITE)
    for line in range(20):
        ImageDraw.Draw(page).text((10, 20 + line * 25), "The quick brown fox jumps " * 3, fill=(0, 0, 0))
    image = opened(await look(encoded(page.quantize(16), "PNG")))
    assert image.format == "PNG"
    assert image.convert("RGB").tobytes() == page.quantize(16).convert("RGB").tobytes()
    assert opened(await look(encoded(noise((800, 600)), "PNG"))).format == "JPEG"


async def test_a_large_photo_is_made_smaller_and_a_small_one_not_larger() -> None:
    """48 megapixels fit into the longest side that models are charged for; 640 pixels stay 640."""
    large = (await look(encoded(noise((80, 60)).resize((8000, 6000), Image.Resampling.NEAREST)))).picture
    assert (large.width, large.height) == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4)
    small = (await look(encoded(noise((640, 480))))).picture
    assert (small.width, small.height) == (640, 480)


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP"]),
    longest_side=st.sampled_from([LONGEST_SIDE, side_for(10), side_for(20)]),
)
def test_whatever_its_size_it_fits_and_keeps_its_shape(
    width: int, height: int, kind: str, longest_side: int
) -> None:
    """Both sides are within what models take, and the colours stand where they stood."""
    looked = asyncio.run(look(encoded(flag((width, height)), kind), longest_side=longest_side))
    picture = looked.picture
    assert 112 <= min(picture.width, picture.height) <= max(picture.width, picture.height) <= longest_side
    assert len(picture.data) < 2_000_000
    scale = min(1.0, longest_side / max(width, height))
    if min(width, height) * scale >= 112:
        assert abs(picture.width - width * scale) <= 1
        assert abs(picture.height - height * scale) <= 1
        assert is_near(opened(looked), (0.25, 0.6), RED)
        assert is_near(opened(looked), (0.75, 0.6), BLUE)


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it is this large (W3C, "Portable Network Graphics")."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7100, 12_000, 60_000])
async def test_a_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    """A few bytes that promise gigabytes: the header is enough, there are no pixels to decode."""
    data = png_header(side, side)
    assert len(data) < 100
    assert await refused(data) is ImageFault.TOO_MANY_PIXELS


async def test_a_webp_may_have_fewer_pixels() -> None:
    """Its decoder keeps several copies of it."""
    assert await refused(encoded(Image.new("L", (7000, 3000)), "WEBP")) is ImageFault.TOO_MANY_PIXELS
    assert (await look(encoded(Image.new("L", (7000, 3000)), "GIF"))).picture.width == LONGEST_SIDE


async def test_a_file_of_too_many_bytes_is_refused() -> None:
    """Whatever it holds."""
    assert await refused(b"\xff\xd8\xff" + bytes(MOST_IMAGE_BYTES)) is ImageFault.TOO_LARGE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
async def test_a_picture_that_breaks_off_is_corrupt(kind: str) -> None:
    """Half of it is not shown as the whole."""
    data = encoded(noise((300, 200)), kind)
    assert await refused(data[: len(data) // 2]) is ImageFault.CORRUPT


async def test_what_is_no_picture_is_told_from_what_moves() -> None:
    """Text, programs and scripts are none; Telegram's animated and video stickers and films move."""
    for data in (
        b"",
        b"hello there",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"BMW is a maker of cars.",
        b"<svg/>",
    ):
        assert await refused(data) is ImageFault.NOT_AN_IMAGE
    for data in (
        b"\x1f\x8b\x08" + bytes(20),
        b"\x1aE\xdf\xa3" + bytes(20),
        b"\0\0\0\x18ftypmp42" + bytes(20),
    ):
        assert await refused(data) is ImageFault.MOVING


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]))
def test_a_damaged_file_gives_a_picture_or_a_reason(data: st.DataObject, kind: str) -> None:
    """Never another error, whatever bytes are changed."""
    file = bytearray(encoded(flag((60, 40)), kind))
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8)
    ):
        file[position % len(file)] = value
    try:
        looked = asyncio.run(look(bytes(file)))
    except UnusableImage:
        return
    assert max(looked.picture.width, looked.picture.height) <= LONGEST_SIDE


@given(st.integers(1, 40))
def test_many_pictures_cost_no_more_than_three(count: int) -> None:
    """By the rule of the family that charges most, as long as the smallest useful size allows."""
    side = side_for(count)
    assert 448 <= side <= LONGEST_SIDE
    if side > 448:
        assert count * (side / 28) ** 2 <= 3 * 55**2


async def test_a_large_picture_waits_for_others_without_holding_up_anybody() -> None:
    """Only one is decoded at a time; the event loop and small pictures go on meanwhile."""
    images = Images()
    with images._large:
        large = asyncio.create_task(images.look(encoded(Image.new("L", (4000, 4000)))))
        assert (await images.look(encoded(flag()))).picture.width == 300
        assert not large.done()
    assert (await large).picture.width == LONGEST_SIDE


def test_each_kind_is_told_by_its_first_bytes() -> None:
    """Names and types are never asked."""
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        found = sniff_image(encoded(flag(), kind)[:32])
        assert found is not None
        assert found.value == kind
