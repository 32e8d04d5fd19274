"""An empty working directory, and an environment without settings and proxies."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import known_settings

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test works."""
    monkeypatch.chdir(tmp_path)
    for name in (*(setting.name for setting in known_settings()), *PROXIES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path
