"""The personas there are, how they are found, and what is said about them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.conversation.history import estimate_tokens
from bot.conversation.personas.library import BUILT_IN, DEFAULT, open_book
from bot.conversation.personas.page import code, introduction, persona_page, told_page
from bot.conversation.personas.persona import Persona, lost_models, persona_from, words_of, write_persona
from bot.conversation.personas.shelf import Shelf, handle_of
from bot.errors import ConfigurationError
from bot.rendering import CodeBlock, flatten, parse
from bot.settings_personas import PersonaName, PersonaSettings
from bot.storage.personas import StoredPersona
from bot.texts import LANGUAGES
from bot.tools import default_tools

NAME: TypeAdapter[str] = TypeAdapter(PersonaName)


def stored(name: str, prompt: str = "Be brief.") -> StoredPersona:
    """A chat's own persona as it is kept."""
    return StoredPersona(name=name, definition=write_persona(PersonaSettings(prompt=prompt)), author_id="1")


def shelf(*names: str) -> Shelf:
    """The built-in personas and a chat's own."""
    return Shelf.of(open_book({}), [stored(name) for name in names])


# --- the built-in ones --------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", BUILT_IN, ids=lambda persona: persona.name)
def test_a_built_in_persona_is_short_and_introduces_itself_in_every_language(persona: Persona) -> None:
    """Under 250 tokens; with words of its own that fit where the operator's would have to."""
    assert estimate_tokens(persona.prompt) < 250
    said = [words_of(persona, language) for language in LANGUAGES]
    assert said[0] != said[1]
    for words in said:
        assert words.title
        assert words.description
        assert words.greeting
        assert not words.title.startswith("persona_")
        PersonaSettings(
            prompt=persona.prompt,
            title=words.title,
            description=words.description,
            greeting=words.greeting,
        )


def test_the_built_in_personas_name_tools_there_are() -> None:
    """And the translator none at all: it must not look things up in a text it only translates."""
    tools = {persona.name: persona.tools for persona in BUILT_IN}
    assert tools["translator"] == ()
    assert {name for names in tools.values() for name in names or ()} <= set(default_tools().names)


def test_their_names_could_be_given_by_anybody() -> None:
    """They follow the rule for names, so that each can be replaced in parley.toml."""
    assert [NAME.validate_python(persona.name) for persona in BUILT_IN] == [one.name for one in BUILT_IN]
    assert BUILT_IN[0].name == DEFAULT


# --- the book -----------------------------------------------------------------------------------------------


def test_the_operators_personas_follow_the_built_in_ones_and_replace_them() -> None:
    """One of the same name takes the place of ours and speaks its own words."""
    own = {"tutor": PersonaSettings(prompt="Teach."), "pirate": PersonaSettings(prompt="Arr.", title="Jack")}
    book = open_book(own, default=" Pirate ")
    assert [persona.name for persona in book][-2:] == ["tutor", "pirate"]
    assert book.default.prompt == "Arr."
    tutor = book.get("tutor")
    assert tutor is not None
    assert words_of(tutor, "zh").title == "tutor"


def test_an_unknown_default_is_told_with_the_names_there_are() -> None:
    """In one line, with the nearest."""
    with pytest.raises(ConfigurationError) as caught:
        open_book({"pirate": PersonaSettings(prompt="Arr.")}, default="pirat")
    assert str(caught.value) == (
        "PARLEY_PERSONA: there is no persona 'pirat'; did you mean pirate? There are: "
        "assistant, translator, reviewer, summariser, tutor, pirate"
    )


def test_unknown_tools_are_told_one_by_one() -> None:
    """Where they stand, and what there is."""
    own = {"a": PersonaSettings(prompt="x", tools=("calculat", "fetch_page", "xyz"))}
    with pytest.raises(ConfigurationError) as caught:
        open_book(own, tools=("calculate", "fetch_page"))
    assert str(caught.value).splitlines() == [
        (
            "personas.a.tools in parley.toml: there is no tool 'calculat'; did you mean calculate? "
            "There are: calculate, fetch_page"
        ),
        "personas.a.tools in parley.toml: there is no tool 'xyz'; there are: calculate, fetch_page",
    ]


# --- the shelf ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["reviewer", "REVIEWER", "code  Reviewer", "代码审查"])
def test_a_persona_is_found_by_name_and_by_title_in_any_language(written: str) -> None:
    """However it is written."""
    found = shelf().find(written)
    assert found is not None
    assert found.name == "reviewer"


