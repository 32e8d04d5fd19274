"""What a reply shows at one moment, and the document it makes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import Block, Collapsed, Document, Italic, Paragraph, StreamingParser, Text, parse

__all__ = ["View"]

_MOST_THINKING_CHARACTERS = 2400
_LIVE_THINKING_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A reply as it should be seen now.

    ``thinking`` is shown collapsed under ``thinking_title``. ``status`` is what goes on at the moment (a tool
    at work); ``mark`` is a closing remark of ours ("stopped"). Both stand below the answer, in italics.
    """

    markdown: str = ""
    thinking: str = ""
    thinking_title: str = ""
    status: str = ""
    mark: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be seen."""
        return not (self.markdown.strip() or self.thinking.strip() or self.status or self.mark)

    def document(self, *, parser: StreamingParser | None = None) -> Document:
        """As a document: with a parser the growing text's steady part, without one the final form."""
        blocks: list[Block] = []
        if self.thinking.strip():
            blocks.append(_thinking(self, live=parser is not None))
        blocks += (parser.parse(self.markdown) if parser else parse(self.markdown)).blocks
        blocks += [_remark(line) for line in (self.status, self.mark) if line]
        return Document(blocks=tuple(blocks))


def _remark(line: str) -> Paragraph:
    return Paragraph(children=(Italic(children=(Text(text=line),)),))


def _thinking(view: View, *, live: bool) -> Collapsed:
    thoughts = view.thinking.strip()
    limit = _LIVE_THINKING_CHARACTERS if live else _MOST_THINKING_CHARACTERS
    if len(thoughts) > limit:
        thoughts = f"… {thoughts[-limit:]}" if live else f"{thoughts[:limit]} …"
    lines = [line.strip() for line in thoughts.splitlines() if line.strip()]
    paragraphs = tuple(Paragraph(children=(Text(text=line),)) for line in lines)
    return Collapsed(title=view.thinking_title, blocks=paragraphs)
