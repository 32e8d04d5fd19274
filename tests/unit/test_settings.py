"""The settings: where they come from, which wins, and what an operator is told when one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from bot.errors import ConfigurationError
from bot.settings import (
    Access,
    HttpSettings,
    Language,
    LogFormat,
    Settings,
    TelegramMode,
    known_settings,
    load_settings,
)
from bot.settings_reference import env_example, markdown_table

TOKEN = "123456789:" + "A" * 35
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for setting in known_settings():
        monkeypatch.delenv(setting.name, raising=False)
    return tmp_path


def faults() -> list[str]:
    """The lines an operator reads."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_without_any_setting_the_defaults_serve() -> None:
    """A first start needs no file and no variable."""
    settings = load_settings()
    assert settings.access is Access.PAIRING
    assert settings.http == HttpSettings(host="127.0.0.1", port=8080)
    assert settings.database_url == "sqlite+aiosqlite:///data/parley.db"
    assert settings.data_folder == Path("data")
    assert settings.models[0] == "Qwen/Qwen3-32B"
    assert not settings.has_platform
    assert settings.secrets() == ()
    assert settings.warnings() == ()


def test_the_environment_wins_over_dotenv_and_dotenv_over_toml(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three places, one order, down to single keys of a section."""
    (folder / "parley.toml").write_text(
        'max_tokens = 100\ncontext_tokens = 2000\n[http]\nhost = "a"\nport = 1\n'
    )
    (folder / ".env").write_text("PARLEY_CONTEXT_TOKENS=3000\nPARLEY_HTTP__PORT=2\nPARLEY_LANGUAGE=zh\n")
    monkeypatch.setenv("PARLEY_HTTP__PORT", "3")
    settings = load_settings()
    assert (settings.max_tokens, settings.context_tokens, settings.language) == (100, 3000, Language.ZH)
    assert settings.http == HttpSettings(host="a", port=3)


def test_every_name_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The well-known names and the nested ones reach their fields."""
    for name, value in {
        "TELEGRAM_BOT_TOKEN": f" {TOKEN} ",
        "TELEGRAM_API_BASE_URL": "http://127.0.0.1:8081/",
        "SILICONFLOW_API_KEY": "sk-key",
        "SILICONFLOW_BASE_URL": "https://api.siliconflow.com/v1/",
        "DATABASE_URL": "sqlite+aiosqlite:////data/x.db",
        "PARLEY_ACCESS": "Open",
        "PARLEY_ADMINS": "telegram:1, 2,,telegram:1",
        "PARLEY_MODELS": "a/b , c/d",
        "PARLEY_TELEGRAM__MODE": "webhook",
        "PARLEY_TELEGRAM__WEBHOOK_URL": "http://10.0.0.1/telegram",
        "PARLEY_TELEGRAM__WEBHOOK_SECRET": "s3cret",
        "PARLEY_LOG__FORMAT": "json",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.telegram_bot_token == SecretStr(TOKEN)
    assert settings.telegram_api_base_url == "http://127.0.0.1:8081"
    assert settings.siliconflow_base_url == "https://api.siliconflow.com/v1"
    assert settings.data_folder == Path("/data")
    assert settings.access is Access.OPEN
    assert settings.admins == ("telegram:1", "2")
    assert settings.models == ("a/b", "c/d")
    assert settings.telegram.mode is TelegramMode.WEBHOOK
    assert settings.log.format is LogFormat.JSON
    assert settings.has_platform
    assert sorted(settings.secrets()) == sorted([TOKEN, "sk-key", "s3cret"])
    assert TOKEN not in repr(settings)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass names on without a value."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "")
    monkeypatch.setenv("PARLEY_HTTP__PORT", "")
    settings = load_settings()
    assert settings.telegram_bot_token is None
    assert settings.http.port == 8080


def test_lists_in_toml_are_lists(folder: Path) -> None:
    """TOML has lists of its own; numbers in them serve as ids."""
    (folder / "parley.toml").write_text('admins = ["telegram:1", 2]\nmodels = ["a/b"]\n')
    settings = load_settings()
    assert (settings.admins, settings.models) == (("telegram:1", "2"), ("a/b",))


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("PARLEY_ACCESS", "closed", "'closed' is not one of pairing, listed, open"),
        ("PARLEY_HTTP__PORT", "70000", "'70000' is more than 65535"),
        ("PARLEY_HTTP__PORT", "-1", "'-1' is less than 0"),
        ("PARLEY_HTTP__PORT", "web", "'web' is not a whole number"),
        ("PARLEY_MAX_TOKENS", "1.5", "'1.5' is not a whole number"),
        ("PARLEY_CONTEXT_TOKENS", "9999999", "'9999999' is more than 2000000"),
        ("PARLEY_TURN_TIMEOUT_SECONDS", "soon", "'soon' is not a number"),
        ("PARLEY_MODELS", " , ", "' , ' names no model"),
        ("PARLEY_ADMINS", "@ann", "holds '@ann', which is not an id"),
        ("PARLEY_LOG__LEVEL", "loud", "'loud' is not one of debug, info, warning, error"),
        ("SILICONFLOW_BASE_URL", "api.siliconflow.cn", "is not a URL with http:// or https:// and a host"),
        ("TELEGRAM_API_BASE_URL", "http://[", "is not a URL with http:// or https:// and a host"),
        (
            "SILICONFLOW_BASE_URL",
            "https://u:p@ss@host/v1",
            "'https://u:***@host/v1' holds a login, which is never sent; the key belongs into SILICONFLOW",
        ),
        ("SILICONFLOW_BASE_URL", "https://u:p/ss@host/v1", "'https://u:***@host/v1' is not a URL"),
        ("SILICONFLOW_BASE_URL", "https://token@host/v1", "'https://***@host/v1' holds a login"),
        ("DATABASE_URL", "postgres://u:pass@h/d", "'postgres://u:***@h/d' does not name an SQLite file"),
    ],
)
def test_a_wrong_value_is_named_with_its_fault_and_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    """One line says which variable, what is wrong and what would be right."""
    monkeypatch.setenv(name, value)
    (line,) = faults()
    assert line.startswith(f"{name}: ")
    assert fault in line
    assert f"for example {name}=" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "hunter2hunter2"),
        ("TELEGRAM_BOT_TOKEN", "123456789:tooshort"),
        ("SILICONFLOW_API_KEY", "sk-hunter2 and more"),
        ("PARLEY_TELEGRAM__WEBHOOK_SECRET", "hunter2 with blanks"),
    ],
)
def test_a_wrong_secret_is_named_but_never_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A log with this line gives nothing away."""
    monkeypatch.setenv(name, value)
    (line,) = faults()
    assert line.startswith(f"{name}: the value ")
    assert "hunter2" not in line
    assert "tooshort" not in line


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PARLEY_ACESS", "PARLEY_ACCESS"),
        ("PARLEY_HTTP_PORT", "PARLEY_HTTP__PORT"),
        ("PARLEY_HTTP", "PARLEY_HTTP__PORT"),
        ("PARLEY_TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN"),
    ],
)
def test_an_unknown_name_brings_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    """A typing error does not go unnoticed."""
    monkeypatch.setenv(name, "3")
    assert faults()[0] == f"{name} is not a setting; did you mean {meant}?"


def test_an_unknown_name_of_ours_in_dotenv_is_told_and_a_foreign_one_is_not(folder: Path) -> None:
    """Other programs may share the file."""
    (folder / ".env").write_text("TELEGRAM_TOKEN=x\nCOMPOSE_PROJECT_NAME=parley\n")
    assert faults() == ["TELEGRAM_TOKEN is not a setting; did you mean TELEGRAM_BOT_TOKEN?"]


def test_wrong_keys_in_toml_are_told(folder: Path) -> None:
    """Unknown keys, secrets in the wrong file, and a section written as a value."""
    (folder / "parley.toml").write_text(
        'acces = "open"\ntelegram_bot_token = "x"\nlog = "debug"\nzzz = 1\n[http]\nprt = 1\nport = 70000\n'
    )
    lines = faults()
    assert lines[:5] == [
        "acces in parley.toml is not a setting; did you mean access?",
        "telegram_bot_token does not belong in parley.toml: set TELEGRAM_BOT_TOKEN in .env",
        "log in parley.toml is a section: write [log] and its keys below, not 'debug'",
        "zzz in parley.toml is not a setting; .env.example lists the settings there are",
        "http.prt in parley.toml is not a setting; did you mean http.port?",
    ]
    assert lines[5].startswith("PARLEY_HTTP__PORT (http.port in parley.toml): 70000 is more than 65535")


def test_a_syntax_error_names_file_and_line(folder: Path) -> None:
    """Both files tell where they stop making sense."""
    (folder / "parley.toml").write_text('access = "open"\nmodels = [\n')
    (folder / ".env").write_text("PARLEY_ACCESS=open\nnot a line\n")
    first, second = faults()
    assert first.startswith(".env, line 2: not NAME=value")
    assert second.startswith(("parley.toml, line ", "parley.toml, end of document"))


def test_a_file_that_is_not_text_is_told(folder: Path) -> None:
    """A broken file is no reason for a traceback."""
    (folder / "parley.toml").write_bytes(b"\xff\xfe")
    (folder / ".env").write_bytes(b"\xff\xfe")
    assert [line.partition(":")[0] for line in faults()] == [
        ".env cannot be read",
        "parley.toml cannot be read",
    ]


def test_all_faults_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to start five times to find five faults."""
    monkeypatch.setenv("PARLEY_ACESS", "open")
    monkeypatch.setenv("PARLEY_HTTP__PORT", "x")
    monkeypatch.setenv("PARLEY_LANGUAGE", "fr")
    assert [line.split(" ")[0].rstrip(":") for line in faults()] == [
        "PARLEY_ACESS",
        "PARLEY_LANGUAGE",
        "PARLEY_HTTP__PORT",
    ]


