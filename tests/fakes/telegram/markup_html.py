"""Parse mode HTML: text and entities, or the refusal Telegram gives (Bot API "HTML style")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, bad_request
from .utf16 import code_units

__all__ = ["parse_html", "refuse"]

_ENTITY_OF_TAG = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "a": "text_link",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9a-fA-F]{1,6})|#(?P<dec>[0-9]{1,7})|(?P<name>[A-Za-z]+));?")
_TOKEN = re.compile(r"[<&]")
_NAME_END = re.compile(r"[\s>]")
_ATTRIBUTE = re.compile(
    r"\s*(?P<name>[^\s=>]*)\s*(?P<equals>=?)\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[\w.-]*))"
)


def refuse(text: str) -> ApiError:
    """The refusal for markup that does not parse."""
    return bad_request(f"can't parse entities: {text}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A tag that waits for its end."""

    name: str
    attributes: dict[str, str]
    offset: int
    piece: int


class _HtmlParser:
    """Reads one text from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.entities: list[dict[str, Any]] = []
        self.opened: list[_Open] = []
        self.offset = 0

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        position = 0
        while (match := _TOKEN.search(self.source, position)) is not None:
            self._add(self.source[position : match.start()])
            read = self._reference if match.group() == "&" else self._tag
            position = read(match.start())
        self._add(self.source[position:])
        if self.opened:
            raise refuse(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].name}"')
        self.entities.sort(key=lambda e: (e["offset"], -e["length"]))
        return "".join(self.pieces), self.entities

    def _add(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.offset += code_units(text)

    def _reference(self, start: int) -> int:
        decoded, end = _decode_reference(self.source, start)
        self._add(decoded)
        return end

    def _tag(self, start: int) -> int:
        if self.source.startswith("</", start):
            return self._end_tag(start)
        return self._start_tag(start)

    def _start_tag(self, start: int) -> int:
        name_end = _NAME_END.search(self.source, start + 1)
        if name_end is None:
            raise refuse(f"Unclosed start tag at byte offset {self._byte(start)}")
        name = self.source[start + 1 : name_end.start()].lower()
        if name not in _ENTITY_OF_TAG:
            raise refuse(f'Unsupported start tag "{name}" at byte offset {self._byte(start)}')
        attributes, end = self._attributes(name, start, name_end.start())
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise refuse(f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(start)}')
        self.opened.append(
            _Open(name=name, attributes=attributes, offset=self.offset, piece=len(self.pieces))
        )
        return end

    def _attributes(self, tag: str, start: int, position: int) -> tuple[dict[str, str], int]:
        found: dict[str, str] = {}
        while True:
            rest = len(self.source) - len(self.source[position:].lstrip())
            if rest >= len(self.source):
                raise refuse(f"Unclosed start tag at byte offset {self._byte(start)}")
            if self.source[rest] == ">":
                return found, rest + 1
            match = _ATTRIBUTE.match(self.source, position)
            if match is None or not match["name"]:
                raise refuse(f'Empty attribute name in the tag "{tag}" at byte offset {self._byte(start)}')
            found[match["name"]] = self._value(match, tag, start)
            position = match.end()

    def _value(self, match: re.Match[str], tag: str, start: int) -> str:
        if not match["equals"]:
            if tag == "blockquote" and match["name"] == "expandable":
                return ""
            raise refuse(
                f'Expected equal sign in declaration of an attribute of the tag "{tag}"'
                f" at byte offset {self._byte(start)}"
            )
        raw = match["double"] if match["double"] is not None else match["single"]
        return match["bare"].lower() if raw is None else _decode_all(raw)

    def _end_tag(self, start: int) -> int:
        if not self.opened:
            raise refuse(f"Unexpected end tag at byte offset {self._byte(start)}")
        end = self.source.find(">", start)
        if end < 0:
            raise refuse(f"Unclosed end tag at byte offset {self._byte(start)}")
        name = self.source[start + 2 : end].strip().lower()
        opened = self.opened.pop()
        if name and name != opened.name:
            raise refuse(
                f"Unmatched end tag at byte offset {self._byte(start)},"
                f' expected "</{opened.name}>", found "</{name}>"'
            )
        if self.offset > opened.offset:
            self._close(opened)
        return end + 1

    def _close(self, opened: _Open) -> None:
        entity: dict[str, Any] = {
            "type": _ENTITY_OF_TAG[opened.name],
            "offset": opened.offset,
            "length": self.offset - opened.offset,
        }
        entity.update(_argument(opened, "".join(self.pieces[opened.piece :])))
        if "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        last = self.entities[-1] if self.entities else None
        if last is not None and _is_code_of_pre(last, entity):
            last.update(type="pre", **_language(last, entity))
            return
        self.entities.append(entity)

    def _byte(self, position: int) -> int:
        return len(self.source[:position].encode())


def _is_code_of_pre(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    same = (inner["offset"], inner["length"]) == (outer["offset"], outer["length"])
    return same and {inner["type"], outer["type"]} == {"pre", "code"}


def _language(inner: dict[str, Any], outer: dict[str, Any]) -> dict[str, str]:
    language = inner.get("language") or outer.get("language")
    return {"language": language} if language else {}


def _argument(opened: _Open, covered: str) -> dict[str, Any]:
    attributes = opened.attributes
    if opened.name == "a":
        return {"url": attributes.get("href") or covered}
    if opened.name == "code" and attributes.get("class", "").startswith("language-"):
        return {"language": attributes["class"].removeprefix("language-")}
    if opened.name == "tg-emoji":
        return {"custom_emoji_id": attributes.get("emoji-id", "")}
    if opened.name == "tg-time":
        return {
            "unix_time": int(attributes.get("unix", "0")),
            "date_time_format": attributes.get("format", ""),
        }
    return {}


def _decode_reference(source: str, start: int) -> tuple[str, int]:
    match = _REFERENCE.match(source, start)
    if match is None:
        return "&", start + 1
    if match["name"]:
        decoded = _NAMED.get(match["name"], "")
    else:
        code = int(match["hex"], 16) if match["hex"] else int(match["dec"])
        decoded = chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""
    return (decoded, match.end()) if decoded else ("&", start + 1)


def _decode_all(raw: str) -> str:
    return _REFERENCE.sub(lambda match: _decode_reference(match.group(), 0)[0] or match.group(), raw)


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Parse; raises ApiError (400) with Telegram's sentence for markup it refuses."""
    text, entities = _HtmlParser(source).parse()
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, entities
