"""Telegram. Import ``adapters.telegram.adapter`` only when a token is set: aiogram takes seconds to load."""
