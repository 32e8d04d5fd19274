"""Makes sentences of the one-line texts that our errors carry."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["ended", "host_of", "sentence", "split_advice"]


def split_advice(text: str) -> tuple[str, str]:
    """What a text says, and the advice behind its last semicolon; the advice is empty where it has none.

    A value shown in the text may hold semicolons of its own, so the last one counts.
    """
    what, _, advice = text.rpartition("; ")
    return (ended(what), sentence(advice)) if what else (ended(advice), "")


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a mark at its end."""
    return ended(f"{text[:1].upper()}{text[1:]}")


def ended(text: str) -> str:
    """The text with a mark at its end."""
    return text if text.endswith(("?", ".", "!", "…")) else f"{text}."


def host_of(url: str) -> str:
    """Host and port of an address, without a name and password in it."""
    return urlsplit(url).netloc.rpartition("@")[2]
