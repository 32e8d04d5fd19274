"""Fetching pages of the public web for the model, and nothing that is not public."""

from __future__ import annotations

from bot.tools.web.addresses import Address, is_public, is_public_web
from bot.tools.web.fetching import Fetched, WebFetcher
from bot.tools.web.resolving import Resolver, resolve
from bot.tools.web.worker import Readable, read_html

__all__ = [
    "Address",
    "Fetched",
    "Readable",
    "Resolver",
    "WebFetcher",
    "is_public",
    "is_public_web",
    "read_html",
    "resolve",
]
