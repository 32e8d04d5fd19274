"""The package's public names are the ones it declares."""

from __future__ import annotations

import types

from bot import rendering


def test_all_names_what_the_package_offers() -> None:
    """``__all__`` is sorted and holds every public name that is not a module."""
    offered = sorted(
        name
        for name, value in vars(rendering).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    )
    assert offered == rendering.__all__ == sorted(rendering.__all__)
