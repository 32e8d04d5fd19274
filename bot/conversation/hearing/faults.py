"""Says in a sentence why a recording was not heard, and what to do about it."""

from __future__ import annotations

from typing import Final

import structlog

from bot.errors import (
    BotError,
    DeliveryError,
    FileTooLarge,
    MessageGone,
    ProviderAccountError,
    ProviderError,
    ProviderRefused,
)
from bot.media import AudioFault, UnusableAudio
from bot.texts import say

__all__ = ["why_not_heard"]

log = structlog.get_logger(__name__)

_MEGABYTE: Final = 1024 * 1024
# facts: SiliconFlow §15
_TOO_LARGE: Final = frozenset({20042, 20043, 20045, 20087})
_BAD_AUDIO: Final = frozenset({20022, 20023, 20044, 20083})
_NOT_ALLOWED: Final = 20021
_PAYLOAD_TOO_LARGE, _UNLAWFUL = 413, 451

_FAULTS: Final = {
    AudioFault.NOT_AUDIO: "hearing_not_audio",
    AudioFault.CORRUPT: "hearing_corrupt",
    AudioFault.NO_SOUND: "hearing_no_sound",
    AudioFault.EMPTY: "hearing_corrupt",
    AudioFault.TOO_LONG: "hearing_too_long",
    AudioFault.TOO_LARGE: "hearing_too_large",
}


def why_not_heard(error: BotError, language: str) -> str:
    """The sentence for whoever waits for the words. The rest goes to the log."""
    log.warning("recording_not_heard", error=type(error).__name__, reason=str(error))
    match error:
        case UnusableAudio(reason=reason):
            return say(_FAULTS[reason], language)
        case FileTooLarge(limit_bytes=limit):
            return say("hearing_too_large_to_fetch", language, megabytes=limit // _MEGABYTE)
        case MessageGone():
            return say("hearing_gone", language)
        case DeliveryError():
            return say("file_not_fetched", language)
        case ProviderError():
            return say(_refusal(error), language)
        case _:
            return say("file_not_read", language)


def _refusal(error: ProviderError) -> str:
    if isinstance(error, ProviderAccountError):
        return "model_account"
    if error.code == _NOT_ALLOWED or error.status == _UNLAWFUL:
        return "hearing_not_allowed"
    if error.code in _TOO_LARGE or error.status == _PAYLOAD_TOO_LARGE:
        return "hearing_piece_too_large"
    if error.code in _BAD_AUDIO:
        return "hearing_corrupt"
    return "hearing_refused" if isinstance(error, ProviderRefused) else "hearing_busy"
