"""The terminal adapter: a chat with the person at the keyboard, or with a pipe."""

from adapters.terminal.adapter import TERMINAL_KEY, TerminalAdapter
from adapters.terminal.console import Console

__all__ = ["TERMINAL_KEY", "Console", "TerminalAdapter"]
