"""The models of the stand-in that hear and speak, and what the list of models says of them.

Names: facts SiliconFlow §9 and §11; the list's filters: §12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

__all__ = ["DIALOGUE_MODEL", "HEARING_MODELS", "SPEAKING_MODELS", "list_audio_models"]

HEARING_MODELS: Final = ("FunAudioLLM/SenseVoiceSmall", "TeleAI/TeleSpeechASR")
DIALOGUE_MODEL: Final = "fnlp/MOSS-TTSD-v0.5"
SPEAKING_MODELS: Final = ("FunAudioLLM/CosyVoice2-0.5B", DIALOGUE_MODEL)


def list_audio_models(query: Mapping[str, str], *, speaks_dialogue: bool = True) -> bytes | None:
    """The list of audio models, when ``query`` asks for no other kind; None otherwise."""
    if query.get("sub_type") == "speech-to-text" and query.get("type", "audio") == "audio":
        return _list(HEARING_MODELS)
    if query.get("type") == "audio" and "sub_type" not in query:
        speaking = (model for model in SPEAKING_MODELS if speaks_dialogue or model != DIALOGUE_MODEL)
        return _list((*HEARING_MODELS, *speaking))
    return None


def _list(ids: tuple[str, ...]) -> bytes:
    data = [{"id": model, "object": "model", "created": 0, "owned_by": ""} for model in ids]
    return orjson.dumps({"object": "list", "data": data})
