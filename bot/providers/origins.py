"""Says whether a result may be fetched from where the provider names it: never from inside our own network.

Unless the API itself is inside, as an operator's gateway or the stand-in is. A name is looked up here and
again by the client, so a name server that answers differently each time is not kept out by this.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import httpx

__all__ = ["is_allowed"]


async def is_allowed(address: httpx.URL, *, api: httpx.URL) -> bool:
    """Whether to fetch from ``address`` what the API at ``api`` has made."""
    return address.host == api.host or not await _is_inside(address) or await _is_inside(api)


async def _is_inside(address: httpx.URL) -> bool:
    """Whether any of the host's addresses is none of the public internet."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False  # nothing is there, or a proxy knows the way
    return any(not ip_address(row[4][0]).is_global for row in found)
