"""Fetching from a server that means harm: what is refused, what is cut, and what is never asked."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest
from aiohttp import web

from bot.errors import ToolError, ToolFailed, ToolRetry
from bot.tools.web import WebFetcher, resolve
from tests.unit.tools.web.support import HOST, Handler, serving, speaking

ZEROS = bytes(20_000_000)


def replying(body: bytes, *, status: int = 200, coding: str = "") -> Handler:
    """A page with this body, which says to be compressed in this way."""
    headers = {"Content-Encoding": coding} if coding else {}

    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return handle


def redirecting(target: str) -> Handler:
    """A redirect to ``target`` from everywhere but ``/end``."""

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/end":
            return web.Response(text="the end")
        return web.Response(status=302, headers={"Location": target})

    return handle


async def test_a_page_is_fetched_in_the_name_of_its_host() -> None:
    """The server sees the host's name, no cookie, no referrer, and only compressions we can bound."""
    seen: dict[str, str] = {}

    async def handle(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response(text="hello", headers={"Set-Cookie": "a=b"})

    async with serving(handle) as site:
        page = await site.fetcher.fetch(site.url("/a?b=c#d"), languages="zh-CN")
        assert site.paths == ["/a?b=c"]
    assert (page.body, page.cut, page.url) == (b"hello", False, site.url("/a?b=c"))
    assert seen["Host"] == f"{HOST}:{site.port}"
    assert seen["Accept-Encoding"] == "gzip, deflate"
    assert seen["Accept-Language"] == "zh-CN"
    assert not {"Cookie", "Referer", "Authorization"} & set(seen)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]
)
async def test_the_default_refuses_addresses_that_are_not_public(host: str) -> None:
    """With nothing injected, literal addresses go through the same check as names."""
    with pytest.raises(ToolFailed, match="not on the public web"):
        await WebFetcher().fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "①②⑦.0.0.1"]
)
async def test_the_default_is_not_fooled_by_other_spellings_of_loopback(host: str) -> None:
    """The system's resolver may understand them or not: they lead nowhere."""
    with pytest.raises(ToolError):
        await WebFetcher().fetch(f"http://{host}:8080/")


async def test_the_port_is_checked_too() -> None:
    """Public hosts are asked for pages, not for mail."""
    async with serving(replying(b"")) as site:
        site.names.answers["mail.example"] = [["93.184.215.14"]]
        with pytest.raises(ToolFailed, match="port 25 is not on the public web"):
            await site.fetcher.fetch("http://mail.example:25/")


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    """Such a name is a trap, whichever address would have been tried first."""
    async with serving(replying(b"secret")) as site:
        site.names.answers[HOST] = [["127.0.0.1", "10.0.0.1"]]
        with pytest.raises(ToolFailed, match="not on the public web"):
            await site.fetcher.fetch(site.url())
        assert site.paths == []


async def test_a_name_is_resolved_once_and_the_connection_goes_to_what_was_checked() -> None:
    """The name exists in no real DNS and its second answer is private: only the checked address is used."""
    async with serving(replying(b"public")) as site:
        site.names.answers[HOST] = [["127.0.0.1"], ["127.0.0.2"]]
        page = await site.fetcher.fetch(site.url())
    assert page.body == b"public"
    assert site.names.asked == [HOST]


async def test_a_redirect_to_the_same_name_is_checked_anew() -> None:
    """The name's answer has changed to a private address in between."""
    async with serving(redirecting("/end")) as site:
        site.names.answers[HOST] = [["127.0.0.1"], ["192.168.0.1"]]
        with pytest.raises(ToolFailed, match="not on the public web"):
            await site.fetcher.fetch(site.url())
        assert site.paths == ["/"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "http://[::1]/",
        "file:///etc/passwd",
        "gopher://page.example/",
        "javascript:alert(1)",
        "http://user:secret@page.example/",
        "http://",
        "http://[",
        "http://" + "a" * 3000,
    ],
)
async def test_redirects_to_elsewhere_are_not_followed(target: str) -> None:
    """Private addresses, other schemes, credentials and nonsense end the fetch with a sentence."""
    async with serving(redirecting(target)) as site:
        with pytest.raises(ToolFailed):
            await site.fetcher.fetch(site.url())
        assert site.paths == ["/"]


async def test_a_redirect_is_followed_to_the_end() -> None:
    """The page's own address is the last one."""
    async with serving(redirecting("/end")) as site:
        page = await site.fetcher.fetch(site.url("/start"))
    assert (page.url, page.body) == (site.url("/end"), b"the end")


async def test_redirects_in_a_circle_end() -> None:
    """Each address is asked once."""
    async with serving(redirecting("/")) as site:
        with pytest.raises(ToolFailed, match="in a circle"):
            await site.fetcher.fetch(site.url())
        assert site.paths == ["/"]