def test_webhook_mode_asks_for_its_address_and_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the secret anybody could post updates."""
    monkeypatch.setenv("PARLEY_TELEGRAM__MODE", "webhook")
    assert [line.partition(" ")[0] for line in faults()] == [
        "PARLEY_TELEGRAM__WEBHOOK_URL",
        "PARLEY_TELEGRAM__WEBHOOK_SECRET",
    ]


def test_telegram_itself_posts_only_to_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Bot API server of one's own may post to http; Telegram does not."""
    monkeypatch.setenv("PARLEY_TELEGRAM__MODE", "webhook")
    monkeypatch.setenv("PARLEY_TELEGRAM__WEBHOOK_SECRET", "secret")
    monkeypatch.setenv("PARLEY_TELEGRAM__WEBHOOK_URL", "http://10.0.0.1/hook")
    (line,) = faults()
    assert "is not https" in line
    monkeypatch.setenv("TELEGRAM_API_BASE_URL", "http://127.0.0.1:8081")
    assert load_settings().telegram.webhook_url == "http://10.0.0.1/hook"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["SLACK_BOT_TOKEN"], ["SLACK_APP_TOKEN"]),
        (["SLACK_APP_TOKEN"], ["without SLACK_BOT_TOKEN"]),
        (["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"], []),
    ],
)
def test_slack_settings_bring_a_warning(
    monkeypatch: pytest.MonkeyPatch, names: list[str], words: list[str]
) -> None:
    """Half a set of tokens is said to be one; a whole set turns Slack on."""
    for name in names:
        monkeypatch.setenv(name, "xoxb-1")
    warnings = load_settings().warnings()
    assert load_settings().serves_slack == (not words)
    assert len(warnings) == len(words)
    assert all(word in line for word, line in zip(words, warnings, strict=True))


