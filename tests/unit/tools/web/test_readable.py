"""From HTML to text: the main part, with Markdown, in either language, however the page is built."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.web import readable as readable_module
from bot.tools.web.readable import readable

URL = "https://page.example/a/b?c"
PROSE_EN = "The quick brown fox, as everybody knows, jumps over the lazy dog; it does so every day. " * 5
PROSE_ZH = "敏捷的棕色狐狸，每天都会跳过那只懒狗；这件事，大家都知道，而且谁也不觉得奇怪。" * 5
MENU = "<ul>" + '<li><a href="/x">Menu entry of some length</a></li>' * 8 + "</ul>"


def text_of(html: str) -> str:
    """The text of a page with this body."""
    return readable(html, URL)[1]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>One</h1><p>two  \n three</p>", "# One\n\ntwo three"),
        ("<h3>Deep</h3>text", "### Deep\n\ntext"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<ul><li>one<li>two<ul><li>deep</ul></ul>after", "- one\n- two\n  - deep\n\nafter"),
        ("<ol><li>a<li><p>b</p><li>c</ol>", "1. a\n2. b\n\n3. c"),
        ("<pre>def f():\n    pass</pre>", "```\ndef f():\n    pass\n```"),
        ("<p>run <code>ls -l</code> now</p>", "run `ls -l` now"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A | B\n1 | 2"),
        ("<blockquote><p>said</p></blockquote>", "> said"),
        ('<p>see <a href="../x y">this page</a>.</p>', "see [this page](https://page.example/x%20y)."),
        ('<p>see<a href="/x"> this</a></p>', "see [this](https://page.example/x)"),
        (
            '<a href="#top">up</a> <a href="javascript:x()">run</a> <a href="mailto:a@b">mail</a>',
            "up run mail",
        ),
        ('<a href="http://[">bad</a> <a>none</a>', "bad none"),
        ('<img alt="a cat" src=x><img src=y>', "[image: a cat]"),
        ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
        ("<p>1 &lt; 2 &amp; &#x4e2d;</p>", "1 < 2 & 中"),
        ("<dl><dt>term<dd>meaning</dl>", "term\n\nmeaning"),
        ("", ""),
        ("just words", "just words"),
    ],
)
def test_structure_becomes_markdown(html: str, expected: str) -> None:
    """Headings, lists, code, tables, quotations, links and pictures' descriptions."""
    assert text_of(html) == expected


def test_the_title_is_one_line() -> None:
    """From the head, or from the first heading."""
    assert readable("<title> 你好 &amp;\n Hi </title>x", URL)[0] == "你好 & Hi"
    assert readable("<h1>Only <b>this</b></h1>", URL)[0] == "Only this"
    assert readable("<p>none</p>", URL)[0] == ""


def test_scripts_styles_and_what_is_hidden_are_left_out() -> None:
    """A model would read what no person on the page can see."""
    hidden = (
        "<script>s1</script><style>s2</style><template>s3</template><noscript>s4</noscript><p hidden>s5</p>"
        '<p style="display:none">s6</p><p aria-hidden=true>s7</p><!-- s8 --><iframe>s9</iframe>'
        '<div style="color:red; visibility:hidden">s10<script>s11</script></div>'
    )
    assert text_of(f"<p>shown</p>{hidden}") == "shown"


@pytest.mark.parametrize("prose", [PROSE_EN, PROSE_ZH])
@pytest.mark.parametrize(
    "frame",
    [
        "<nav>{menu}</nav><main><p>{prose}</p></main><footer>{menu}</footer>",
        "<div class=a>{menu}</div><article><p>{prose}</p></article><div>{menu}</div>",
        "<div>{menu}</div><div><div><p>{prose}</p><p>{prose}</p></div></div><div>{menu}</div>",
        "<header>{menu}</header><div role=main>{prose}</div><aside>{menu}</aside>",
    ],
)
def test_the_main_part_is_found(frame: str, prose: str) -> None:
    """By its mark, and else by where the prose is; menus around it are left out."""
    text = text_of(frame.format(menu=MENU, prose=prose))
    assert prose.strip() in text
    assert "Menu entry" not in text


def test_a_small_article_does_not_hide_the_page() -> None:
    """A page may mark a teaser as its article."""
    html = f"<article>teaser</article><div><p>{PROSE_EN}</p></div>"
    assert PROSE_EN.strip() in text_of(html)


def test_a_page_of_menus_alone_is_still_read() -> None:
    """An index has nothing else."""
    assert "Menu entry" in text_of(f"<nav>{MENU}</nav>")


def test_noise_within_noise_is_dropped_once() -> None:
    """Elements to drop may lie inside each other."""
    inner = "<svg><script>x</script></svg><button hidden><dialog>y</dialog></button>"
    assert (
        text_of(f"<nav><nav>{inner * 50}</nav></nav><aside><footer>z</footer></aside><p>kept</p>") == "kept"
    )


def test_the_program_says_the_title_and_then_the_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What its parent reads; bounding its own resources is left out here, as they are the tests'."""
    monkeypatch.setattr(readable_module, "_limit_resources", lambda: None)
    monkeypatch.setattr("sys.stdin", io.StringIO("<title>T</title><p>a<p>b"))
    monkeypatch.setattr("sys.argv", ["readable.py", URL])
    readable_module._main()
    assert capsys.readouterr().out == "T\na\n\nb"


def test_a_very_long_text_is_bounded() -> None:
    """The output has a limit of its own."""
    assert len(text_of("<p>word</p>" * 150_000)) < 900_000


TAGS = (
    "p ul ol li pre a table tr td b h2 br nav main code blockquote svg math template select script title body"
)
PIECES = st.one_of(
    st.sampled_from([f"<{slash}{tag}>" for tag in TAGS.split() for slash in ("", "/")]),
    st.sampled_from(
        ["<a href=x>", "<!--", "-->", "<frameset>", "&amp;", "&lt;", "&#0;", "中文", "words", "```"]
    ),
)


@given(st.lists(PIECES, max_size=60))
def test_any_soup_of_tags_is_read_without_failing(pieces: list[str]) -> None:
    """Real pages are broken in every way."""
    title, text = readable(" ".join(pieces), URL)
    assert "\n" not in title
    assert len(text) < 10_000
    text.encode("utf-8")
