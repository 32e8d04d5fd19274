"""What is stored about one person, over all chats of a bot's account: to count, to hand out, to delete."""

from bot.storage.personal.collecting import kept_of
from bot.storage.personal.files import FileOf, document_words, made_data, picture_data
from bot.storage.personal.forgetting import Forgotten, forget_person, wipe_events_of
from bot.storage.personal.kept import (
    AsRead,
    Decision,
    Kept,
    KeptVoice,
    Kind,
    Made,
    Ordered,
    Overheard,
    Pointable,
    Received,
    Recording,
    Said,
    SentDocument,
    SentPicture,
    SetForChat,
    Summary,
    Vote,
    Waiting,
)
from bot.storage.personal.owner import Owner
from bot.storage.personal.spending import Spent, spent

__all__ = [
    "AsRead",
    "Decision",
    "FileOf",
    "Forgotten",
    "Kept",
    "KeptVoice",
    "Kind",
    "Made",
    "Ordered",
    "Overheard",
    "Owner",
    "Pointable",
    "Received",
    "Recording",
    "Said",
    "SentDocument",
    "SentPicture",
    "SetForChat",
    "Spent",
    "Summary",
    "Vote",
    "Waiting",
    "document_words",
    "forget_person",
    "kept_of",
    "made_data",
    "picture_data",
    "spent",
    "wipe_events_of",
]