def test_the_nearest_persona_is_suggested() -> None:
    """By name or title; nonsense is near to nothing."""
    assert shelf().nearest("tuter") == "tutor"
    assert shelf().nearest("code revewer") == "reviewer"
    assert shelf("sea-captain").nearest("seacaptain") == "sea-captain"
    assert shelf().nearest("qqqqqqq") is None


def test_an_unreadable_persona_is_left_out() -> None:
    """It costs nobody the others."""
    broken = StoredPersona(name="broken", definition="{", author_id="1")
    names = [persona.name for persona in Shelf.of(open_book({}), [broken, stored("fine")]).personas]
    assert names == [*(persona.name for persona in BUILT_IN), "fine"]


@given(st.text(min_size=1, max_size=34))
def test_every_button_fits_telegram_and_leads_back_to_its_persona(text: str) -> None:
    """Data of at most 64 bytes, in whatever script the name is."""
    try:
        name = NAME.validate_python(text)
    except ValidationError:
        return
    found = shelf(name).pressed(handle_of(name))
    assert found is not None
    assert found.name == name
    assert len(f"persona:{handle_of(name)}".encode()) <= 64


# --- the page -----------------------------------------------------------------------------------------------


def test_the_page_shows_who_answers_and_two_buttons_a_row() -> None:
    """The present one is marked."""
    tutor = shelf().find("tutor")
    assert tutor is not None
    text, rows = persona_page(shelf("pirate"), tutor, chosen="tutor", language="en")
    assert text.startswith("Answering here: **Tutor**\n\nHelps you")
    assert [[button.label for button in row] for row in rows] == [
        ["Assistant", "Translator"],
        ["Code reviewer", "Summariser"],
        ["✓ Tutor", "pirate"],
    ]


def test_a_choice_that_is_gone_is_told() -> None:
    """The default answers, and the page says why."""
    text, _ = persona_page(shelf(), BUILT_IN[0], chosen="pirate", language="en")
    assert "This chat had chosen `pirate`, which is no longer there" in text


def test_more_personas_than_buttons_are_told_by_name() -> None:
    """The rest can still be chosen in words."""
    many = shelf(*(f"own-{number}" for number in range(60)))
    text, rows = persona_page(many, BUILT_IN[0], chosen="", language="zh")
    assert sum(map(len, rows)) == 60
    assert "`own-55`、`own-56`、`own-57`、`own-58`、`own-59`" in text


def test_an_operators_title_is_no_markup() -> None:
    """What stands in a sentence of ours is shown as it was written."""
    odd = persona_from(
        "odd", PersonaSettings(prompt="x", title="*a* [b](http://c.d) <i>", description="# _e_")
    )
    text = flatten(parse(introduction(odd, "en", greets=False))).text
    assert "*a* [b](http://c.d) <i>" in text
    assert "# _e_" in text


def test_models_that_are_gone_or_renamed_are_told_with_their_successors() -> None:
    """Both in the introduction and beside the prompt; a living model is not mentioned."""
    persona = persona_from(
        "old",
        PersonaSettings(
            prompt="x",
            models=("Pro/zai-org/GLM-4.5", "deepseek-ai/DeepSeek-V3.2-Exp", "Qwen/Qwen3-32B"),
        ),
    )
    assert [(lost.successor, lost.renamed) for lost in lost_models(persona)] == [
        ("Pro/zai-org/GLM-4.6", False),
        ("deepseek-ai/DeepSeek-V3.2", True),
    ]
    for text in (introduction(persona, "en", greets=True), told_page(persona, "en")):
        assert "`Pro/zai-org/GLM-4.5` is no longer offered; `Pro/zai-org/GLM-4.6` can" in text
        assert "`deepseek-ai/DeepSeek-V3.2-Exp` is called `deepseek-ai/DeepSeek-V3.2` now" in text
        assert "Qwen3-32B" not in text


@given(st.text(alphabet="`~ \n*_#<ab>", min_size=1, max_size=60).filter(str.strip))
def test_a_prompt_is_shown_to_the_letter_whatever_fences_it_holds(prompt: str) -> None:
    """One block of code with exactly the instructions, and nothing of them outside."""
    persona = persona_from("p", PersonaSettings(prompt=prompt))
    blocks = parse(told_page(persona, "en")).blocks
    assert blocks[1:] == (CodeBlock(language=None, text=prompt.strip()),)


@given(st.text(min_size=1, max_size=80))
def test_what_somebody_typed_is_repeated_without_being_markup(text: str) -> None:
    """On one line, shortened, as code."""
    words = " ".join(text.split())
    if not words or re.search(r"[\x00-\x1f\x7f-\x9f]", words):
        return
    shown = flatten(parse(f"so {code(text)} is")).text
    assert "\n" not in shown
    assert len(shown) <= len("so  is") + 45
