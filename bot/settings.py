"""The settings, read once: environment before .env before parley.toml, and every fault told in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from bot.errors import ConfigurationError
from bot.settings_check import (
    SettingInfo,
    list_settings,
    name_faults,
    read_dotenv,
    read_toml,
    table_faults,
    toml_faults,
    value_faults,
)
from bot.settings_personas import PersonaName, PersonaSettings
from bot.settings_values import (
    Access,
    Admins,
    DatabaseUrl,
    KeyText,
    Language,
    LogFormat,
    LogLevel,
    Lowered,
    Models,
    Names,
    OptionalModels,
    ProviderUrl,
    SandboxModel,
    TelegramMode,
    TelegramToken,
    Thinking,
    Url,
    WebhookSecret,
    WebMode,
)

__all__ = [
    "Access",
    "HttpSettings",
    "Language",
    "LimitSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "SandboxModel",
    "SandboxSettings",
    "Settings",
    "TelegramMode",
    "TelegramSettings",
    "Thinking",
    "WebMode",
    "known_settings",
    "load_settings",
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True)


class HttpSettings(_Section):
    """The service's own HTTP server."""

    host: str = Field("127.0.0.1", description="address the HTTP server listens on", examples=["0.0.0.0"])  # noqa: S104 (an example)
    port: int = Field(
        8080, ge=0, le=65535, description="port of the HTTP server; 0 takes any free one", examples=["8081"]
    )


class TelegramSettings(_Section):
    """How Telegram is spoken to."""

    mode: Annotated[TelegramMode, Lowered] = Field(
        TelegramMode.POLLING, description="polling, or webhook when Telegram can reach this server"
    )
    webhook_url: Url | None = Field(
        None,
        description="the public address Telegram posts to",
        examples=["https://bot.example.org/telegram"],
    )
    sends_per_second: int = Field(
        20, ge=1, le=1000, description="new messages a second over all chats; Telegram bears about 30"
    )
    webhook_secret: WebhookSecret | None = Field(
        None, description="proves that a post comes from Telegram", examples=["a-long-random-text"]
    )


class LogSettings(_Section):
    """What is logged, and in which form."""

    level: Annotated[LogLevel, Lowered] = Field(LogLevel.INFO, description="debug, info, warning or error")
    format: Annotated[LogFormat, Lowered] = Field(
        LogFormat.AUTO, description="text, json, or auto: text on a terminal, JSON lines elsewhere"
    )


class LimitSettings(_Section):
    """How much may be asked."""

    person_per_minute: int = Field(
        20, ge=0, le=100_000, description="questions a minute from one person, admins excepted; 0 is no limit"
    )
    chat_per_minute: int = Field(
        60, ge=0, le=100_000, description="questions a minute in one chat, admins excepted; 0 is no limit"
    )


class SandboxSettings(_Section):
    """The stand-in for SiliconFlow that serves while there is no key."""

    model: Annotated[SandboxModel, Lowered] = Field(
        SandboxModel.REAL,
        description="who answers while there is no SiliconFlow key: real (a small local model) or scripted",
    )