async def test_redirects_without_end_are_given_up_after_five() -> None:
    """Each leads to a new address."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{request.path}x"})

    async with serving(handle) as site:
        with pytest.raises(ToolFailed, match="too often"):
            await site.fetcher.fetch(site.url())
        assert len(site.paths) == 6


async def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    """A host with an address that is down is still reachable; what is down here is a closed port."""
    async with serving(replying(b"up")) as site:
        site.names.answers[HOST] = [["127.0.0.3", "127.0.0.1"]]
        fetcher = WebFetcher(resolver=site.names.resolve, allows=lambda address, port: True, total_seconds=30)
        assert (await fetcher.fetch(site.url())).body == b"up"


async def test_the_certificate_must_be_for_the_name() -> None:
    """TLS goes to the checked address, under the host's name, with the host's certificate."""
    async with serving(replying(b"safe"), tls=True) as site:
        assert (await site.fetcher.fetch(site.url(scheme="https"))).body == b"safe"
        site.names.answers["other.example"] = [["127.0.0.1"]]
        with pytest.raises(ToolFailed, match="connection to the web server failed"):
            await site.fetcher.fetch(f"https://other.example:{site.port}/")
        assert site.paths == ["/"]


async def test_a_certificate_nobody_vouches_for_is_refused() -> None:
    """The default trusts the usual authorities only."""
    async with serving(replying(b"safe"), tls=True) as site:
        fetcher = WebFetcher(resolver=site.names.resolve, allows=site.fetcher.allows, total_seconds=30)
        with pytest.raises(ToolFailed, match="connection to the web server failed"):
            await fetcher.fetch(site.url(scheme="https"))


async def test_an_endless_body_is_cut() -> None:
    """What fits is kept, and the connection is dropped."""
    dropped = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 10_000)
        finally:
            dropped.set()

    async with serving(handle) as site:
        page = await site.with_limits(most_bytes=100_000).fetch(site.url())
        await asyncio.wait_for(dropped.wait(), 60)
    assert (len(page.body), page.cut) == (100_000, True)


async def test_bytes_that_unpack_to_nothing_count_too() -> None:
    """The page is whole, but the server goes on without end."""

    async def pad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello", mtime=0))
        while True:
            writer.write(bytes(10_000))
            await writer.drain()

    async with speaking(pad) as site:
        page = await site.with_limits(total_seconds=60, most_wire_bytes=200_000).fetch(site.url())
    assert (page.body, page.cut) == (b"hello", True)


async def test_a_dripping_body_ends_with_the_time() -> None:
    """Bytes that keep coming do not prolong it."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with speaking(drip) as site:
        with pytest.raises(ToolFailed, match=r"within 0\.5 seconds"):
            await site.with_limits(total_seconds=0.5).fetch(site.url())


async def test_a_server_that_never_answers_ends_with_the_time() -> None:
    """Nor does silence hold the tool up."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with speaking(wait) as site:
        with pytest.raises(ToolFailed, match="did not come within"):
            await site.with_limits(total_seconds=0.5).fetch(site.url())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 500_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 50_000 + b"\r\n",
        b"no such protocol\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"",
    ],
)
async def test_broken_answers_end_in_a_sentence(answer: bytes) -> None:
    """Huge headers, other protocols and bodies that break off."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with speaking(speak) as site:
        with pytest.raises(ToolFailed, match="connection to the web server failed"):
            await site.fetcher.fetch(site.url())


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("x-gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello", wbits=-zlib.MAX_WBITS)),
        ("identity", b"hello"),
    ],
)
async def test_compressed_pages_are_unpacked(coding: str, packed: bytes) -> None:
    """Also gzip in several members, and deflate without its frame."""
    async with serving(replying(packed, coding=coding)) as site:
        assert (await site.fetcher.fetch(site.url())).body == b"hello"


@pytest.mark.parametrize(
    ("coding", "bomb"), [("gzip", gzip.compress(ZEROS, mtime=0)), ("deflate", zlib.compress(ZEROS))]
)
async def test_bombs_are_unpacked_only_to_the_limit(coding: str, bomb: bytes) -> None:
    """Twenty kilobytes that would be twenty megabytes."""
    async with serving(replying(bomb, coding=coding)) as site:
        page = await site.with_limits(most_bytes=50_000).fetch(site.url())
    assert (len(page.body), page.cut) == (50_000, True)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "rot13"])
async def test_compressions_that_were_not_asked_for_are_refused_unread(coding: str) -> None:
    """Brotli among them: what we cannot bound we do not unpack."""
    async with serving(replying(b"\x00" * 100, coding=coding)) as site:
        with pytest.raises(ToolFailed, match="cannot be read here"):
            await site.fetcher.fetch(site.url())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_damaged_compression_ends_in_a_sentence(coding: str) -> None:
    """What calls itself compressed and is not."""
    async with serving(replying(b"plainly not packed", coding=coding)) as site:
        with pytest.raises(ToolFailed, match="compressed data is damaged"):
            await site.fetcher.fetch(site.url())


@pytest.mark.parametrize(
    ("status", "phrase"), [(404, "Not Found"), (503, "Service Unavailable"), (204, "No Content")]
)
async def test_other_answers_are_told_by_their_status(status: int, phrase: str) -> None:
    """The model can tell the person what happened."""
    async with serving(replying(b"", status=status)) as site:
        with pytest.raises(ToolFailed, match=rf"{status} \({phrase}\)"):
            await site.fetcher.fetch(site.url())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://[::1",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "https://example.com/" + "a" * 2000,
        "http://fe80::1%25eth0/",
    ],
)
async def test_what_is_no_plain_web_address_is_asked_for_again(url: str) -> None:
    """The model is told what an address looks like, before any name is resolved."""
    async with serving(replying(b"")) as site:
        with pytest.raises(ToolRetry):
            await site.fetcher.fetch(url)
        assert site.names.asked == []


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would connect wherever it likes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serving(replying(b"direct")) as site:
        assert (await site.fetcher.fetch(site.url())).body == b"direct"


async def test_the_system_resolver_says_when_a_name_has_no_address() -> None:
    """Names that cannot exist, also those that no DNS message could hold."""
    for host in ("does-not-exist.invalid", "a" * 70 + ".example", "\x00"):
        with pytest.raises(ToolFailed, match="no address is known"):
            await resolve(host, 80)


async def test_a_connection_that_is_refused_ends_in_a_sentence() -> None:
    """With nothing about our side in it."""
    async with serving(replying(b"")) as site:
        pass
    with pytest.raises(ToolFailed, match=r"^the connection to the web server failed\.$"):
        await site.fetcher.fetch(site.url())
