"""The kinds of values settings take: each says in one clause why a value does not serve."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

__all__ = [
    "Access",
    "Admins",
    "DatabaseUrl",
    "KeyText",
    "Language",
    "LogFormat",
    "LogLevel",
    "Lowered",
    "Models",
    "Names",
    "OptionalModels",
    "ProviderUrl",
    "SandboxModel",
    "TelegramMode",
    "TelegramToken",
    "Thinking",
    "Url",
    "WebMode",
    "WebhookSecret",
]


class Access(StrEnum):
    """Who may talk to the bot besides those who are named: people with a code, nobody, or everybody."""

    PAIRING = "pairing"
    LISTED = "listed"
    OPEN = "open"


class TelegramMode(StrEnum):
    """How Telegram's updates come: we ask for them, or Telegram posts them."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class WebMode(StrEnum):
    """Whether the page in the browser is served; AUTO: while no messaging platform is set up."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Thinking(StrEnum):
    """Whether people see what the model thought before its answer."""

    SHOWN = "shown"
    HIDDEN = "hidden"


class Language(StrEnum):
    """The language of the bot's own sentences; AUTO follows each person's app."""

    AUTO = "auto"
    EN = "en"
    ZH = "zh"


class LogLevel(StrEnum):
    """The least important events that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """AUTO is text on a terminal and JSON lines elsewhere."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class SandboxModel(StrEnum):
    """What answers in the stand-in for SiliconFlow: a small real model, or fixed scripts."""

    REAL = "real"
    SCRIPTED = "scripted"


_TELEGRAM_TOKEN: Final = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{30,100}")
_WEBHOOK_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")  # Bot API setWebhook, secret_token
_LONGEST_NAME: Final = 64
_ADMIN: Final = re.compile(r"(?:[a-z]+:)?-?[A-Za-z0-9]+")


def _telegram_token(value: Any) -> Any:
    if isinstance(value, str) and not _TELEGRAM_TOKEN.fullmatch(value.strip()):
        raise ValueError("is not a bot token as BotFather gives it: digits, a colon, about 35 characters")
    return value.strip() if isinstance(value, str) else value


def _key(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[!-~]+", value.strip()):
        raise ValueError("holds a space or a character that no key has: was it pasted whole and alone?")
    return value.strip() if isinstance(value, str) else value


def _webhook_secret(value: Any) -> Any:
    if isinstance(value, str) and not _WEBHOOK_SECRET.fullmatch(value):
        raise ValueError("is not 1 to 256 characters out of A-Z, a-z, 0-9, _ and -")
    return value


def _url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value.strip())
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise ValueError("is not a URL with http:// or https:// and a host")
    return value.strip().rstrip("/")


def _provider_url(value: Any) -> Any:
    url = _url(value)
    # The provider's client sends no login, and its transport refuses a URL that has one.
    if isinstance(url, str) and "@" in urlsplit(url).netloc:
        raise ValueError("holds a login, which is never sent; the key belongs into SILICONFLOW_API_KEY")
    return url


def _database_url(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"sqlite(\+aiosqlite)?:///[^?]+", value):
        raise ValueError("does not name an SQLite file, the one kind of database this version has")
    return value


def _names(value: Any) -> Any:
    """A comma separated text, or a TOML list, as a tuple without blanks and repetitions."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise ValueError("is not a list of names")  # noqa: TRY004 (pydantic reports ValueError)
    return tuple(dict.fromkeys(text for item in items if (text := str(item).strip())))


def _calls(value: Any) -> Any:
    names = _names(value)
    for name in names:
        if not any(character.isalnum() for character in name) or len(name) > _LONGEST_NAME:
            raise ValueError(f"holds {name!r}, which is no name of at most {_LONGEST_NAME} characters")
    return names


def _admins(value: Any) -> Any:
    admins = _names(value)
    for admin in admins:
        if not _ADMIN.fullmatch(admin):
            raise ValueError(
                f"holds {admin!r}, which is not an id (a user name does not serve: it can change)"
            )
    return admins


def _models(value: Any) -> Any:
    models = _names(value)
    if not models:
        raise ValueError("names no model")
    return models


def _models_or_none(value: Any) -> Any:
    names = _names(value)
    return () if [name.lower() for name in names] == ["off"] else _models(value)


def _lowered(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


Url = Annotated[str, BeforeValidator(_url)]
ProviderUrl = Annotated[str, BeforeValidator(_provider_url)]
KeyText = Annotated[SecretStr, BeforeValidator(_key)]
TelegramToken = Annotated[SecretStr, BeforeValidator(_telegram_token)]
WebhookSecret = Annotated[SecretStr, BeforeValidator(_webhook_secret)]
DatabaseUrl = Annotated[str, BeforeValidator(_database_url)]
Admins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_admins)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_calls)]
Models = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_models)]
OptionalModels = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_models_or_none)]
"""None of them is written ``off``."""
Lowered: Final = BeforeValidator(_lowered)
"""Lets people write a choice in capitals."""
