"""Keeps what must outlive the process: tables, queries, and the one writer in front of them."""

from __future__ import annotations

from bot.storage.database import Database, open_database

__all__ = ["Database", "open_database"]
