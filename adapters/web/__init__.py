"""The local page as a platform: chats in the browser of whoever runs the service."""

from adapters.web.adapter import WebAdapter

__all__ = ["WebAdapter"]
