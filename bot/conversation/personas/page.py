"""What people read about personas: the page with its buttons, an introduction, the instructions."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversation.personas.persona import LostModel, Persona, lost_models, words_of
from bot.conversation.personas.shelf import Shelf, handle_of
from bot.ports import Button
from bot.rendering import Code, CodeBlock, Document, Paragraph, literal, to_markdown
from bot.texts import listed, say

__all__ = ["code", "introduction", "persona_page", "told_page"]

_LONGEST_ECHO = 40
# Telegram takes 100 buttons under a message, in reach of a thumb are far fewer.
_MOST_BUTTONS = 60
_A_ROW = 2

Rows = tuple[tuple[Button, ...], ...]


def persona_page(
    shelf: Shelf, present: Persona, *, chosen: str, language: str, greets: bool = False
) -> tuple[str, Rows]:
    """The page of /persona. ``chosen`` is the name set for the chat, be it there or not; empty: none."""
    parts = [introduction(present, language, greets=greets)]
    if chosen not in ("", present.name):
        parts.append(say("persona_chosen_gone", language, name=code(chosen)))
    shown, rest = shelf.personas[:_MOST_BUTTONS], shelf.personas[_MOST_BUTTONS:]
    if rest:
        parts.append(say("persona_more", language, names=listed((code(one.name) for one in rest), language)))
    parts.append(say("persona_how", language))
    return "\n\n".join(parts), _rows(shown, present, language)


def introduction(persona: Persona, language: str, *, greets: bool) -> str:
    """Who answers now, as Markdown, with what it says first and what is wrong with its models."""
    words = words_of(persona, language)
    lines = [say("persona_now", language, title=_title(persona, language))]
    if greets:
        lines.append(words.greeting or say("persona_chosen", language))
    elif words.description:
        lines.append(literal(words.description, longest=200))
    lines += [_warning(lost, language) for lost in lost_models(persona)]
    return "\n\n".join(lines)


def told_page(persona: Persona, language: str) -> str:
    """The persona's instructions as they are, for reading and copying."""
    title = _title(persona, language)
    prompt = to_markdown(Document(blocks=(CodeBlock(language=None, text=persona.prompt),)))
    lines = [say("persona_told", language, title=title, name=code(persona.name)), prompt]
    lines += [_warning(lost, language) for lost in lost_models(persona)]
    return "\n\n".join(lines)


def code(text: str) -> str:
    """Foreign words as Markdown that shows them as they are, shortened to one line."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    shown = line if len(line) <= _LONGEST_ECHO else f"{line[:_LONGEST_ECHO]}…"
    return to_markdown(Document(blocks=(Paragraph(children=(Code(text=shown),)),)))


def _title(persona: Persona, language: str) -> str:
    return f"**{literal(words_of(persona, language).title)}**"


def _rows(personas: Sequence[Persona], present: Persona, language: str) -> Rows:
    buttons = [
        Button(
            label=("✓ " if one.name == present.name else "") + words_of(one, language).title,
            data=f"persona:{handle_of(one.name)}",
        )
        for one in personas
    ]
    return tuple(tuple(buttons[place : place + _A_ROW]) for place in range(0, len(buttons), _A_ROW))


def _warning(lost: LostModel, language: str) -> str:
    key = "persona_model_renamed" if lost.renamed else "persona_model_gone"
    return say(key, language, model=code(lost.model), successor=code(lost.successor))
