"""What most people write: aiogram and the openai package, history in memory, plain text, an edit a second."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from tests.benchmarks.references.sound import plain_wav

MODEL = "Qwen/Qwen3-8B"
HEARING_MODEL = "FunAudioLLM/SenseVoiceSmall"
EDIT_EVERY_SECONDS = 1.0

History = list[ChatCompletionMessageParam]
histories: defaultdict[int, History] = defaultdict(
    lambda: [{"role": "system", "content": "You are a helpful assistant."}]
)
locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)


async def answer(message: Message, bot: Bot, model: AsyncOpenAI) -> None:
    """Answer one message, those of a chat in turn; in groups write down what is spoken."""
    if message.chat.type != "private":
        if message.voice:
            await message.reply(await hear(message, bot, model))
        return
    async with locks[message.chat.id]:
        history = histories[message.chat.id]
        await bot.send_chat_action(message.chat.id, "typing")
        spoken = await hear(message, bot, model) if message.voice or message.audio else ""
        history.append({"role": "user", "content": message.text or f"{spoken} {message.caption or ''}"})
        text = await stream(message, model, history)
        history.append({"role": "assistant", "content": text})


async def hear(message: Message, bot: Bot, model: AsyncOpenAI) -> str:
    """What is said in a recording."""
    recording = message.voice or message.audio
    assert recording is not None
    file = await bot.download(recording.file_id)
    assert file is not None
    wav = await asyncio.to_thread(plain_wav, file.read())
    heard = await model.audio.transcriptions.create(model=HEARING_MODEL, file=("speech.wav", wav))
    return heard.text


async def stream(message: Message, model: AsyncOpenAI, history: History) -> str:
    """Show the answer while it is written; the whole text."""
    sent: Message | None = None
    text, shown, edited_at = "", "", 0.0
    async for chunk in await model.chat.completions.create(model=MODEL, messages=history, stream=True):
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        if not text:
            continue
        if sent is None:
            sent, shown, edited_at = await message.answer(text), text, time.monotonic()
        elif text != shown and time.monotonic() - edited_at >= EDIT_EVERY_SECONDS:
            await sent.edit_text(text)
            shown, edited_at = text, time.monotonic()
    if sent is not None and text != shown:
        await sent.edit_text(text)
    return text


async def main() -> None:
    """Poll until killed."""
    server = TelegramAPIServer.from_base(os.environ["TELEGRAM_API_BASE_URL"])
    bot = Bot(os.environ["TELEGRAM_BOT_TOKEN"], session=AiohttpSession(api=server))
    dispatcher = Dispatcher()
    dispatcher.message.register(answer)
    model = AsyncOpenAI(
        api_key=os.environ["SILICONFLOW_API_KEY"], base_url=os.environ["SILICONFLOW_BASE_URL"]
    )
    await dispatcher.start_polling(bot, model=model)


if __name__ == "__main__":
    uvloop.run(main())
