"""Every document becomes messages that Telegram takes, in each fidelity."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.telegram.outbound import content_of
from adapters.telegram.rendering import MAX_TEXT_UNITS, Entities, RichMarkdown, render
from bot.ports import Fidelity
from bot.rendering import Document, parse, utf16_length

TABLE = "|a|b|\n|-|-|\n|1|2|"


@pytest.mark.parametrize("fidelity", list(Fidelity))
@pytest.mark.parametrize("text", ["", "Hello", "**bold** 😀 `code`", TABLE, "word " * 3000, "😀" * 5000])
def test_every_message_fits(text: str, fidelity: Fidelity) -> None:
    """There is at least one message, and none is too long."""
    messages = render(parse(text), fidelity=fidelity)
    assert messages
    for message in messages:
        is_rich = isinstance(message.payload, RichMarkdown)
        assert is_rich or utf16_length(message.text) <= MAX_TEXT_UNITS


def test_plain_and_formatted_read_the_same() -> None:
    """Falling back loses the form and no word."""
    document = parse("# Title\n\nsome **bold** [link](https://x.y)\n\n" + "much more " * 900)
    plain, formatted = (render(document, fidelity=each) for each in (Fidelity.PLAIN, Fidelity.FORMATTED))
    assert [message.text for message in plain] == [message.text for message in formatted]
    assert all(message.payload is None for message in plain)
    assert isinstance(formatted[0].payload, Entities)


def test_entities_are_what_telegram_calls_them() -> None:
    """Offsets count UTF-16 units, and languages and targets come along."""
    (message,) = render(parse("😀 **b** [l](https://x.y)\n```py\nx\n```"), fidelity=Fidelity.FORMATTED)
    wire = content_of(message)
    assert wire["entities"] == [
        {"type": "bold", "offset": 3, "length": 1},
        {"type": "text_link", "offset": 5, "length": 1, "url": "https://x.y"},
        {"type": "pre", "offset": message.text.index("x") + 1, "length": 1, "language": "py"},
    ]


def test_equal_documents_render_equal() -> None:
    """A draft that would show the same is recognised by comparing."""
    for fidelity in Fidelity:
        assert render(parse("a **b**"), fidelity=fidelity) == render(parse("a **b**"), fidelity=fidelity)
        assert render(parse("a **b**"), fidelity=fidelity) != render(parse("a **c**"), fidelity=fidelity)
    plain, formatted = (
        render(parse("no form"), fidelity=each) for each in (Fidelity.PLAIN, Fidelity.FORMATTED)
    )
    assert plain == formatted


@pytest.mark.parametrize(
    ("text", "is_rich"),
    [
        (TABLE, True),
        ("word " * 6000, True),
        ("word " * 7000, False),
        ("- item\n" * 470, False),
        ("- item\n" * 200, True),
        ("> " * 13 + "deep", False),
        ("|" + "a|" * 21 + "\n|" + "-|" * 21 + "\n|" + "1|" * 21, False),
        (TABLE + "\n|1|2|" * 480, False),
        ("", False),
    ],
    ids=[
        "table",
        "long",
        "too long",
        "too many items",
        "many items",
        "too deep",
        "too wide",
        "too many rows",
        "empty",
    ],
)
def test_what_is_too_large_for_one_rich_message_is_formatted(text: str, is_rich: bool) -> None:
    """Within the limits a document is one rich message; past any of them it is formatted text in parts."""
    messages = render(parse(text), fidelity=Fidelity.RICH)
    assert isinstance(messages[0].payload, RichMarkdown) is is_rich
    if is_rich:
        assert len(messages) == 1
    else:
        assert messages == render(parse(text), fidelity=Fidelity.FORMATTED)


pieces = st.sampled_from(
    [
        "**b** ",
        "`c` ",
        "word ",
        "😀",
        "\n\n",
        "- i\n",
        "> q\n",
        "```\nx\n```\n",
        "[l](https://x.y) ",
        "家",
        "$",
    ]
)


@given(st.lists(pieces, max_size=60).map("".join), st.sampled_from(Fidelity))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
def test_no_document_makes_an_invalid_message(text: str, fidelity: Fidelity) -> None:
    """Spans lie inside their text, and there are no more than Telegram shows."""
    for message in render(parse(text), fidelity=fidelity):
        if isinstance(message.payload, Entities):
            units = utf16_length(message.text)
            assert len(message.payload.spans) <= 100
            assert all(0 <= span.offset < span.end <= units for span in message.payload.spans)


def test_an_empty_document_is_an_empty_message() -> None:
    """The caller decides what to show instead of nothing."""
    for fidelity in Fidelity:
        (message,) = render(Document(), fidelity=fidelity)
        assert message.text == ""
