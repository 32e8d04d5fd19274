"""Makes of a written answer what can be read aloud: plain sentences, each thing said once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, assert_never
from urllib.parse import urlsplit

from bot.conversation.speaking.pieces import shortened
from bot.rendering import (
    Block,
    Bold,
    Code,
    CodeBlock,
    Collapsed,
    Columns,
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
    parse,
)
from bot.texts import say

__all__ = ["MOST_SPOKEN_BYTES", "speakable_text", "spoken_language", "text_to_speak"]

# About five minutes in English and in Chinese; bytes are also what the provider charges for (facts §9).
MOST_SPOKEN_BYTES: Final = 4_500

_URL: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"'，。；！？、）】》”’]+", re.IGNORECASE)
_URL_END: Final = ".,;:!?)]}"
_ENDED: Final = re.compile(r"[.!?:;,…。！？：；，、—][\"')\]}”’」』）】》]*$")
_SPACE: Final = re.compile(r"\s+")
_SPACE_BEFORE_MARK: Final = re.compile(r"\s+(?=[,.!?;:，。！？；：、](?:\s|$))")
# What models write besides Markdown: tags of HTML, and marks of notes and sources.
_ATTRIBUTES: Final = r"(?:\s+[\w-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>"
_WITHIN: Final = (
    "a|abbr|b|big|code|del|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var"
)
_BETWEEN: Final = (
    "blockquote|br|center|dd|details|div|dl|dt|h[1-6]|hr|li|ol|p|pre|summary|table|tbody|td|th|thead|tr|ul"
)
_TAG_WITHIN: Final = re.compile(f"</?(?:{_WITHIN}){_ATTRIBUTES}", re.IGNORECASE)
_TAG_BETWEEN: Final = re.compile(f"</?(?:{_BETWEEN}){_ATTRIBUTES}", re.IGNORECASE)
_NOTE: Final = re.compile(r"\[\^[\w-]{1,20}\]:?|【\d+†[^【】]{0,40}】")
_ARROWS: Final = re.compile(r"\s*[←-⇿⟵-⟿]\s*")
_PLAIN_FORMULA: Final = re.compile(r"[A-Za-z0-9 .,+=<>%()-]{1,40}")
_UNSPOKEN_IN_CODE: Final = re.compile(r"[^\w\s.,:+%/-]|(?<!\w)[.,:/]|[.,:/](?!\w)|_")
_LONGEST_CODE: Final = 60
# Letterlike signs (№, ℃, ™) are read; pictures, also those of other blocks, are not.
_LETTERLIKE: Final = range(0x2100, 0x2150)
_LAST_LATIN: Final = 0xFF
# Persian words are told apart by it.
_NON_JOINER: Final = "\u200c"
# What joins and colours emoji, and what asks for a picture instead of a letter.
_EMOJI_PARTS: Final = re.compile("[\u200d\u20e3\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CHINESE_END: Final = re.compile(r"[\u3400-\u9fff，、；：。！？]$")
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_LETTER: Final = re.compile(r"[^\W\d_]")
# Fenced code, code within a line, and addresses.
_NO_PROSE: Final = re.compile(
    rf"^ *(?P<fence>```+|~~~+).*?(?:^ *(?P=fence)|\Z)|`[^`\n]+`|{_URL.pattern}",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


def spoken_language(text: str) -> str:
    """The language of LANGUAGES that our own words in a spoken text are in: zh where Chinese prevails.

    Code and addresses are in no language, unless there is nothing else.
    """
    prose = _NO_PROSE.sub(" ", text)
    text = prose if _LETTER.search(prose) else text
    han = len(_HAN.findall(text))
    letters = len(_LETTER.findall(text)) - han
    # A Chinese character says about as much as three letters.
    return "zh" if han * 3 > letters and not _KANA.search(text) else "en"


def speakable_text(markdown: str) -> str:
    """The answer as lines of plain sentences; empty when there is nothing to say.

    What cannot be read aloud (code, a table, a formula) is said to be in the message, each kind once.
    """
    return "\n".join(_Reader(spoken_language(markdown)).lines(parse(markdown).blocks))


def text_to_speak(markdown: str) -> str:
    """What of an answer is read aloud: all of it, or its beginning and where the rest is."""
    text = speakable_text(markdown)
    spoken, whole = shortened(text, most_bytes=MOST_SPOKEN_BYTES)
    return spoken if whole else f"{spoken}\n{say('speech_rest', spoken_language(text))}"


class _Reader:
    """Reads one document aloud; remembers what it has said to be in the message."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._told: set[str] = set()

    def lines(self, blocks: Sequence[Block]) -> Iterator[str]:
        """The lines of the blocks, each with an end that is heard."""
        for block in blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(children=children) | Heading(children=children):
                yield from self._line(children)
            case List(items=items):
                for item in items:
                    yield from self._item(item)
            case Quote(blocks=blocks) | Collapsed(blocks=blocks):
                yield from self.lines(blocks)
            case Columns():
                yield from self.lines(block.stacked)
            case CodeBlock():
                yield from self._in_message("speech_code")
            case Table():
                yield from self._in_message("speech_table")
            case MathBlock(text=text):
                formula = _plain_formula(text)
                yield from [self._ended(formula)] if formula else self._in_message("speech_formula")
            case Rule():
                pass
            case _:
                assert_never(block)

    def _item(self, item: ListItem) -> Iterator[str]:
        marks = [say("speech_done", self._language)] if item.checked else []
        if item.number is not None:
            # A full stop would pass for the end of a sentence.
            marks.insert(0, f"{item.number}{'、' if self._language == 'zh' else ': '}")
        mark = "".join(marks)
        for line in self.lines(item.blocks):
            yield f"{mark}{line}"
            mark = ""

    def _line(self, children: Sequence[Inline]) -> Iterator[str]:
        text = _tidied(self._inlines(children))
        if _is_heard(text):
            yield self._ended(text)

    def _in_message(self, key: str) -> Iterator[str]:
        if key not in self._told:
            self._told.add(key)
            yield say(key, self._language)

    def _ended(self, text: str) -> str:
        if _ENDED.search(text):
            return text
        return f"{text}{'。' if _CHINESE_END.search(text) else '.'}"

    # --- within a line ------------------------------------------------------------------------------------

    def _inlines(self, children: Sequence[Inline]) -> str:
        return "".join(self._inline(child) for child in children)

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Text(text=text):
                return _without_urls(_without_tags(text))
            case Bold(children=children) | Italic(children=children) | Link(children=children):
                return self._inlines(children)
            case Strike():
                return ""  # what the writer has taken back is not said
            case Code(text=text):
                return self._code(text)
            case Image(alt=alt):
                return _without_urls(alt)
            case Math(text=text):
                return _plain_formula(text) or say("speech_a_formula", self._language)
            case LineBreak():
                return "\n"
            case _:
                assert_never(inline)

    def _code(self, text: str) -> str:
        """Names and short commands are words; what is mostly signs is not."""
        if _URL.fullmatch(text.strip()):
            return _without_urls(text)
        words = _SPACE.sub(" ", _UNSPOKEN_IN_CODE.sub(" ", text)).strip()
        if not _LETTER.search(words) and not words.isdigit():
            return say("speech_some_code", self._language)
        return words if len(text) <= _LONGEST_CODE else say("speech_some_code", self._language)


