"""A plain HTTP client for the stand-in that keeps what it read when a connection breaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

QWEN = "Qwen/Qwen3-8B"
KEY = {"Authorization": "Bearer sk-test"}


def ask(text: str = "Hello", *, model: str = QWEN, **fields: Any) -> dict[str, Any]:
    """A request body with one user message."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def talk(*turns: tuple[str, str], model: str = QWEN, **fields: Any) -> dict[str, Any]:
    """A request body from (role, content) pairs."""
    messages = [{"role": role, "content": content} for role, content in turns]
    return {"model": model, "messages": messages, **fields}


@dataclass(slots=True, kw_only=True)
class Answer:
    """What came back. ``broken`` names the error that ended the body early, if one did."""

    status: int
    headers: dict[str, str]
    raw: bytes = b""
    broken: str = ""
    reads: list[bytes] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def data_lines(self) -> list[bytes]:
        """The payloads of the data lines in order, whatever the line end."""
        lines = self.raw.replace(b"\r\n", b"\n").split(b"\n")
        return [line[6:] for line in lines if line.startswith(b"data: ")]

    @property
    def chunks(self) -> list[Any]:
        return [orjson.loads(line) for line in self.data_lines if line != b"[DONE]"]

    @property
    def deltas(self) -> list[Any]:
        return [chunk["choices"][0]["delta"] for chunk in self.chunks if chunk.get("choices")]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def thinking(self) -> str:
        return "".join(delta.get("reasoning_content") or "" for delta in self.deltas)

    @property
    def finish_reasons(self) -> list[str]:
        choices = [choice for chunk in self.chunks for choice in chunk.get("choices", ())]
        return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]

    @property
    def done(self) -> bool:
        return bool(self.data_lines) and self.data_lines[-1] == b"[DONE]"


async def chat(http: aiohttp.ClientSession, url: str, body: Any) -> Answer:
    """POST ``body`` and read the answer to its end, however it ends."""
    async with http.post(f"{url}/chat/completions", data=orjson.dumps(body)) as response:
        answer = Answer(status=response.status, headers=dict(response.headers))
        try:
            async for piece in response.content.iter_any():
                answer.reads.append(piece)
        except aiohttp.ClientError as error:
            answer.broken = type(error).__name__
        answer.raw = b"".join(answer.reads)
        return answer
