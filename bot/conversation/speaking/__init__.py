"""Reads answers aloud, in the voice a chat has chosen."""
