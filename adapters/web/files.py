"""The page's own files, read once and served as they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

__all__ = ["file_handlers"]

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

# The one page that may ask for the microphone.
_MICROPHONE: Final = "camera=(), microphone=(self), geolocation=()"


def file_handlers() -> dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
    """A handler for each file, by the path it is served under."""
    return {_address(path): _handler(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


def _address(path: Path) -> str:
    return "/chat/" if path.name == "index.html" else f"/chat/{path.name}"


def _handler(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    body = path.read_bytes()
    headers = {"Cache-Control": "no-cache"}
    if path.name == "index.html":
        headers["Permissions-Policy"] = _MICROPHONE

    async def serve(_: web.Request) -> web.Response:
        # Asked for anew each time, so that a newer version's parts never mix with an older one's.
        return web.Response(
            body=body,
            content_type=_TYPES[path.suffix],
            charset="utf-8",
            headers=headers,
        )

    return serve
