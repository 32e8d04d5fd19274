"""Parley's platform-agnostic core: conversations, the model, delivery, storage."""
