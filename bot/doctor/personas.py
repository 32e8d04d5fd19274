"""Looks at the operator's own tools and personas, as a start would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator

from bot.conversation.own_tools import OWN_TOOLS
from bot.conversation.personas.library import open_book
from bot.conversation.personas.persona import Persona, lost_models
from bot.doctor.words import split_advice
from bot.errors import ConfigurationError
from bot.ports.diagnosis import Finding, caution, fault, good
from bot.settings import Settings
from bot.tools import LoadedTools, default_tools, load_tools

__all__ = ["check_personas"]


async def check_personas(settings: Settings) -> AsyncGenerator[Finding, None]:
    """What is found of PARLEY_TOOLS_FOLDER, whose files are run to know, and of parley.toml's personas."""
    built_in = (*default_tools().names, *OWN_TOOLS)
    loaded = LoadedTools()
    if settings.tools_folder is not None:
        loaded = await asyncio.to_thread(load_tools, settings.tools_folder, taken=built_in)
    for finding in _told_of_tools(loaded):
        yield finding
    for finding in _told_of_personas(settings, (*built_in, *(tool.name for tool in loaded.tools))):
        yield finding


def _told_of_tools(loaded: LoadedTools) -> Iterator[Finding]:
    for left_out in loaded.faults:
        yield caution("tools.left_out", str(left_out), "Mend it; until then the service runs without it.")
    if loaded.tools:
        yield good("tools.loaded", f"The tools folder gives {', '.join(tool.name for tool in loaded.tools)}.")


def _told_of_personas(settings: Settings, tools: Collection[str]) -> Iterator[Finding]:
    try:
        book = open_book(settings.personas, default=settings.persona, tools=tools)
    except ConfigurationError as exc:
        for line in str(exc).splitlines():
            what, advice = split_advice(line)
            yield fault(
                "personas.fault", what, advice or "Mend it in parley.toml: the service does not start."
            )
        return
    for persona in book:
        yield from _told_of_models(persona)
    if settings.personas:
        yield good("personas.read", f"parley.toml adds {', '.join(settings.personas)}.")


def _told_of_models(persona: Persona) -> Iterator[Finding]:
    for lost in lost_models(persona):
        happened = f"is called {lost.successor} now" if lost.renamed else "is no longer offered"
        yield caution(
            "personas.model_lost",
            f"The persona {persona.name} asks for {lost.model}, which {happened}.",
            f"Write {lost.successor} in its place in parley.toml.",
        )