def _without_tags(text: str) -> str:
    return _NOTE.sub("", _TAG_BETWEEN.sub(" ", _TAG_WITHIN.sub("", text)))


def _without_urls(text: str) -> str:
    """An address is named by its host: nobody takes the rest down by ear."""
    return _URL.sub(_host, text)


def _host(found: re.Match[str]) -> str:
    address = found[0].rstrip(_URL_END)
    end = found[0][len(address) :]
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        host = ""
    return f"{host.removeprefix('www.')}{end}"


def _plain_formula(text: str) -> str:
    """A formula that reads like its words; empty for one that needs to be seen."""
    formula = text.strip()
    return formula if _PLAIN_FORMULA.fullmatch(formula) and _is_heard(formula) else ""


def _tidied(text: str) -> str:
    text = _ARROWS.sub(", ", _EMOJI_PARTS.sub("", text))
    text = "".join(_said(character) for character in text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _SPACE_BEFORE_MARK.sub("", _SPACE.sub(" ", _joined(lines))).strip(" ,")


def _joined(lines: Sequence[str]) -> str:
    """One line of several: Chinese takes no space where it is broken, and what begins anew a pause."""
    whole = ""
    for line in lines:
        if not whole or _CHINESE_END.search(whole):
            whole = f"{whole}{line}"
        else:
            begins_anew = line[0].isupper() or line[0].isdigit()
            whole = f"{whole}{',' if begins_anew and not _ENDED.search(whole) else ''} {line}"
    return whole


def _said(character: str) -> str:
    """A letter as it is, a space for a picture, and nothing for what only tells how to show letters."""
    if _is_picture(character):
        return " "
    return "" if unicodedata.category(character) == "Cf" and character != _NON_JOINER else character


def _is_picture(character: str) -> bool:
    code = ord(character)
    if code <= _LAST_LATIN or code in _LETTERLIKE:
        return False
    return unicodedata.category(character) in {"So", "Cn", "Co", "Cs", "Cc"}


def _is_heard(text: str) -> bool:
    return any(character.isalnum() for character in text)
