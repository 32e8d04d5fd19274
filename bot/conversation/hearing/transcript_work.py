"""Has a model work on a transcript: sum it up, translate it, make clean text of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from bot.conversation.desk import Answers, Press
from bot.conversation.hearing.gist import Gists, framed_words, in_parts
from bot.conversation.question import Question
from bot.conversation.saying import Saying
from bot.errors import ProviderError
from bot.messages import Incoming
from bot.ports import OutgoingFile
from bot.storage.readings import Reading, delete_readings, readings_of, save_reading
from bot.storage.transcripts import Showing, Transcript
from bot.texts import say

__all__ = ["WORKS", "TranscriptWork", "message_of"]

_PART_TOKENS: Final = 1_500
_PART_ANSWER_TOKENS: Final = 3_000
_LANGUAGES: Final = {"en": "English", "zh": "Simplified Chinese"}
_OTHERS: Final = {"en": "Simplified Chinese", "zh": "English"}

WORKS: Final = {
    "summary": (
        "Sum up this recording in {language}: first in one sentence what it is about, then the main points "
        "as a short list, then what was decided and who is to do what until when, if anything was."
    ),
    "translate": (
        "Translate all that is said in this recording into {language}; if it is in {language} already, into "
        "{other}. Give the translation alone, whole, in the same paragraphs."
    ),
    "clean": (
        "Write out what is said in this recording as clean text, in the language that is spoken: take out "
        "fillers and false starts, mend punctuation and obvious mishearings, make paragraphs. Change nothing "
        "else, leave nothing out, add nothing. Give the text alone."
    ),
}
"""What a model is asked to do with a recording's words."""


class TranscriptWork:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, answers: Answers, gists: Gists) -> None:
        self._saying = saying
        self._answers = answers
        self._gists = gists

    async def do(self, press: Press, showing: Showing, transcript: Transcript, work: str) -> None:
        """One of WORKS, streamed as an answer to the recording; the turn is finished on return.

        What is too much for one answer is done part by part and comes as a file.
        """
        models, text = press.visit.persona.models, transcript.text
        try:
            if work == "summary":
                text = await self._gists.condensed(text, models=models)
            elif not self._gists.reads_at_once(text, models=models):
                await self._in_file(press, showing, text, work)
                return
        except ProviderError:
            sentence = say("model_busy", press.language)
            await self._saying.say(press.turn, message_of(press, showing), sentence)
            return
        await self._answers(press.turn, _question(press, showing, text, work), press.visit)

    async def _in_file(self, press: Press, showing: Showing, text: str, work: str) -> None:
        """Part by part, each asked for once. Raises ProviderError."""
        turn, models = press.turn, press.visit.persona.models
        done = await turn.effect(lambda conn: readings_of(conn, turn.id))
        instructions = _instructions(work, press.language)
        texts: list[str] = []
        async with self._saying.typing(turn, press.event.chat_kind):
            for number, part in enumerate(in_parts(text, most_tokens=_PART_TOKENS)):
                if number in done:
                    texts.append(done[number].text)
                    continue
                written = await self._gists.ask(
                    instructions, part, models=models, most_tokens=_PART_ANSWER_TOKENS
                )
                await turn.effect(
                    partial(save_reading, turn_id=turn.id, position=number, reading=Reading(text=written))
                )
                texts.append(written)
        file = OutgoingFile(name=f"{work}.txt", mime="text/plain", data=("\n\n".join(texts) + "\n").encode())
        await turn.effect(lambda conn: delete_readings(conn, [turn.id]))
        await self._saying.send_file(
            turn, message_of(press, showing), file, say(f"heard_file_{work}", press.language)
        )


def _instructions(work: str, language: str) -> str:
    return WORKS[work].format(language=_LANGUAGES[language], other=_OTHERS[language])


def _question(press: Press, showing: Showing, text: str, work: str) -> Question:
    return Question(
        key=press.turn.key,
        chat_kind=press.event.chat_kind,
        author=press.event.author,
        message_id=showing.message_id,
        request=f"{_instructions(work, press.language)}\n\n{framed_words(text)}",
    )


def message_of(press: Press, showing: Showing) -> Incoming:
    """A message to answer in the place of a pressed button: the one with the recording."""
    event = press.event
    return Incoming(
        event_id=event.event_id,
        key=event.key,
        chat_kind=event.chat_kind,
        author=event.author,
        message_id=showing.message_id,
        parts=(),
        sent_at=datetime.fromtimestamp(0, UTC),
        addressed=True,
    )
