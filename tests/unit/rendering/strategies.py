"""Hypothesis strategies: Markdown that is mostly broken, and formatted text with sound spans."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.rendering import Document, FormattedText, flatten, parse
from tests.unit.rendering.corpus import CORPUS

__all__ = ["documents", "formatted_texts", "markdown"]

_SIGNS = ". : # - + * _ ~~ ` ``` ~~~ [ ] ( ) ! < > | $ $$ & = \\ ** *** __"
_LETTERS = "a b 1 中 ， “ x=1 😀 👩\u200d👧 🇩🇪 e\u0301 ع \u200d"
_PIECES = r"](http://x.y/a) ](u) [a] ![ <br> <http://x.y/_a> &nbsp; &#32; &lt; \( \) \[ \] [x] ~~ #tag"
_LINES = (
    *("\n", "\n\n", " ", "  ", "\t", "\n    ", "\n- ", "\n  - ", "\n* ", "\n1. ", "\n3) ", "\n> ", "\n## "),
    *("\n---\n", "\n===\n", "\n```\n", "\n```py\n", "```math\n", "\n$$\n", "\n|a|b|\n|-|-|\n", "|1|2|\n"),
    *("- [ ] ", "[a]: b\n"),
)
_UNWANTED = ("\x00", "\ud800", "\r", "\u2028", "\u202e", "\u200b", "\xa0", "\x1b[1m")
_ATOMS = tuple(f"{_SIGNS} {_LETTERS} {_PIECES}".split(" ")) + _LINES + _UNWANTED

_noise = st.lists(st.sampled_from(_ATOMS), max_size=30).map("".join)
_answers = st.sampled_from(sorted(CORPUS)).map(CORPUS.__getitem__)
_pieces = st.tuples(_answers, st.integers(0, 400), st.integers(0, 200)).map(
    lambda t: t[0][t[1] : t[1] + t[2]]
)

markdown: st.SearchStrategy[str] = st.one_of(
    _noise,
    st.text(max_size=60),
    st.lists(st.one_of(_noise, _pieces), min_size=1, max_size=4).map("".join),
)
documents: st.SearchStrategy[Document] = markdown.map(parse)
formatted_texts: st.SearchStrategy[FormattedText] = documents.map(flatten)
