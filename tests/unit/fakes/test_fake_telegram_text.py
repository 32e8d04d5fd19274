"""The fake Telegram reads text, entities and markup with the platform's limits and sentences."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.telegram.call import Call
from tests.fakes.telegram.detect import detect_entities
from tests.fakes.telegram.entities import finish_text, link_is_taken
from tests.fakes.telegram.errors import ApiError
from tests.fakes.telegram.markup_html import parse_html
from tests.fakes.telegram.markup_v2 import parse_markdown_v2
from tests.fakes.telegram.rich import plain_text, read_rich
from tests.fakes.telegram.texts import read_caption, read_text
from tests.fakes.telegram.utf16 import code_units, slice_units

ALPHABET = st.text(alphabet=st.sampled_from(list("ab \n_*[]()~`>#+-=|{}.!<&;\\🦊é中")), max_size=60)


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    """A MessageEntity."""
    return {"type": kind, "offset": offset, "length": length, **more}


def no_defect(defect: str) -> None:
    """A report that must not be called."""
    raise AssertionError(defect)


def send(text: str, **params: Any) -> tuple[str, list[dict[str, Any]]]:
    """The text of a sendMessage call as the platform keeps it."""
    return read_text(Call(method="sendMessage", params={"text": text, **params}), no_defect)


@pytest.mark.parametrize(
    ("text", "params", "sentence"),
    [
        ("", {}, "message text is empty"),
        (" \n ", {}, "message text is empty"),
        ("<b> </b>", {"parse_mode": "HTML"}, "message text is empty"),
        ("x" * 4097, {}, "message is too long"),
        ("🦊" * 8193, {}, "text is too long"),
        ("x", {"parse_mode": "BBCode"}, "unsupported parse_mode"),
        ("a<x>", {"parse_mode": "HTML"}, 'can\'t parse entities: Unsupported start tag "x" at byte offset 1'),
        ("é<x>", {"parse_mode": "html"}, 'can\'t parse entities: Unsupported start tag "x" at byte offset 2'),
        (
            "<b>a",
            {"parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            "<b>a</i>",
            {"parse_mode": "HTML"},
            'can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("a</b>", {"parse_mode": "HTML"}, "can't parse entities: Unexpected end tag at byte offset 1"),
        ("a <b", {"parse_mode": "HTML"}, "can't parse entities: Unclosed start tag at byte offset 2"),
        (
            "Hi.",
            {"parse_mode": "MarkdownV2"},
            "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            "a *b",
            {"parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of Bold entity at byte offset 2",
        ),
        (
            "[a](b",
            {"parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of a URL at byte offset 3",
        ),
    ],
)
def test_text_is_refused_with_the_platforms_sentence(
    text: str, params: dict[str, Any], sentence: str
) -> None:
    """Empty, long and ill-formed text each have their own."""
    with pytest.raises(ApiError) as refused:
        send(text, **params)
    assert refused.value.description == f"Bad Request: {sentence}"


def test_length_is_counted_in_code_points_after_parsing() -> None:
    """4096 foxes pass, although they are 8192 UTF-16 units, and markup does not count."""
    assert send("🦊" * 4096)[0] == "🦊" * 4096
    assert send(f"<b>{'x' * 4096}</b>", parse_mode="HTML")[1] == [entity("bold", 0, 4096)]
    with pytest.raises(ApiError, match="message caption is too long"):
        read_caption("x" * 1025, "", None, no_defect)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (entity("bold", 3, 6), "ends after the end of the text at UTF-16 offset 9"),
        (entity("bold", 9, 1), "entity begins after the end of the text at UTF-16 offset 9"),
        (entity("bold", -1, 1), "receive an entity with incorrect offset -1"),
        (entity("bold", 1, 2), "entity begins in a middle of a UTF-16 symbol"),
        (entity("bold", 0, 1), "ends in a middle of a UTF-16 symbol"),
        (entity("loud", 0, 2), "can't parse MessageEntity"),
        ({"type": "bold", "offset": "0", "length": 1}, 'Field "offset" must be of type Number'),
    ],
)
def test_an_entity_lies_in_the_text_and_splits_no_character(wrong: dict[str, Any], sentence: str) -> None:
    """Offsets are UTF-16 units; the fox takes two."""
    with pytest.raises(ApiError, match=sentence):
        finish_text("🦊caba", [wrong], no_defect)


def test_spaces_at_both_ends_go_and_entities_move_along() -> None:
    """What a reader sees has no blank edges, and the bold word stays bold."""
    assert finish_text(" \n hi you  \n", [entity("bold", 6, 6)], no_defect) == (
        "hi you",
        [entity("bold", 3, 3)],
    )
    assert finish_text("  x = 1", [entity("pre", 0, 7)], no_defect) == ("  x = 1", [entity("pre", 0, 7)])


@pytest.mark.parametrize(
    ("entities", "defect"),
    [
        ([entity("text_link", 0, 3, url="no link")], "text_link with the URL 'no link'"),
        ([entity("pre", 0, 6), entity("bold", 2, 2)], "bold inside pre or code"),
        ([entity("bold", 0, 6), entity("code", 2, 2)], "code inside bold"),
        ([entity("blockquote", 0, 6), entity("blockquote", 2, 2)], "blockquote inside another quote"),
    ],
)
def test_markup_that_telegram_drops_is_reported(entities: list[dict[str, Any]], defect: str) -> None:
    """The message passes without it, and the defect is written down."""
    defects: list[str] = []
    text, kept = finish_text("some text", entities, defects.append)
    assert (text, kept) == ("some text", entities[: len(entities) - 1])
    assert defects[0].startswith(defect)


def test_more_than_a_hundred_entities_are_cut() -> None:
    """Telegram keeps the first hundred."""
    defects: list[str] = []
    _, kept = finish_text("x" * 300, [entity("bold", 2 * n, 1) for n in range(120)], defects.append)
    assert len(kept) == 100
    assert len(defects) == 1


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://example.org/a?b=c", True),
        ("example.org", True),
        ("tg://user?id=1", True),
        ("http://localhost/", False),
        ("mailto:a@b.c d", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_links_need_a_known_scheme_and_a_host(url: str, *, taken: bool) -> None:
    """What Telegram makes a link of."""
    assert link_is_taken(url) is taken


def test_html_becomes_entities() -> None:
    """Nesting, languages, links, references and expandable quotes."""
    source = (
        '<b>a<i>b</i></b> <pre><code class="language-py">x</code></pre>'
        "<a href='https://x.org?a=1&amp;b'>l</a> &lt;&#33;&nope; <blockquote expandable>q</blockquote>"
    )
    text, entities = parse_html(source)
    assert text == "ab xl <!&nope; q"
    assert entities == [
        entity("bold", 0, 2),
        entity("italic", 1, 1),
        entity("pre", 3, 1, language="py"),
        entity("text_link", 4, 1, url="https://x.org?a=1&b"),
        entity("expandable_blockquote", 15, 1),
    ]


def test_markdown_v2_becomes_entities() -> None:
    """Nesting, fences, links, quotes and escapes."""
    source = "*a _b_* __u__ ||s|| `c\\`` ```py\nx```[l](https://x.org/\\))\n>q1\n>q2\nend\\."
    text, entities = parse_markdown_v2(source)
    assert text == "a b u s c` xl\nq1\nq2\nend."
    assert entities == [
        entity("bold", 0, 3),
        entity("italic", 2, 1),
        entity("underline", 4, 1),
        entity("spoiler", 6, 1),
        entity("code", 8, 2),
        entity("pre", 11, 1, language="py"),
        entity("text_link", 12, 1, url="https://x.org/)"),
        entity("blockquote", 14, 5),
    ]


@given(ALPHABET)
def test_escaped_text_survives_both_parse_modes(text: str) -> None:
    """What was escaped comes back as it was, without entities."""
    html = text.replace("&", "&amp;").replace("<", "&lt;")
    escaped = "".join(f"\\{char}" if char in "_*[]()~`>#+-=|{}.!\\" else char for char in text)
    assert parse_html(html) == (text, [])
    assert parse_markdown_v2(escaped) == (text, [])


@given(ALPHABET)
def test_any_markup_is_parsed_or_refused(text: str) -> None:
    """No input breaks the parsers, and entities they find lie in the text."""
    for parse in (parse_html, parse_markdown_v2):
        refusal, (plain, entities) = "", parse_html("")
        try:
            plain, entities = parse(text)
        except ApiError as refused:
            refusal = refused.description
        assert not refusal or refusal.startswith("Bad Request: can't parse entities: ")
        finish_text(plain, entities, lambda _: None)


@given(ALPHABET, st.data())
def test_trimming_keeps_what_an_entity_covers(text: str, data: st.DataObject) -> None:
    """Moved along with the text, an entity still covers the same words."""
    starts = [code_units(text[:index]) for index in range(len(text) + 1)]
    first, last = sorted((data.draw(st.sampled_from(starts)), data.draw(st.sampled_from(starts))))
    covered = slice_units(text, first, last - first)
    shown, entities = finish_text(text, [entity("bold", first, last - first)], no_defect)
    assert shown.strip() == text.strip()
    for kept in entities:
        assert slice_units(shown, kept["offset"], kept["length"]).strip() == covered.strip()
    assert bool(entities) == bool(covered.strip()) or not covered.strip()


def test_a_client_finds_commands_mentions_and_links() -> None:
    """In UTF-16 units, and not inside words."""
    text = "🦊 /help@parley_bot ask @ann_k or a@b.org, see https://x.org/a. #tag a/b"
    found = [(e["type"], slice_units(text, e["offset"], e["length"])) for e in detect_entities(text)]
    assert found == [
        ("bot_command", "/help@parley_bot"),
        ("mention", "@ann_k"),
        ("email", "a@b.org"),
        ("url", "https://x.org/a"),
        ("hashtag", "#tag"),
    ]


def test_rich_blocks_are_checked_and_labelled() -> None:
    """Blocks keep their shape; list items get the label the reader sees."""
    item = {"blocks": [{"type": "paragraph", "text": "one"}], "value": 3}
    rich = read_rich({"blocks": [{"type": "list", "items": [item]}, {"type": "divider"}]})
    assert rich.blocks[0]["items"][0]["label"] == "3."
    assert plain_text(rich.blocks) == "3. one\n"
    with pytest.raises(ApiError, match="can't parse InputRichBlock"):
        read_rich({"blocks": [{"type": "marquee"}]})
    with pytest.raises(ApiError, match="can't parse InputRichBlock"):
        read_rich({"blocks": [{"type": "thinking", "text": "hm"}]})
    assert read_rich({"blocks": [{"type": "thinking", "text": "hm"}]}, draft=True).blocks
