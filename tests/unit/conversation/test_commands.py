"""Commands are understood the same everywhere, and misspelt ones are met with a suggestion."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.access.admission import Admission
from bot.conversation.commands import CommandName, lane_of, menu, nearest, parse_command
from bot.messages import Author, ConversationKey
from bot.ports import Lane
from bot.settings import Access
from bot.storage.people import Standing
from bot.texts import LANGUAGES, TEXTS, language_of, say
from tests.fakes.clock import ManualClock

KEY = ConversationKey(platform="telegram", account="1", chat="7")
ANN = Author(id="1", name="Ann")


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/new", CommandName.NEW, ""),
        ("/NEW please", CommandName.NEW, "please"),
        ("/reset", CommandName.NEW, ""),
        ("/stop\n", CommandName.STOP, ""),
        ("/nwe", None, ""),
    ],
)
def test_a_command_is_recognised(text: str, name: CommandName | None, argument: str) -> None:
    """By its first word, in any case, with its aliases."""
    command = parse_command(text)
    assert command is not None
    assert (command.name, command.argument) == (name, argument)


@pytest.mark.parametrize("text", ["hello", "", "/", "/etc/passwd", "a /new", "/new!", "//new"])
def test_ordinary_text_is_no_command(text: str) -> None:
    """Paths and slashes inside a sentence are left alone."""
    assert parse_command(text) is None


def test_only_stop_overtakes_and_what_takes_long() -> None:
    """Everything else keeps its place in the conversation."""
    overtaking = [name for name in CommandName if lane_of(parse_command(f"/{name}")) is Lane.CONTROL]  # type: ignore[arg-type]
    slow = {CommandName.TRANSCRIBE, CommandName.IMAGE, CommandName.VIDEO}
    assert set(overtaking) == {CommandName.STOP, *slow}


def test_a_misspelt_command_is_met_with_the_nearest() -> None:
    """And nonsense with nothing."""
    assert nearest("/rtery") == "/retry"
    assert nearest("/xyzzy") is None


def test_every_command_of_the_menu_is_one_we_know() -> None:
    """In every language."""
    for entry in menu():
        assert parse_command(f"/{entry.name}").name == entry.name  # type: ignore[union-attr]
        assert set(entry.descriptions) == set(LANGUAGES)


def test_every_language_has_every_sentence() -> None:
    """A new sentence is not forgotten in a translation, nor an old one left behind."""
    for language in LANGUAGES:
        assert set(TEXTS[language]) == set(TEXTS["en"]), language


_WORDLESS = ("tool_running", "list_separator", "kept_separator")


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_a_sentence_takes_the_same_values_in_every_language(key: str) -> None:
    """No placeholder is lost in translation, and every language has its own words."""
    english, chinese = TEXTS["en"][key], TEXTS["zh"][key]
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, chinese)
    ]
    assert fields[0] == fields[1]
    assert re.search(r"[\u4e00-\u9fff]", chinese) or key in _WORDLESS
    # A language is offered under its own name too: whoever needs it may read no other.
    assert not re.search(r"[\u4e00-\u9fff]", english) or key == "button_language_zh"


def test_people_are_addressed_in_their_language() -> None:
    """The operator's setting goes before the person's app."""
    assert [language_of(code) for code in ("zh-hans", "zh", "en", "de", "")] == ["zh", "zh", "en", "en", "en"]
    assert language_of("zh", "en") == "en"
    assert say("stopped", "zh") == "已停止。"


@given(st.sampled_from(["42", "telegram:42"]))
def test_pairing_admits_the_operators_list_only(admin: str) -> None:
    """By id, with or without the platform; never bots; those the platform vouches for."""
    admission = Admission(access=Access.PAIRING, admins=[admin], clock=ManualClock())
    assert admission.standing(KEY, Author(id="42", name="Ann")) is Standing.ADMIN
    assert admission.standing(KEY, Author(id="43", name="Ann")) is Standing.STRANGER
    assert admission.standing(KEY, Author(id="42", name="Ann", is_bot=True)) is Standing.BLOCKED
    assert admission.standing(KEY, Author(id="me", name="Me", vouched=True)) is Standing.ADMITTED
    assert admission.standing(KEY, Author(id="me", name="Me", is_operator=True)) is Standing.ADMIN


def test_another_platforms_person_with_the_same_number_stays_out() -> None:
    """``slack:42`` is not ``telegram:42``."""
    admission = Admission(access=Access.PAIRING, admins=["slack:42"], clock=ManualClock())
    assert admission.standing(KEY, Author(id="42", name="Ann")) is Standing.STRANGER


@pytest.mark.parametrize("access", list(Access))
def test_what_an_admin_decided_about_a_person_holds(access: Access) -> None:
    """Also where everybody is served; but nobody shuts out the operator or those the settings name."""
    admission = Admission(access=access, admins=["1"], clock=ManualClock())
    for standing in (Standing.BLOCKED, Standing.ADMITTED, Standing.ADMIN):
        assert admission.standing(KEY, Author(id="2", name="Ben"), stored=standing) is standing
        assert admission.standing(KEY, Author(id="1", name="Ann"), stored=standing) is Standing.ADMIN


def test_an_admitted_chat_admits_who_writes_there_but_not_guests() -> None:
    """By an admin's word or by the operator's list."""
    admission = Admission(access=Access.PAIRING, admins=[], allowed=["telegram:7"], clock=ManualClock())
    elsewhere = replace(KEY, chat="8")
    for author, standing in ((ANN, Standing.ADMITTED), (replace(ANN, is_guest=True), Standing.STRANGER)):
        assert admission.standing(replace(KEY, chat="7"), author) is standing
        assert admission.standing(elsewhere, author, chat_admitted=True) is standing
        assert admission.standing(elsewhere, author) is Standing.STRANGER


def test_a_stranger_is_told_once_an_hour() -> None:
    """A flood of messages from outside does not become a flood of ours."""
    clock = ManualClock()
    admission = Admission(access=Access.PAIRING, admins=[], clock=clock)
    stranger = Author(id="9", name="Eve")
    assert [admission.tell(KEY, stranger) for _ in range(3)] == [True, False, False]
    clock.advance(3601)
    assert admission.tell(KEY, stranger)
