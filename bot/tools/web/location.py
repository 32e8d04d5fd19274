"""Reads a web address as the model or a redirect wrote it, and refuses every form that is not a plain one."""

from __future__ import annotations

from typing import Final

import httpx

from bot.errors import ToolRetry

__all__ = ["join_location", "parse_location", "port_of"]

_MOST_CHARACTERS: Final = 2000
_PORTS: Final = {"http": 80, "https": 443}
_ALL_PORTS: Final = range(1, 65536)


def parse_location(text: str) -> httpx.URL:
    """The address without its fragment. Raises ToolRetry for what is no http or https address of a host."""
    return _checked(_read(text.strip()))


def join_location(base: httpx.URL, target: str) -> httpx.URL:
    """Where a redirect from ``base`` leads. Raises ToolRetry as ``parse_location``."""
    try:
        return _checked(base.join(_read(target.strip())))
    except (httpx.InvalidURL, ValueError) as exc:
        raise _unreadable(target) from exc


def port_of(url: httpx.URL) -> int:
    """The port that the address names, or that its scheme means."""
    return _PORTS[url.scheme] if url.port is None else url.port


def _read(text: str) -> httpx.URL:
    if len(text) > _MOST_CHARACTERS:
        raise ToolRetry(f"The address is longer than {_MOST_CHARACTERS} characters.")
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as exc:
        raise _unreadable(text) from exc


def _unreadable(text: str) -> ToolRetry:
    return ToolRetry(f"{text[:100]!r} is not a web address such as https://example.com/page.")


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in _PORTS:
        raise ToolRetry("The address must begin with https:// or http://.")
    if url.userinfo:
        raise ToolRetry("The address must not hold a user name or password.")
    if not url.host or "%" in url.host or port_of(url) not in _ALL_PORTS:
        raise _unreadable(str(url))
    return url.copy_with(fragment=None)
