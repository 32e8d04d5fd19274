"""Turns what people write, as Slack hands it over, into plain Markdown with names for ids."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .wire import Payload, clean, list_of, map_in, text_in

__all__ = ["Names", "mentioned_users", "message_text"]

_ENTITY = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_USER = re.compile(r"<@([UW][A-Z0-9]+)")
_STYLES = (("code", "`"), ("bold", "**"), ("italic", "_"), ("strike", "~~"))
_BULLET = "- "


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people are called. ``own`` is the bot's user id: mentions of it at the beginning are left out."""

    own: str
    people: Mapping[str, str] = field(default_factory=dict)

    def person(self, user_id: str, label: str = "") -> str:
        """A mention as a reader sees it."""
        name = self.people.get(user_id, "") or label.lstrip("@")
        return f"@{name or user_id}"


def mentioned_users(event: Payload) -> frozenset[str]:
    """The users a message mentions, in its text or in its blocks."""
    found = set(_USER.findall(text_in(event, "text")))
    for element in _walk(event):
        if element.get("type") == "user":
            found.add(text_in(element, "user_id"))
    return frozenset(found - {""})


def _walk(event: Payload) -> Iterator[Payload]:
    """Every element of the blocks; not by recursion, for somebody may nest them ten thousandfold."""
    waiting = list(list_of(event, "blocks"))
    while waiting:
        element = waiting.pop()
        yield element
        waiting += list_of(element, "elements")


def message_text(event: Payload, names: Names) -> str:
    """The message's text as Markdown, without the bot's own mention before it.

    Rich text, where it is all there is, tells lists, code and emoji that ``text`` has lost.
    """
    blocks = list(list_of(event, "blocks"))
    try:
        is_rich = len(blocks) == 1 and blocks[0].get("type") == "rich_text"
        text = _rich_text(blocks[0], names) if is_rich else ""
    except RecursionError:
        text = ""
    text = text or _plain(text_in(event, "text"), names)
    return _without_own_mention(clean(text), names)


def _without_own_mention(text: str, names: Names) -> str:
    own = names.person(names.own)
    stripped = text.strip()
    while stripped.startswith(own) and not stripped[len(own) : len(own) + 1].isalnum():
        stripped = stripped[len(own) :].lstrip(" \t\n:,，：")
    return stripped


# --- the text field ---------------------------------------------------------------------------------------


def _plain(text: str, names: Names) -> str:
    """``*bold*`` and its like stay as they are: a star may be meant as one."""
    return html.unescape(_ENTITY.sub(lambda match: _entity(match, names), text))


def _entity(match: re.Match[str], names: Names) -> str:
    sign, target, label = match[1], match[2], match[3] or ""
    if sign == "@":
        return names.person(target, label)
    if sign == "#":
        return f"#{label or target}"
    if sign == "!":
        return _special(target, label)
    return _link(target, label)


def _special(target: str, label: str) -> str:
    kind, _, rest = target.partition("^")
    if kind == "subteam":
        return f"@{label.lstrip('@') or rest}"
    return label or f"@{kind}"


def _link(url: str, label: str) -> str:
    shown = url.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in (url, shown):
        return shown
    return f"[{label}]({url})"


# --- rich text --------------------------------------------------------------------------------------------


def _rich_text(block: Payload, names: Names) -> str:
    parts = [_section(section, names) for section in list_of(block, "elements")]
    return "\n".join(part for part in parts if part)


def _section(section: Payload, names: Names) -> str:
    match section.get("type"):
        case "rich_text_list":
            return "\n".join(_list_lines(section, names))
        case "rich_text_preformatted":
            return f"```\n{_inline(section, names, styled=False)}\n```"
        case "rich_text_quote":
            return "\n".join(f"> {line}" for line in _inline(section, names).split("\n"))
        case _:
            return _inline(section, names).removesuffix("\n")


def _list_lines(section: Payload, names: Names) -> Iterator[str]:
    indent, offset = _count(section, "indent"), _count(section, "offset")
    for place, item in enumerate(list_of(section, "elements"), start=offset + 1):
        marker = f"{place}. " if section.get("style") == "ordered" else _BULLET
        yield f"{'    ' * indent}{marker}{_inline(item, names)}"


def _count(payload: Payload, name: str) -> int:
    value = payload.get(name)
    return value if isinstance(value, int) and 0 <= value < 1000 else 0


def _inline(section: Payload, names: Names, *, styled: bool = True) -> str:
    return "".join(_element(element, names, styled=styled) for element in list_of(section, "elements"))


def _element(element: Payload, names: Names, *, styled: bool) -> str:
    match element.get("type"):
        case "text":
            text = text_in(element, "text")
            return _styled(text, map_in(element, "style")) if styled else text
        case "link":
            return _link(text_in(element, "url"), text_in(element, "text"))
        case "user":
            return names.person(text_in(element, "user_id"))
        case "channel":
            return f"#{text_in(element, 'channel_id')}"
        case "usergroup":
            return f"@{text_in(element, 'usergroup_id')}"
        case "broadcast":
            return f"@{text_in(element, 'range')}"
        case "emoji":
            return _emoji(element)
        case "date":
            return text_in(element, "fallback")
        case "color":
            return text_in(element, "value")
        case _:
            return text_in(element, "text")


def _styled(text: str, style: Payload) -> str:
    core = text.strip()
    if not core:
        return text
    before, after = text[: text.index(core)], text[text.index(core) + len(core) :]
    for name, mark in _STYLES:
        if style.get(name) is True:
            core = f"{mark}{core}{mark}"
    return f"{before}{core}{after}"


def _emoji(element: Payload) -> str:
    try:
        return "".join(chr(int(code, 16)) for code in text_in(element, "unicode").split("-"))
    except (ValueError, OverflowError):
        return f":{text_in(element, 'name')}:"
