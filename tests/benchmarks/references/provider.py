"""The provider's stream on bare aiohttp, for every reference that has nothing in between."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator

import aiohttp
import orjson

__all__ = ["Histories", "Provider", "new_histories"]

MODEL = "Qwen/Qwen3-8B"
HEARING_MODEL = "FunAudioLLM/SenseVoiceSmall"

History = list[dict[str, str]]
Histories = defaultdict[str, History]


def new_histories() -> Histories:
    """What was said in each conversation, in memory."""
    return defaultdict(lambda: [{"role": "system", "content": "You are a helpful assistant."}])


class Provider:
    """``session`` belongs to the caller."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._url = f"{os.environ['SILICONFLOW_BASE_URL']}/chat/completions"
        self._hearing_url = f"{os.environ['SILICONFLOW_BASE_URL']}/audio/transcriptions"
        self._key = {"Authorization": f"Bearer {os.environ['SILICONFLOW_API_KEY']}"}
        self._headers = {**self._key, "Content-Type": "application/json"}

    async def hear(self, wav: bytes) -> str:
        """What is said in a recording."""
        form = aiohttp.FormData({"model": HEARING_MODEL})
        form.add_field("file", wav, filename="speech.wav", content_type="audio/wav")
        async with self._session.post(self._hearing_url, data=form, headers=self._key) as answer:
            answer.raise_for_status()
            return str(orjson.loads(await answer.read())["text"])

    async def pieces(self, history: History) -> AsyncIterator[str]:
        """The answer, piece by piece."""
        body = orjson.dumps({"model": MODEL, "messages": history, "stream": True})
        rest = b""
        async with self._session.post(self._url, data=body, headers=self._headers) as answer:
            answer.raise_for_status()
            async for data in answer.content.iter_any():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: {"):
                        for choice in orjson.loads(line[6:])["choices"]:
                            yield choice["delta"].get("content") or ""
