"""A web server of our own on loopback, and a fetcher that takes it, and it alone, for the public web."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.tools.web import Address, WebFetcher, is_public_web

HOST = "page.example"
LOOPBACK = ip_address("127.0.0.1")


@cache
def certificate() -> Path:
    """A key and a certificate for ``page.example`` alone, signed by itself, made for this test run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = Path(tempfile.mkdtemp(prefix="certificate-")) / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Stream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Names:
    """A name server that gives one answer after the other for each name, and its last one from then on."""

    answers: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        queue = self.answers.get(host, [[host]])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        return [ip_address(text) for text in answer]


@dataclass(frozen=True, kw_only=True)
class Site:
    """A running server. ``fetcher`` may reach it, at this address and port only, under the name ``HOST``."""

    port: int
    names: Names
    fetcher: WebFetcher
    paths: list[str]

    def url(self, path: str = "/", *, scheme: str = "http") -> str:
        return f"{scheme}://{HOST}:{self.port}{path}"

    def with_limits(
        self, *, total_seconds: float = 30.0, most_bytes: int = 3_000_000, most_wire_bytes: int = 3_000_000
    ) -> WebFetcher:
        return replace(
            self.fetcher,
            total_seconds=total_seconds,
            most_bytes=most_bytes,
            most_wire_bytes=most_wire_bytes,
        )


@asynccontextmanager
async def serving(handler: Handler, *, tls: bool = False) -> AsyncIterator[Site]:
    """Serve every path with ``handler``."""
    paths: list[str] = []

    async def noted(request: web.Request) -> web.StreamResponse:
        paths.append(request.path_qs)
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", noted)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_server_tls() if tls else None).start()
        yield _site(runner.addresses[0][1], paths)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(stream: Stream) -> AsyncIterator[Site]:
    """Answer each connection with ``stream``, byte by byte, for what a proper server would not send."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await stream(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield _site(server.sockets[0].getsockname()[1], [])


def _site(port: int, paths: list[str]) -> Site:
    names = Names({HOST: [["127.0.0.1"]]})

    def allows(address: Address, asked_port: int) -> bool:
        return (address, asked_port) == (LOOPBACK, port) or is_public_web(address, asked_port)

    fetcher = WebFetcher(resolver=names.resolve, allows=allows, total_seconds=30, tls=_client_tls())
    return Site(port=port, names=names, fetcher=fetcher, paths=paths)


def _server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    return context


def _client_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate()))
