"""What a reply shows at one moment, and the document it makes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import (
    Block,
    Collapsed,
    Column,
    Columns,
    Document,
    Italic,
    Paragraph,
    Quote,
    StreamingParser,
    Text,
    flatten,
    parse,
)

__all__ = ["View"]

_LONGEST_QUOTE = 280
_QUOTE_TITLE = 60
_HEADING_END = "  \n"
_MOST_THINKING_CHARACTERS = 2400
_LIVE_THINKING_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A reply as it should be seen now.

    ``thinking`` is shown collapsed under ``thinking_title``. ``status`` is what goes on at the moment (a tool
    at work); ``mark`` is a closing remark of ours ("stopped"). Both stand below the answer, in italics.
    ``quoted`` stands above everything: what was heard in a voice message, say.
    ``columns`` are answers to be compared, each with its title, in the place of ``markdown``; the last grows.
    ``folded`` is what can be opened below it, Markdown under ``folded_title``: a long transcript, say.
    """

    markdown: str = ""
    thinking: str = ""
    thinking_title: str = ""
    status: str = ""
    mark: str = ""
    quoted: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    folded: str = ""
    folded_title: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be seen."""
        return not (
            self.markdown.strip()
            or self.columns
            or self.thinking.strip()
            or self.folded.strip()
            or self.status
            or self.mark
        )

    def document(self, *, parser: StreamingParser | None = None) -> Document:
        """As a document: with a parser the growing text's steady part, without one the final form."""
        blocks: list[Block] = []
        if self.quoted.strip():
            blocks.append(_quoted(self.quoted))
        if self.thinking.strip():
            blocks.append(_thinking(self, live=parser is not None))
        if self.columns:
            blocks.append(_columns(self.columns, parser))
        else:
            blocks += (parser.parse(self.markdown) if parser else parse(self.markdown)).blocks
        if self.folded.strip():
            blocks.append(Collapsed(title=self.folded_title, blocks=parse(self.folded).blocks))
        blocks += [_remark(line) for line in (self.status, self.mark) if line]
        return Document(blocks=tuple(blocks))


def _quoted(markdown: str) -> Quote | Collapsed:
    """As a quotation; a long one is folded away under its beginning, which holds its heading."""
    document = parse(markdown)
    plain = " ".join(flatten(document).text.split())
    if len(plain) <= _LONGEST_QUOTE:
        return Quote(blocks=document.blocks)
    heading, _, rest = markdown.partition(_HEADING_END)
    is_headed = rest and len(heading) < _QUOTE_TITLE and "\n" not in heading
    blocks = parse(rest).blocks if is_headed else document.blocks
    return Collapsed(title=f"{plain[:_QUOTE_TITLE]}…", blocks=blocks)


def _remark(line: str) -> Paragraph:
    return Paragraph(children=(Italic(children=(Text(text=line),)),))


def _columns(columns: tuple[tuple[str, str], ...], parser: StreamingParser | None) -> Columns:
    """Each answer is parsed alone: what one leaves open is closed before the next."""
    *whole, (title, growing) = columns
    last = parser.parse(growing) if parser else parse(growing)
    return Columns(
        columns=(
            *(Column(title=name, blocks=parse(text).blocks) for name, text in whole),
            Column(title=title, blocks=last.blocks),
        )
    )


def _thinking(view: View, *, live: bool) -> Collapsed:
    thoughts = view.thinking.strip()
    limit = _LIVE_THINKING_CHARACTERS if live else _MOST_THINKING_CHARACTERS
    if len(thoughts) > limit:
        thoughts = f"… {thoughts[-limit:]}" if live else f"{thoughts[:limit]} …"
    lines = [line.strip() for line in thoughts.splitlines() if line.strip()]
    paragraphs = tuple(Paragraph(children=(Text(text=line),)) for line in lines)
    return Collapsed(title=view.thinking_title, blocks=paragraphs)
