"""A local stand-in for the SiliconFlow API: scripted for tests, real small models for keyless starts."""

from bot.sandbox.audio_backend import AudioBackend, HeardFile, Samples
from bot.sandbox.audio_models import HEARING_MODELS, SPEAKING_MODELS
from bot.sandbox.audio_real import RealAudio
from bot.sandbox.audio_script import AudioScript
from bot.sandbox.catalogue import CATALOGUE, ModelCard
from bot.sandbox.chat_request import ChatRequest
from bot.sandbox.exchange import TRACE_HEADER, Exchange, RecordedRequest
from bot.sandbox.llama import SMOLLM2, LlamaChat, open_real_model
from bot.sandbox.refusals import SandboxError
from bot.sandbox.script import (
    ContinuingScript,
    Cut,
    Fault,
    Hang,
    HttpError,
    Quirks,
    Reply,
    Script,
    Stall,
    StreamError,
    ToolCall,
    Usage,
)
from bot.sandbox.serve import DEFAULT_PORT, EchoScript, add_sandbox_flags, serve_sandbox
from bot.sandbox.server import ChatBackend, Sandbox

__all__ = [
    "CATALOGUE",
    "DEFAULT_PORT",
    "HEARING_MODELS",
    "SMOLLM2",
    "SPEAKING_MODELS",
    "TRACE_HEADER",
    "AudioBackend",
    "AudioScript",
    "ChatBackend",
    "ChatRequest",
    "ContinuingScript",
    "Cut",
    "EchoScript",
    "Exchange",
    "Fault",
    "Hang",
    "HeardFile",
    "HttpError",
    "LlamaChat",
    "ModelCard",
    "Quirks",
    "RealAudio",
    "RecordedRequest",
    "Reply",
    "Samples",
    "Sandbox",
    "SandboxError",
    "Script",
    "Stall",
    "StreamError",
    "ToolCall",
    "Usage",
    "add_sandbox_flags",
    "open_real_model",
    "serve_sandbox",
]
