"""Input made to break a parser costs no more than its length."""

from __future__ import annotations

import pytest

from bot.rendering import StreamingParser, flatten, parse, split, to_markdown

_SIZE = 12_000
_HOSTILE = {
    "nested_quotes": ">" * _SIZE,
    "nested_lists": "- " * (_SIZE // 2),
    "deeper_and_deeper": "".join(" " * (2 * depth) + "- a\n" for depth in range(150)),
    "open_brackets": "[" * _SIZE,
    "open_images": "![" * (_SIZE // 2),
    "open_links": "[a](b" * (_SIZE // 5),
    "nested_images": "![a" * (_SIZE // 6) + "](b)" * (_SIZE // 8),
    "open_bold": "**a " * (_SIZE // 4),
    "alternating_marks": "*a _b " * (_SIZE // 6),
    "stars": "*" * _SIZE,
    "ticks_of_all_lengths": "".join("`" * length + " " for length in range(240)),
    "dollars": "$a " * (_SIZE // 3),
    "open_formula_lines": "$$ a\n" * (_SIZE // 5),
    "open_formulas": "\\(" * (_SIZE // 4) + "\\\\)" * (_SIZE // 6),
    "open_brackets_with_backslash": "\\[\n" * (_SIZE // 3),
    "angle_brackets": "<http:" * (_SIZE // 6),
    "ampersands": "&#x" * (_SIZE // 3),
    "many_marks": "`a` **b `c`** [d](http://e.f) " * (_SIZE // 24),
    "wide_table": "|" * 3000 + "\n" + "|-" * 3000 + "|\n" + "|\n" * 3000,
    "definitions": "".join(f"[a{number}]: b\n" for number in range(2000)),
    "setext_candidates": "a\n-\n" * (_SIZE // 4),
    "combining_marks": "a" + "\u0301" * _SIZE,
    "zero_width": "\u200b" * _SIZE + "a\u200d" * 1000,
    "surrogates": "\ud800\udc00\udfff" * (_SIZE // 3),
    "nul": "\x00" * _SIZE,
    "right_to_left": "\u202e\u0627" * (_SIZE // 2),
}


@pytest.mark.parametrize("name", sorted(_HOSTILE))
@pytest.mark.timeout(60)
def test_hostile_input_is_rendered_whole(name: str) -> None:
    """No exception and no exponential time on the whole way from Markdown to parts (the timeout guards)."""
    source = _HOSTILE[name]
    document = parse(source)
    StreamingParser().parse(source)
    to_markdown(document)
    for part in split(flatten(document), limit=4096):
        assert 0 < part.length <= 4096
