"""Runs turns: durable, in order, one at a time for each conversation."""

from __future__ import annotations

from bot.engine.embedded import EmbeddedEngine
from bot.engine.work import RunningTurn

__all__ = ["EmbeddedEngine", "RunningTurn"]