class Settings(BaseSettings):
    """Everything an operator can set. ``load_settings`` makes it; it never changes afterwards."""

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    telegram_bot_token: TelegramToken | None = Field(
        None,
        alias="TELEGRAM_BOT_TOKEN",
        description="the bot's token from @BotFather; Telegram is off without it",
        examples=["123456789:AAE-thirty-five-characters-in-all-00"],
    )
    telegram_api_base_url: Url | None = Field(
        None,
        alias="TELEGRAM_API_BASE_URL",
        description="a Bot API server of your own instead of Telegram's",
        examples=["http://127.0.0.1:8081"],
    )
    slack_bot_token: KeyText | None = Field(
        None, alias="SLACK_BOT_TOKEN", description="Slack's bot token", examples=["xoxb-…"]
    )
    slack_app_token: KeyText | None = Field(
        None, alias="SLACK_APP_TOKEN", description="Slack's app token, for Socket Mode", examples=["xapp-…"]
    )
    slack_signing_secret: KeyText | None = Field(
        None, alias="SLACK_SIGNING_SECRET", description="Slack's signing secret, for HTTP", examples=["8f74…"]
    )
    slack_api_base_url: Url | None = Field(
        None,
        alias="SLACK_API_BASE_URL",
        description="another Slack Web API address",
        examples=["https://slack.com/api"],
    )
    siliconflow_api_key: KeyText | None = Field(
        None,
        alias="SILICONFLOW_API_KEY",
        description="the SiliconFlow key; without it a small local model answers",
        examples=["sk-…"],
    )
    siliconflow_base_url: ProviderUrl = Field(
        "https://api.siliconflow.cn/v1",
        alias="SILICONFLOW_BASE_URL",
        description="where the models are",
        examples=["https://api.siliconflow.com/v1"],
    )
    database_url: DatabaseUrl = Field(
        "sqlite+aiosqlite:///data/parley.db",
        alias="DATABASE_URL",
        description="where conversations are kept; a relative path starts at the working directory",
        examples=["sqlite+aiosqlite:////data/parley.db"],
    )
    access: Annotated[Access, Lowered] = Field(
        Access.PAIRING,
        description="who is served besides PARLEY_ADMINS: pairing (whom an admin lets in by a code), listed "
        "(only PARLEY_ALLOWED) or open (everybody); who is blocked never is",
    )
    admins: Admins = Field(
        (),
        description="who is served and may let in and block others: platform ids, comma separated",
        examples=["telegram:12345678"],
    )
    allowed: Admins = Field(
        (),
        description="who else is served, whatever PARLEY_ACCESS says: ids of people and chats",
        examples=["telegram:12345678,telegram:-1001234567890"],
    )
    names: Names = Field(
        ("Parley",),
        description="names the bot hears in groups besides its own on the platform, comma separated",
        examples=["Parley,派利"],
    )
    persona: str = Field(
        "", description="who the bot is where nobody chose; empty: assistant", examples=["tutor"]
    )
    tools_folder: Path | None = Field(
        None, description="a folder of tools of your own, one Python file each", examples=["./tools"]
    )
    models: Models = Field(
        ("Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3.2", "Qwen/Qwen3-8B"),
        description="the models, comma separated: the first that can answers",
        examples=["Qwen/Qwen3-32B,Qwen/Qwen3-8B"],
    )
    seeing_models: Models = Field(
        ("Qwen/Qwen3-VL-32B-Instruct", "zai-org/GLM-4.6V"),
        description="who is asked about pictures where no model of the chain sees",
        examples=["Qwen/Qwen3-VL-32B-Instruct"],
    )
    hearing_models: Models = Field(
        ("FunAudioLLM/SenseVoiceSmall", "TeleAI/TeleSpeechASR"),
        description="who turns speech into text: the first that can",
        examples=["FunAudioLLM/SenseVoiceSmall"],
    )
    drawing_models: Models = Field(
        ("Kwai-Kolors/Kolors", "Qwen/Qwen-Image", "Qwen/Qwen-Image-Edit-2509"),
        description="who draws and changes pictures: the first that takes what is asked for",
        examples=["Kwai-Kolors/Kolors"],
    )
    filming_models: Models = Field(
        ("Wan-AI/Wan2.2-T2V-A14B", "Wan-AI/Wan2.2-I2V-A14B"),
        description="who makes films, from words and from pictures",
        examples=["Wan-AI/Wan2.2-T2V-A14B"],
    )
    speaking_models: Models = Field(
        ("FunAudioLLM/CosyVoice2-0.5B",),
        description="who speaks: the first that can",
        examples=["FunAudioLLM/CosyVoice2-0.5B"],
    )
    dialogue_models: OptionalModels = Field(
        ("fnlp/MOSS-TTSD-v0.5",),
        description="who speaks both people of a podcast: the first that can; off: two voices take turns",
        examples=["fnlp/MOSS-TTSD-v0.5"],
    )
    max_tokens: int = Field(4096, ge=16, le=131_072, description="the longest answer, in tokens")
    context_tokens: int = Field(
        24_000, ge=1000, le=2_000_000, description="how much of a conversation the model sees, in tokens"
    )
    thinking: Annotated[Thinking, Lowered] = Field(
        Thinking.SHOWN, description="the model's thoughts: shown (folded away) or hidden"
    )
    language: Annotated[Language, Lowered] = Field(
        Language.AUTO, description="the bot's own sentences: en, zh, or auto: as each person's app is set"
    )
    web: Annotated[WebMode, Lowered] = Field(
        WebMode.AUTO, description="the page in the browser: on, off, or auto: while no platform has a token"
    )
    turn_timeout_seconds: float = Field(
        600.0, ge=5, le=86_400, description="the longest time one answer may take, in seconds"
    )
    http: HttpSettings = HttpSettings()
    telegram: TelegramSettings = TelegramSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    sandbox: SandboxSettings = SandboxSettings()
    personas: Mapping[PersonaName, PersonaSettings] = Field({}, exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment, then .env, then what is passed in (parley.toml)."""
        return (env_settings, dotenv_settings, init_settings)

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown or logged."""
        return tuple(secret.get_secret_value() for secret in _secrets(self))

    def warnings(self) -> tuple[str, ...]:
        """What is set and has no effect, one line each."""
        return (*self._slack_warnings(), *self._webhook_warnings())

    @property
    def data_folder(self) -> Path:
        """The folder the database lies in, where the chat's log goes too."""
        return Path(self.database_url.partition(":///")[2]).parent

    @property
    def has_platform(self) -> bool:
        """Whether a messaging platform is configured that this version can serve."""
        return self.telegram_bot_token is not None or self.serves_slack

    @property
    def serves_slack(self) -> bool:
        """Whether Slack is configured, by Socket Mode or by HTTP events."""
        return self.slack_bot_token is not None and bool(self.slack_app_token or self.slack_signing_secret)

    @property
    def serves_page(self) -> bool:
        """Whether the page in the browser is on."""
        return self.web is WebMode.ON or (self.web is WebMode.AUTO and not self.has_platform)

    def _slack_warnings(self) -> Iterator[str]:
        if self.slack_bot_token and not self.serves_slack:
            yield (
                "SLACK_BOT_TOKEN is set alone; Slack also needs SLACK_APP_TOKEN (Socket Mode) "
                "or SLACK_SIGNING_SECRET (HTTP)"
            )
        if (self.slack_app_token or self.slack_signing_secret) and not self.slack_bot_token:
            yield "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET is set without SLACK_BOT_TOKEN"

    def _webhook_warnings(self) -> Iterator[str]:
        if self.telegram.mode is TelegramMode.POLLING and self.telegram.webhook_url:
            yield "PARLEY_TELEGRAM__WEBHOOK_URL has no effect while PARLEY_TELEGRAM__MODE is polling"


def known_settings() -> tuple[SettingInfo, ...]:
    """Every setting in the order people should read them."""
    return list_settings(Settings)


def load_settings(env_file: str | Path = ".env", config_file: str | Path = "parley.toml") -> Settings:
    """The settings as they stand now. A file that is not there is left out.

    Raises ConfigurationError that holds one line for each fault; no line shows a secret.
    """
    known = known_settings()
    dotenv, faults = read_dotenv(Path(env_file))
    readable = not faults
    toml, toml_syntax = read_toml(Path(config_file))
    file_name, tables = Path(config_file).name, _tables()
    faults += toml_syntax + toml_faults(toml, known, file_name, tables=tables)
    faults += name_faults(dotenv, known, tables=tables)
    try:
        settings = Settings(_env_file=env_file if dotenv and readable else None, **_without_unknown(toml))
    except ValidationError as exc:
        faults += value_faults(exc, known, dotenv)
        faults += table_faults(exc, "personas", PersonaSettings.model_fields, file_name)
    except SettingsError as exc:
        if not faults:
            raise ConfigurationError(f"a setting cannot be read: {exc}") from None
    else:
        faults += _contradictions(settings)
    if faults:
        raise ConfigurationError("\n".join(dict.fromkeys(faults)))
    return settings


def _tables() -> tuple[str, ...]:
    """The tables of parley.toml whose entries people name themselves."""
    return tuple(name for name, field in Settings.model_fields.items() if field.exclude)


def _without_unknown(toml: dict[str, Any]) -> dict[str, Any]:
    fields = Settings.model_fields
    return {name: value for name, value in toml.items() if name in fields and not fields[name].alias}


def _contradictions(settings: Settings) -> list[str]:
    telegram = settings.telegram
    if telegram.mode is not TelegramMode.WEBHOOK:
        return []
    faults = []
    if telegram.webhook_url is None:
        faults.append(
            "PARLEY_TELEGRAM__WEBHOOK_URL is missing, and PARLEY_TELEGRAM__MODE=webhook needs it; "
            "for example PARLEY_TELEGRAM__WEBHOOK_URL=https://bot.example.org/telegram"
        )
    elif telegram.webhook_url.startswith("http://") and settings.telegram_api_base_url is None:
        faults.append(
            f"PARLEY_TELEGRAM__WEBHOOK_URL: {telegram.webhook_url!r} is not https, which Telegram asks for; "
            "for example PARLEY_TELEGRAM__WEBHOOK_URL=https://bot.example.org/telegram"
        )
    if telegram.webhook_secret is None:
        faults.append(
            "PARLEY_TELEGRAM__WEBHOOK_SECRET is missing, and PARLEY_TELEGRAM__MODE=webhook needs it, or "
            "anybody could post updates; for example PARLEY_TELEGRAM__WEBHOOK_SECRET=a-long-random-text"
        )
    return faults


def _secrets(section: BaseModel) -> Iterator[SecretStr]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, SecretStr):
            yield value
        elif isinstance(value, BaseModel):
            yield from _secrets(value)
