"""The conversation core: takes events in, keeps history, answers. It knows no platform by name."""

from bot.conversation.admission import Admission
from bot.conversation.answer import Answering
from bot.conversation.commands import menu
from bot.conversation.folding import Folding
from bot.conversation.intake import Intake
from bot.conversation.prompt import AnswerSettings
from bot.conversation.turns import Turns

__all__ = ["Admission", "AnswerSettings", "Answering", "Folding", "Intake", "Turns", "menu"]
