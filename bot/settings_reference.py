"""The settings written out for people: the text of .env.example and README's table, both made from the model.

``python -m bot.settings_reference env`` prints the one, ``… table`` the other.
"""

from __future__ import annotations

import sys
from itertools import groupby

from bot.settings import known_settings
from bot.settings_check import SettingInfo

__all__ = ["env_example", "markdown_table"]

_HEAD = """\
# Copy this file to .env and fill in what you need; `make run` reads it.
# Every line is optional. A line that stays commented out keeps the default shown,
# or, where a name has no default, shows what a value looks like.
# The PARLEY_ ones may also stand in parley.toml, without PARLEY_ and in small letters:
# PARLEY_HTTP__PORT is port in [http]. The environment wins over .env, .env over parley.toml.
"""


def env_example() -> str:
    """The content of .env.example."""
    groups = groupby(known_settings(), key=_group)
    return "\n".join([_HEAD, *("\n".join(map(_env_lines, settings)) + "\n" for _, settings in groups)])


def markdown_table() -> str:
    """The settings as a Markdown table."""
    rows = [f"| `{s.name}` | {s.what} | {_default_cell(s)} |" for s in known_settings()]
    return "\n".join(["| name | what it is | default |", "|---|---|---|", *rows, ""])


def _group(setting: SettingInfo) -> str:
    if setting.path:
        return setting.path.rpartition(".")[0] or "PARLEY"
    return setting.name.partition("_")[0]


def _env_lines(setting: SettingInfo) -> str:
    return f"# {setting.what}\n#{setting.name}={setting.default or setting.example}"


def _default_cell(setting: SettingInfo) -> str:
    return f"`{setting.default}`" if setting.default else f"none; like `{setting.example}`"


if __name__ == "__main__":
    sys.stdout.write(markdown_table() if sys.argv[1:] == ["table"] else env_example())
