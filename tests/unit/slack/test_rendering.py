"""Markdown for Slack: it fits, it calls nobody, and what a stream shows is the beginning of what follows."""

from __future__ import annotations

import pytest
from hypothesis import given

from adapters.slack.blocks import content_of
from adapters.slack.rendering import MAX_TEXT_UNITS, Markdown, render
from bot.ports import Fidelity, Rendered
from bot.rendering import Document, StreamingParser, parse, utf16_length
from tests.fakes.slack.blocks import complaints
from tests.unit.rendering.corpus import CORPUS
from tests.unit.rendering.strategies import documents


def one(markdown: str) -> Markdown:
    """The payload of the only message of a text."""
    (content,) = render(parse(markdown), fidelity=Fidelity.FORMATTED)
    assert isinstance(content.payload, Markdown)
    return content.payload


@given(document=documents)
def test_whatever_is_written_slack_takes_it(document: Document) -> None:
    """Blocks without a complaint, a notification text that fits, nothing that rings."""
    for fidelity in (Fidelity.PLAIN, Fidelity.FORMATTED):
        for content in render(document, fidelity=fidelity):
            params = content_of(content)
            assert list(complaints(params["blocks"])) == []
            assert 0 < len(params["text"]) <= 4000
            assert utf16_length(content.text) <= MAX_TEXT_UNITS
            if isinstance(content.payload, Markdown):
                assert "<!" not in content.payload.text
                assert "<@" not in content.payload.text


@pytest.mark.parametrize(
    "name",
    ["plain_prose", "headings_and_emphasis", "nested_lists", "list_with_code", "cjk_emphasis"],
)
def test_what_a_stream_shows_is_hardly_ever_taken_back(name: str) -> None:
    """Growing by a few characters at a time, an ordinary answer only grows; one Setext heading does not."""
    text, parser, shown, taken_back = CORPUS[name], StreamingParser(), "", 0
    for end in range(3, len(text) + 3, 3):
        (content,) = render(parser.parse(text[:end]), fidelity=Fidelity.FORMATTED)
        assert isinstance(content.payload, Markdown)
        taken_back += not content.payload.growing.startswith(shown)
        shown = content.payload.growing
    assert taken_back <= 1


def test_what_is_only_closed_because_the_text_ends_is_held_back() -> None:
    """A mark, a fence, an escape that the next character makes needless."""
    assert one("a **b**").growing == "a **b"
    assert one("```py\nx = 1\n```").growing == "```py\nx = 1"
    assert one("Sure!").growing == "Sure"
    assert one("| a | b |\n| - | - |").growing == ""


def test_numeric_references_and_breaks_become_what_slack_knows() -> None:
    """Slack would show them as they are; code keeps its own."""
    assert one("**注意：**请看").text == "**注意：**\u200a请看"
    assert "<br>" not in one("| a |\n| - |\n| x<br>y |").text
    assert one("`&#35831;` and `<br>`").text == "`&#35831;` and `<br>`"


def test_a_short_answer_is_the_last_part_and_a_long_one_has_one_last_part() -> None:
    """Which one ends the reply is for the thumbs to know."""
    parts = render(parse("\n\n".join(["word " * 100] * 60)), fidelity=Fidelity.FORMATTED)
    assert len(parts) > 2
    last = [part.payload.is_last for part in parts if isinstance(part.payload, Markdown)]
    assert last == [False] * (len(parts) - 1) + [True]


def test_chinese_is_counted_in_bytes() -> None:
    """A stream's size is."""
    for part in render(parse("你好，世界。" * 3000), fidelity=Fidelity.FORMATTED):
        assert isinstance(part.payload, Markdown)
        assert len(part.payload.text.encode()) <= MAX_TEXT_UNITS


def test_an_empty_message_still_shows_something() -> None:
    """Slack takes no message without text."""
    blocks = content_of(Rendered(text=""))["blocks"]
    assert list(complaints(blocks)) == []


@pytest.mark.parametrize("sign", ["&", "<", "a"])
def test_the_notification_text_fits_once_it_is_escaped(sign: str) -> None:
    """chat.update takes 4,000 characters."""
    assert 3000 < len(content_of(Rendered(text=sign * 9000))["text"]) <= 4000
