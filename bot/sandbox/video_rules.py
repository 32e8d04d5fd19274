"""The API's rules about a film in a message: how it is looked at, and that its data are a film at all.

Source: facts SiliconFlow §2.1 (fields), §15 (codes). The whole body's limit of 500 MB is the server's.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from bot.sandbox.refusals import coded, invalid_parameter

__all__ = ["check_video"]

_COUNTS: Final = ("max_frames", "fps")
_DETAILS: Final = ("auto", "low", "high")
_MAGIC: Final = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS")


def check_video(video: Mapping[str, Any]) -> None:
    """Raise ``Refused`` unless the part ``video`` can be looked at; its address is one already."""
    for name in _COUNTS:
        value = video.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise invalid_parameter(f"{name}: Input should be a positive integer")
    if video.get("detail") not in (None, *_DETAILS):
        raise invalid_parameter("detail: Input should be 'auto', 'low' or 'high'")
    url = str(video["url"])
    if url.startswith("data:"):
        _check_data(url)


def _check_data(url: str) -> None:
    head, _, encoded = url.partition(",")
    if not head.startswith("data:video/") or not head.endswith(";base64"):
        raise invalid_parameter("Video url should be a valid url or should like data:video/TYPE;base64,...")
    try:
        data = b64decode(encoded, validate=True)
    except binascii.Error as exc:
        raise coded(20023, "The base64 encoding is invalid.") from exc
    if data[4:8] != b"ftyp" and not data.startswith(_MAGIC):
        raise invalid_parameter("The video cannot be decoded.")
