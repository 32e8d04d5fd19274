"""Answers as HTML: all their words, and no markup but ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.highlight import LONGEST_COLOURED, highlight
from adapters.web.html import clean, plain_html, to_html
from bot.rendering import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Document,
    Heading,
    Image,
    Inline,
    LineBreak,
    Link,
    List,
    ListItem,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Table,
    Text,
    parse,
)

VOID = {"br", "hr"}
TAGS = VOID | {"p", "h3", "h4", "h5", "h6", "ol", "ul", "li", "div", "span", "blockquote", "pre", "code"}
TAGS |= {"details", "summary", "table", "thead", "tbody", "tr", "th", "td", "a", "strong", "em", "s", "audio"}
ATTRIBUTES = {
    "class",
    "dir",
    "tabindex",
    "role",
    "value",
    "scope",
    "href",
    "rel",
    "target",
    "aria-checked",
    "download",
    "aria-disabled",
    "controls",
    "preload",
    "src",
}


class Reader(HTMLParser):
    """Reads HTML as strictly as it was meant: every tag and attribute one of ours, everything closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.links: list[dict[str, str | None]] = []
        self.classes: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        self.classes |= {value or "" for name, value in attrs if name == "class"}
        if tag == "a":
            self.links.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl!r}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data!r}")


def words(text: str) -> str:
    """A text without blanks, which markup may add and take."""
    return "".join(clean(text).split())


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "javascript:alert(1)",
            "</code></pre><iframe>",
            "&lt;b&gt; &amp; &#60;",
            "<!-- -->",
            "]]>",
            "\u202eevil\u202c",
            "\x00<\x1b[31m",
            "a\ud83db",
        ]
    ),
)
URLS = st.one_of(
    HOSTILE,
    HOSTILE.map(lambda text: f"https://example.org/{text}"),
    st.sampled_from(
        [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,<b>",
            "vbscript:x",
            "//x.y",
            " https://x.y",
            "file:///etc",
        ]
    ),
)
INLINES: st.SearchStrategy[Inline] = st.recursive(
    st.one_of(
        HOSTILE.map(lambda text: Text(text=text)),
        HOSTILE.map(lambda text: Code(text=text)),
        HOSTILE.map(lambda text: Math(text=text)),
        st.builds(lambda alt, url: Image(alt=alt, url=url), HOSTILE, URLS),
        st.just(LineBreak()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda nodes: Bold(children=tuple(nodes))),
        st.builds(lambda url, nodes: Link(url=url, children=tuple(nodes)), URLS, st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)
ROWS = st.lists(INLINES, max_size=3).map(tuple)
LEAVES: st.SearchStrategy[Block] = st.one_of(
    ROWS.map(lambda nodes: Paragraph(children=nodes)),
    st.builds(lambda level, nodes: Heading(level=level, children=nodes), st.integers(1, 6), ROWS),
    st.builds(
        lambda language, text: CodeBlock(language=language, text=text),
        st.one_of(
            st.none(), HOSTILE, st.sampled_from(["python", "html", "JavaScript", "sql", "c++", "bash"])
        ),
        HOSTILE,
    ),
    HOSTILE.map(lambda text: MathBlock(text=text)),
    st.lists(st.lists(ROWS, min_size=2, max_size=2).map(tuple), max_size=3).map(
        lambda rows: Table(header=(((Text(text="a"),)), (Text(text="b"),)), rows=tuple(rows), align=())
    ),
)
BLOCKS: st.SearchStrategy[Block] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda blocks: Quote(blocks=tuple(blocks))),
        st.builds(
            lambda title, blocks: Collapsed(title=title, blocks=tuple(blocks)),
            HOSTILE,
            st.lists(inner, max_size=2),
        ),
        st.builds(
            lambda checked, blocks: List(
                ordered=False, items=(ListItem(blocks=tuple(blocks), checked=checked),)
            ),
            st.sampled_from([None, True, False]),
            st.lists(inner, max_size=2),
        ),
    ),
    max_leaves=8,
)
DOCUMENTS = st.lists(BLOCKS, max_size=5).map(lambda blocks: Document(blocks=tuple(blocks)))