def test_a_webhook_address_without_webhook_mode_brings_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who set it means something by it."""
    monkeypatch.setenv("PARLEY_TELEGRAM__WEBHOOK_URL", "https://bot.example.org/telegram")
    (line,) = load_settings().warnings()
    assert "no effect" in line


def test_a_podcast_may_be_spoken_by_two_voices_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off in place of a model; any other name is a model's."""
    assert load_settings().dialogue_models == ("fnlp/MOSS-TTSD-v0.5",)
    for written, models in {"Off": (), "a/b, c/d": ("a/b", "c/d")}.items():
        monkeypatch.setenv("PARLEY_DIALOGUE_MODELS", written)
        assert load_settings().dialogue_models == models


def test_env_example_lists_every_setting() -> None:
    """The committed file is what the model says."""
    assert (CHECKOUT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_every_setting_is_described_and_has_an_example() -> None:
    """Nothing is listed without a word about it."""
    for setting in known_settings():
        assert setting.what, setting.name
        assert setting.example, setting.name
        assert f"`{setting.name}`" in markdown_table()


def test_every_field_is_in_the_list() -> None:
    """A new field cannot be forgotten."""

    def leaves(model: type[BaseModel]) -> int:
        kinds = [field.annotation for field in model.model_fields.values() if not field.exclude]
        return sum(
            leaves(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else 1 for kind in kinds
        )

    assert len(known_settings()) == leaves(Settings)


def test_the_examples_of_env_example_are_accepted(folder: Path) -> None:
    """What the file shows can be used as it stands, secrets aside."""
    lines = [line[1:] for line in env_example().splitlines() if line.startswith("#") and "=" in line]
    kept = [line for line in lines if " " not in line.partition("=")[0] and "…" not in line]
    (folder / ".env").write_text("\n".join(kept))
    assert load_settings().has_platform


@given(value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip))
def test_any_text_for_a_number_is_taken_or_refused_in_one_line(value: str) -> None:
    """No value leads to a traceback or a second line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARLEY_HTTP__PORT", value)
        try:
            text = f"PARLEY_HTTP__PORT: {load_settings().http.port}"
        except ConfigurationError as exc:
            text = str(exc)
    assert text.startswith("PARLEY_HTTP__PORT: ")
    assert len(text.splitlines()) == 1
