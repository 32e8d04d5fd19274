"""The first lines a person reads after the start: what is on, what is off, and what turns it on."""

from __future__ import annotations

from bot.settings import Access, SandboxModel, Settings

__all__ = ["banner"]


def banner(settings: Settings, *, terminal: bool) -> str:
    """Two lines without secrets: what is on, and what is off with the variable that turns it on."""
    on = [_model(settings)]
    if settings.http.port and not terminal:
        on.append(f"health at http://{settings.http.host}:{settings.http.port}/healthz")
    off = []
    if settings.telegram_bot_token is not None:
        on.insert(0, f"Telegram ({settings.telegram.mode})")
    else:
        off.append("Telegram (TELEGRAM_BOT_TOKEN)")
    if settings.serves_slack:
        on.insert(0, f"Slack ({'Socket Mode' if settings.slack_app_token else 'HTTP events'})")
    else:
        off.append("Slack (SLACK_BOT_TOKEN with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET)")
    if settings.siliconflow_api_key is None:
        off.append("SiliconFlow (SILICONFLOW_API_KEY)")
    if terminal:
        on.insert(0, "this terminal")
    elif not settings.has_platform:
        off.append("terminal chat (python -m bot chat)")
    if settings.serves_page and not terminal:
        on.insert(0, "the page in your browser")
    elif not terminal:
        off.append("the page in the browser (PARLEY_WEB=on)")
    lines = [f"Parley is on: {', '.join(on)}."]
    if off:
        lines.append(f"Off: {', '.join(off)}.")
    if settings.telegram_bot_token is not None and settings.access is Access.PAIRING and not settings.admins:
        lines.append(
            "Not let in yet? Write to the bot and run `python -m bot admit CODE --admin` with the code you "
            "get; or name yourself in PARLEY_ADMINS, or set PARLEY_ACCESS=open."
        )
    return "\n".join(lines)


def _model(settings: Settings) -> str:
    if settings.siliconflow_api_key is not None:
        return f"SiliconFlow with {settings.models[0]}"
    if settings.sandbox.model is SandboxModel.REAL:
        return "a small local model in SiliconFlow's place"
    return "a scripted model in SiliconFlow's place"
