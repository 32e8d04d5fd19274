"""What people write on Slack reaches the model as they meant it."""

from __future__ import annotations

import pytest

from tests.unit.slack.support import rich, section, text_of, words


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
        ("ask <@UBOB> or <@UNEW|newbie>", "ask @Bob or @newbie"),
        ("<@UOTHER>", "@UOTHER"),
        ("see <#C9|general> and <#C8>", "see #general and #C8"),
        ("<https://example.org|the site>", "[the site](https://example.org)"),
        ("<https://example.org>", "https://example.org"),
        ("<mailto:a@example.org|a@example.org>", "a@example.org"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|today>", "@here @team today"),
        ("two  blanks, *stars* and `code`", "two  blanks, *stars* and `code`"),
        ("  <@UBOT>: help me", "help me"),
        ("<@UBOT> <@UBOT> /undo", "/undo"),
        ("what does <@UBOT> do?", "what does @Parley do?"),
        ("a\r\nb\x00c", "a\nbc"),
    ],
)
def test_markup_of_the_text_field(written: str, read: str) -> None:
    """Ids get names, links their Markdown, entities their sign; the rest stays as written."""
    assert text_of(text=written) == read


def test_rich_text_keeps_lists_code_and_styles() -> None:
    """The text field has lost them."""
    bullets = {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [section(words("a")), section(words("b"))],
    }
    numbers = {
        "type": "rich_text_list",
        "style": "ordered",
        "indent": 1,
        "offset": 2,
        "elements": [section(words("c"))],
    }
    code = {"type": "rich_text_preformatted", "elements": [words("x = *1*")]}
    quote = {"type": "rich_text_quote", "elements": [words("said\nso")]}
    line = section(words("a "), words("bold", bold=True), words(" and "), words("x", code=True), words("\n"))
    assert text_of(text="lossy", blocks=rich(line, bullets, numbers, code, quote)) == (
        "a **bold** and `x`\n- a\n- b\n    3. c\n```\nx = *1*\n```\n> said\n> so"
    )


def test_rich_text_names_people_links_and_emoji() -> None:
    """Our own mention before the words is left out."""
    line = section(
        {"type": "user", "user_id": "UBOT"},
        words(" look "),
        {"type": "user", "user_id": "UBOB"},
        words(" "),
        {"type": "link", "url": "https://example.org", "text": "here"},
        words(" "),
        {"type": "emoji", "name": "+1", "unicode": "1f44d-1f3fd"},
        {"type": "emoji", "name": "parley"},
        {"type": "broadcast", "range": "here"},
    )
    assert text_of(text="x", blocks=rich(line)) == "look @Bob [here](https://example.org) 👍🏽:parley:@here"


def test_stars_typed_as_stars_stay_stars() -> None:
    """Only what Slack calls bold is bold."""
    assert text_of(text="x", blocks=rich(section(words("2 * 3 * 4, *loud*")))) == "2 * 3 * 4, *loud*"


def test_blocks_of_an_app_are_not_the_message() -> None:
    """Other blocks say what the text says already."""
    blocks = [*rich(section(words("half"))), {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    assert text_of(text="the whole", blocks=blocks) == "the whole"


def test_rich_text_deeper_than_any_reader_goes_falls_back() -> None:
    """Nesting without end costs the form, not the message."""
    element: dict[str, object] = words("deep")
    for _ in range(50_000):
        element = {"type": "rich_text_section", "elements": [element]}
    assert text_of(text="the words", blocks=[{"type": "rich_text", "elements": [element]}]) == "the words"
