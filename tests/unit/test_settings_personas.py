"""Personas in parley.toml: what is read, and what an operator is told when something is wrong."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bot.errors import ConfigurationError
from bot.settings import known_settings, load_settings
from bot.settings_personas import RESERVED_NAMES, PersonaName, PersonaSettings
from bot.settings_reference import env_example

CHECKOUT = Path(__file__).parents[2]
NAME: TypeAdapter[str] = TypeAdapter(PersonaName)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for setting in known_settings():
        monkeypatch.delenv(setting.name, raising=False)
    return tmp_path


def faults(folder: Path, toml: str) -> list[str]:
    """The lines an operator reads about that parley.toml."""
    (folder / "parley.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_a_persona_is_read_with_all_it_says(folder: Path) -> None:
    """Lists may be lists or text, thinking a word or TOML's own true and false; names lose their capitals."""
    (folder / "parley.toml").write_text(
        '[personas.Pirate]\nprompt = " Arr. "\nmodels = "a/b, c/d"\nthinking = false\ntools = []\n'
        '[personas."诗人"]\nprompt = "写诗"\nthinking = "on"\ntemperature = 1\n',
        encoding="utf-8",
    )
    personas = load_settings().personas
    assert personas["pirate"] == PersonaSettings(
        prompt="Arr.", models=("a/b", "c/d"), thinking="off", tools=()
    )
    assert personas["诗人"] == PersonaSettings(prompt="写诗", thinking="on", temperature=1.0)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('promt = "x"', "personas.p.promt in parley.toml is not a setting; did you mean prompt?"),
        (
            "colour = 1",
            "personas.p.colour in parley.toml is not a setting; the keys there are prompt, title,",
        ),
        ("temperature = 5", "personas.p.temperature in parley.toml: 5 is more than 2"),
        ("top_p = 0", "personas.p.top_p in parley.toml: 0 is not more than 0"),
        ('max_tokens = "many"', "personas.p.max_tokens in parley.toml: 'many' is not a whole number"),
        ('thinking = "maybe"', "personas.p.thinking in parley.toml: 'maybe' is not one of on, off"),
        ("tools = 3", "personas.p.tools in parley.toml: 3 is not a list"),
        ("models = [1]", "personas.p.models in parley.toml: 1 is not text"),
        (f'title = "{"x" * 41}"', "personas.p.title in parley.toml is 41 characters long; at most 40 fit"),
    ],
)
def test_a_wrong_key_or_value_is_told_in_one_line(folder: Path, line: str, fault: str) -> None:
    """The place, the value, what is wrong with it; for a typo the nearest key."""
    told = faults(folder, f'[personas.p]\nprompt = "x"\n{line}\n')
    assert len(told) == 1
    assert told[0].startswith(fault)


def test_a_prompt_is_needed_and_bounded(folder: Path) -> None:
    """None, an empty one and one that is too long; the long one is not repeated."""
    toml = f'[personas.a]\n[personas.b]\nprompt = " "\n[personas.c]\nprompt = "{"x" * 8001}"\n'
    assert faults(folder, toml) == [
        "personas.a.prompt is missing in parley.toml: [personas.a] needs it",
        "personas.b.prompt in parley.toml is empty",
        "personas.c.prompt in parley.toml is 8,001 characters long; at most 8,000 fit",
    ]


def test_a_name_that_cannot_be_one_is_told(folder: Path) -> None:
    """Markup, spaces, and the words that /persona keeps for itself."""
    told = faults(folder, '[personas."a b"]\nprompt = "x"\n[personas.new]\nprompt = "x"\n')
    assert told == [
        (
            "personas in parley.toml: 'a b' cannot be a name: 1 to 32 letters, digits, - and _ make one, "
            "with a letter or digit at both ends"
        ),
        "personas in parley.toml: 'new' cannot be a name: /persona understands it as something else",
    ]


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("personas = 3", "personas in parley.toml is a table: write [personas.NAME] and its keys below"),
        (
            '[personas]\npirate = "Arr"',
            "personas.pirate in parley.toml is a table: write [personas.pirate] and its keys below",
        ),
        (
            '[persona.pirate]\nprompt = "x"',
            "persona.pirate in parley.toml is not a setting; did you mean personas.pirate?",
        ),
    ],
)
def test_a_table_written_otherwise_is_told(folder: Path, toml: str, told: str) -> None:
    """What should stand there instead."""
    assert told in faults(folder, toml)


def test_a_variable_cannot_hold_a_persona(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts do not fit into variables; the line says where they belong."""
    monkeypatch.setenv("PARLEY_PERSONAS__PIRATE__PROMPT", "Arr")
    with pytest.raises(ConfigurationError, match=r"^PARLEY_PERSONAS__PIRATE__PROMPT is not a setting; "):
        load_settings()


def test_other_faults_are_told_beside_those_of_personas(folder: Path) -> None:
    """One start shows all of them."""
    told = faults(folder, 'max_tokens = 1\nacess = "open"\n[personas.p]\nprompt = "x"\ntop_p = 2\n')
    assert len(told) == 3


def test_the_reference_lists_no_table() -> None:
    """A persona is not one setting; the choice of the default one is."""
    assert "PARLEY_PERSONA=" in env_example()
    assert "PERSONAS" not in env_example()


def test_the_sample_serves_as_it_is_and_adds_only_what_it_shows(folder: Path) -> None:
    """Copied to parley.toml, it changes no setting and adds one persona."""
    before = load_settings()
    shutil.copy(CHECKOUT / "parley.toml.example", folder / "parley.toml")
    after = load_settings()
    assert list(after.personas) == ["editor"]
    assert after.model_copy(update={"personas": {}}) == before


def test_the_sample_shows_every_key_and_each_of_its_examples_is_accepted(folder: Path) -> None:
    """With all comment signs before settings taken away."""
    lines = (CHECKOUT / "parley.toml.example").read_text(encoding="utf-8").splitlines()
    whole = "\n".join(line[1:] if line[:1] == "#" and line[1:2] not in ("", " ") else line for line in lines)
    (folder / "parley.toml").write_text(whole, encoding="utf-8")
    assert set(tomllib.loads(whole)["personas"]["editor"]) == set(PersonaSettings.model_fields)
    assert load_settings().personas["editor"].voice


@given(st.text(max_size=40))
def test_a_name_is_no_markup_and_fits_into_a_command(text: str) -> None:
    """Whatever is accepted is one word without any sign that Markdown, HTML or a button's data knows."""
    try:
        name = NAME.validate_python(text)
    except ValidationError:
        return
    assert 1 <= len(name) <= 32
    assert all(character.isalnum() or character in "-_" or character.isidentifier() for character in name)
    assert not name.startswith(("-", "_"))
    assert not name.endswith(("-", "_"))
    assert name not in RESERVED_NAMES


# Python takes the four for space, pydantic does not. No file in UTF-8 holds half a surrogate pair.
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x1c\x1d\x1e\x1f"), min_size=1, max_size=200))
def test_any_prompt_is_kept_unless_it_is_empty(prompt: str) -> None:
    """To the letter, but for the space around it."""
    try:
        kept = PersonaSettings(prompt=prompt).prompt
    except ValidationError:
        assert not prompt.strip()
    else:
        assert kept == prompt.strip()
