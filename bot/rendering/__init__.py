"""Markdown becomes a Document tree, and the tree becomes text that a platform takes, with nothing lost."""

from .chunks import chunks
from .document import (
    Align,
    Block,
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Column,
    Columns,
    Document,
    Heading,
    Image,
    Inline,
    Italic,
    LineBreak,
    Link,
    List,
    ListItem,
    Math,
    MathBlock,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)
from .flatten import flatten
from .literal import literal
from .markdown import to_markdown
from .parse import parse
from .split import split
from .streaming import StreamingParser
from .text import FormattedText, Span, SpanKind, utf16_length

__all__ = [
    "Align",
    "Block",
    "Bold",
    "Code",
    "CodeBlock",
    "Collapsed",
    "Column",
    "Columns",
    "Document",
    "FormattedText",
    "Heading",
    "Image",
    "Inline",
    "Italic",
    "LineBreak",
    "Link",
    "List",
    "ListItem",
    "Math",
    "MathBlock",
    "Paragraph",
    "Quote",
    "Rule",
    "Span",
    "SpanKind",
    "StreamingParser",
    "Strike",
    "Table",
    "Text",
    "chunks",
    "flatten",
    "literal",
    "parse",
    "split",
    "to_markdown",
    "utf16_length",
]
