"""The package's public names are the ones it lists."""

from __future__ import annotations

import bot.media


def test_the_list_of_names_is_true() -> None:
    """Each listed name is there, once."""
    names = bot.media.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(bot.media, name) for name in names)
