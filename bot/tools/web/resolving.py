"""From a host's name to its addresses, asked once per request."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import ToolFailed
from bot.tools.web.addresses import Address

__all__ = ["Resolver", "resolve"]

Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]
"""Gives the addresses of a host for a port, best first. Raises ToolFailed when there are none."""


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses as the operating system gives them. Raises ToolFailed when the name has none."""
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise ToolFailed(f"no address is known for the host {host!r}.") from exc
    return tuple(dict.fromkeys(ipaddress.ip_address(row[4][0]) for row in rows))
