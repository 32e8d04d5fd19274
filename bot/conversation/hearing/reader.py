"""Reads recordings for the model: the words that were said, quoted for people above the answer."""

from __future__ import annotations

from functools import partial
from typing import Final

from bot.conversation.hearing.faults import why_not_heard
from bot.conversation.hearing.hearing import Hearing, Sound
from bot.conversation.hearing.sources import Recorded, is_voice, recorded_in
from bot.conversation.hearing.transcript_view import clock_time, heading, how_far, words_of
from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.errors import BotError, ChatClosed, DeliveryError, ProviderError
from bot.media import AudioFault, UnusableAudio
from bot.messages import Attachment, ChatKind
from bot.storage.readings import Reading
from bot.storage.transcripts import Transcript
from bot.texts import say

__all__ = ["VoiceReader", "as_material"]

# An hour of speech is some 50,000 characters; a question about it is asked of its beginning.
_MOST_CHARACTERS: Final = 40_000
_WORTH_TELLING_SECONDS: Final = 45.0
_LEFT_OUT: Final = "[The rest of the recording is left out.]"


class VoiceReader:
    """A Reader of whatever holds speech. Nothing to close."""

    def __init__(self, *, hearing: Hearing) -> None:
        self._hearing = hearing

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """What was said. In a group that wants no recordings heard nothing is even fetched."""
        if place.visit.chat_kind is not ChatKind.PRIVATE and place.visit.settings.voice == "off":
            raise NotReadable(say("voice_is_off", place.language))
        recorded = _recorded(attachment, place)
        sound = Sound(
            attachment=attachment,
            key=place.turn.key,
            adapter=place.adapter,
            files=place.files,
            persona_models=place.visit.persona.hearing_models,
        )
        try:
            transcript = await self._hearing.whole(
                sound,
                note=lambda id_: place.turn.effect(recorded.shown_in(place.turn, id_)),
                tell=partial(_tell_how_far, place),
            )
        except ChatClosed:
            raise
        except (UnusableAudio, DeliveryError, ProviderError) as exc:
            raise NotReadable(why_not_heard(exc, place.language), empty=_is_soundless(exc)) from exc
        if not transcript.text:
            raise NotReadable(say("hearing_silence", place.language), empty=True)
        title = heading(recorded.speaker, transcript.seconds)
        return Reading(
            text=_for_model(recorded, transcript),
            shown=f"{title}  \n{words_of(transcript.passages, marked=False)}",
        )


def _tell_how_far(place: Place, transcript: Transcript) -> None:
    """Only of a recording that takes a while: the line becomes the answer's message."""
    if transcript.seconds >= _WORTH_TELLING_SECONDS and not transcript.complete:
        place.tell(how_far(transcript, place.language))


def _recorded(attachment: Attachment, place: Place) -> Recorded:
    """Where it comes from; of a recording in a message we cannot see, nothing is known."""
    for recorded in recorded_in(place.messages):
        if recorded.attachment == attachment:
            return recorded
    return Recorded(attachment=attachment, position=-1, message_id="", author_id="", speaker="")


def _is_soundless(error: BotError) -> bool:
    return isinstance(error, UnusableAudio) and error.reason is AudioFault.NO_SOUND


def _for_model(recorded: Recorded, transcript: Transcript) -> str:
    """A person's own spoken words are their message; what others said is told as such."""
    if is_voice(recorded.attachment) and not recorded.speaker:
        return _readable(transcript)
    return as_material(recorded.speaker, transcript)


def _readable(transcript: Transcript) -> str:
    """As much of the words as a question can hold."""
    text = transcript.text
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} …\n{_LEFT_OUT}"


def as_material(speaker: str, transcript: Transcript) -> str:
    """What somebody said in a recording, for the model to read as such; of a very long one the beginning."""
    text = _readable(transcript)
    who = f"{speaker} says" if speaker else "what is said"
    return f"[A recording of {clock_time(transcript.seconds)}, {who}:]\n{text}\n[End of the recording]"
