"""What the page shows, kept beside the service's database: it survives a reload and a restart.

The core keeps what was said; here is kept what is seen. Losing it loses no conversation's memory, only the
view of it. A message gets its id here before the core learns it, so one whose sending was interrupted is
found again. Chats and messages are in a small SQLite file, the bytes of files in a folder beside it.
"""

from adapters.web.pagelog.database import BUSY_SECONDS
from adapters.web.pagelog.files import FileGone
from adapters.web.pagelog.log import PageLog
from adapters.web.pagelog.values import Attached, Chat, FileKind, Message, Shown, StoredFile

__all__ = [
    "BUSY_SECONDS",
    "Attached",
    "Chat",
    "FileGone",
    "FileKind",
    "Message",
    "PageLog",
    "Shown",
    "StoredFile",
]