@settings(max_examples=150, deadline=None)
@given(document=DOCUMENTS, growing=st.booleans())
def test_no_text_becomes_markup(document: Document, growing: bool) -> None:
    """Whatever stands in the tree, the HTML holds our tags and attributes alone, and each is closed."""
    read = Reader(to_html(document, growing=growing))
    for link in read.links:
        assert re.match(r"(?i)https?://|mailto:", link["href"] or "")
        assert link["rel"] == "noopener noreferrer"


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(), st.lists(HOSTILE, max_size=8).map("\n\n".join)))
def test_no_markdown_becomes_foreign_markup(text: str) -> None:
    """From what a model writes to the page, and as plain text with every character."""
    Reader(to_html(parse(text)))
    assert words(Reader(plain_html(text)).text) == words(text)


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(
        st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=200
    ),
    language=st.sampled_from(["python", "html", "javascript", "sql", "json", "bash", "rust", "klingon", ""]),
)
def test_code_is_shown_character_by_character(text: str, language: str) -> None:
    """Colours add nothing and take nothing, known language or not."""
    assert Reader(f"<pre>{highlight(text, language)}</pre>").text == text
    block = Document(blocks=(CodeBlock(language=language, text=text),))
    assert Reader(to_html(block)).text == language + text


def test_known_languages_get_colours_once_they_are_whole() -> None:
    """A block that still grows is not coloured anew with every word; neither is a very long one."""
    code = CodeBlock(language="Python", text="def f(): return 1")
    after = Document(blocks=(code, Paragraph(children=(Text(text="after"),))))
    assert '<span class="k">def</span>' in to_html(Document(blocks=(code,)))
    assert "<span class" not in to_html(Document(blocks=(code,)), growing=True).partition("<code>")[2]
    assert '<span class="k">def</span>' in to_html(after, growing=True)
    assert "<span" not in highlight("x = 1\n" * LONGEST_COLOURED, "python")


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("one **two** *three*", '<p dir="auto">one <strong>two</strong> <em>three</em></p>'),
        ("# Title", '<h3 class="h1" dir="auto">Title</h3>'),
        ("- [x] done", '<span class="box" role="checkbox" aria-checked="true" aria-disabled="true">☑</span>'),
        (
            "3. three\n4. four",
            '<ol><li dir="auto" value="3">three</li><li dir="auto" value="4">four</li></ol>',
        ),
        ("| a |\n|--:|\n| 1 |", '<th scope="col" class="right">a</th>'),
        ("$x^2$", '<code class="math">x^2</code>'),
        ("<b>bold?</b>", "&lt;b&gt;bold?&lt;/b&gt;"),
        ("[mail](mailto:a@example.org)", '<a href="mailto:a@example.org"'),
    ],
)
def test_markdown_looks_as_it_should(markdown: str, html: str) -> None:
    """The forms people know."""
    assert html in to_html(parse(markdown))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "tg://resolve", "ftp://x.y/z", "/etc"]
)
def test_addresses_a_page_must_not_lead_to_are_words(url: str) -> None:
    """They stand beside the text of the link."""
    html = to_html(Document(blocks=(Paragraph(children=(Link(url=url, children=(Text(text="here"),)),)),)))
    assert "<a" not in html
    assert f"({url})" in Reader(html).text


def test_a_picture_is_not_loaded() -> None:
    """Its server would learn who reads what; it is a link with its words."""
    html = to_html(parse("![a cat](https://example.org/cat.png)"))
    assert "<img" not in html
    assert Reader(html).links[0]["href"] == "https://example.org/cat.png"
    assert "a cat" in html


def test_thoughts_are_folded_away() -> None:
    """A reader opens them on demand."""
    block = Collapsed(title="Thought for 3 s", blocks=(Paragraph(children=(Text(text="hm"),)),))
    html = to_html(Document(blocks=(block,)))
    assert html.startswith("<details><summary>Thought for 3 s</summary>")


def test_an_empty_document_is_empty() -> None:
    """No tags around nothing."""
    assert to_html(Document()) == ""
