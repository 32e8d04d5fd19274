"""Message text as the server keeps it: entities checked, spaces at both ends trimmed, offsets moved along.

Rules: Bot API "MessageEntity" and "Formatting options"; wording of the refusals as observed on the server.
What Telegram drops silently (a link it does not take, an entity inside code) is reported as a defect,
because the reader does not see what the bot meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import ApiError, bad_request
from .utf16 import boundaries, code_units

__all__ = ["MAX_ENTITIES", "finish_text", "link_is_taken"]

MAX_ENTITIES = 100
_CODE = ("pre", "code")
_QUOTES = ("blockquote", "expandable_blockquote")
_DETECTED = ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
_STYLES = (
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "text_link",
    "text_mention",
    "custom_emoji",
)
_KNOWN = frozenset((*_CODE, *_QUOTES, *_DETECTED, *_STYLES, "date_time"))
_LINK = re.compile(
    r"(?:(?P<scheme>https?|tg|ton|tonsite)://)?(?P<host>[^/?#\s]+)(?:[/?#]\S*)?", re.IGNORECASE
)
_SPACES = " \t\n\r\v\f\u00a0\u2028\u2029"

Report = Callable[[str], None]
Entity = dict[str, Any]


def finish_text(text: str, entities: list[Entity], report: Report) -> tuple[str, list[Entity]]:
    """Check and normalise; the text may come back empty.

    Raises ApiError (400) for an entity outside the text or across half a character.
    """
    text = text.replace("\r", "")
    if entities:
        entities = _keep_sound([_checked(entity) for entity in entities], text, report)
        if len(entities) > MAX_ENTITIES:
            report(f"{len(entities)} entities in one message; Telegram keeps {MAX_ENTITIES}")
            entities = entities[:MAX_ENTITIES]
    return _trim(text, entities)


def _checked(entity: Any) -> Entity:
    if not isinstance(entity, dict) or entity.get("type") not in _KNOWN:
        raise bad_request("can't parse MessageEntity: Type is not specified or unknown")
    for name in ("offset", "length"):
        if not isinstance(entity.get(name), int):
            raise bad_request(f'can\'t parse MessageEntity: Field "{name}" must be of type Number')
    return entity


def _keep_sound(entities: list[Entity], text: str, report: Report) -> list[Entity]:
    total = code_units(text)
    edges = boundaries(text)
    for entity in entities:
        _check_span(entity, total, edges)
    entities = sorted((e for e in entities if e["length"] > 0), key=lambda e: (e["offset"], -e["length"]))
    kept: list[Entity] = []
    for entity in entities:
        fault = _fault(entity, kept)
        if fault:
            report(f"{fault} at offset {entity['offset']}: Telegram drops the entity")
        else:
            kept.append(entity)
    return kept


def _check_span(entity: Entity, total: int, edges: frozenset[int] | None) -> None:
    offset, length = entity["offset"], entity["length"]
    if offset < 0:
        raise bad_request(f"receive an entity with incorrect offset {offset}")
    if length < 0:
        raise bad_request(f"receive an entity with incorrect length {length}")
    if length == 0:
        return
    if offset >= total:
        raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + length > total:
        raise _ends_outside(offset, f"ends after the end of the text at UTF-16 offset {offset + length}")
    if edges is not None and offset not in edges:
        raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {offset}")
    if edges is not None and offset + length not in edges:
        raise _ends_outside(offset, f"ends in a middle of a UTF-16 symbol at byte offset {offset + length}")


def _ends_outside(offset: int, where: str) -> ApiError:
    return bad_request(f"entity beginning at UTF-16 offset {offset} {where}")


def _fault(entity: Entity, kept: list[Entity]) -> str:
    kind = entity["type"]
    if kind == "text_link" and not link_is_taken(str(entity.get("url", ""))):
        return f"text_link with the URL {entity.get('url')!r}"
    outer = [other for other in kept if _end(other) > entity["offset"]]
    if any(other["type"] in _CODE for other in outer):
        return f"{kind} inside pre or code"
    if kind in _CODE and any(_is_style(other) for other in outer):
        return f"{kind} inside {outer[-1]['type']}"
    if kind in _QUOTES and any(other["type"] in _QUOTES for other in outer):
        return f"{kind} inside another quote"
    if any(_end(other) < _end(entity) for other in outer if not _is_style(other) or not _is_style(entity)):
        return f"{kind} crosses the end of another entity"
    return ""


def _is_style(entity: Entity) -> bool:
    return entity["type"] in _STYLES


def _end(entity: Entity) -> int:
    return int(entity["offset"]) + int(entity["length"])


def link_is_taken(url: str) -> bool:
    """Whether Telegram makes a link of this URL: a known scheme, and a host with a dot for web addresses."""
    match = _LINK.fullmatch(url.strip())
    if match is None:
        return False
    if (match["scheme"] or "http").lower().startswith("http"):
        host = match["host"].rpartition("@")[2]
        return "." in host.strip(".") or host.startswith("[")
    return True


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut the spaces at both ends; an entity at the start keeps the spaces it covers."""
    shown = text.rstrip(_SPACES)
    if not shown:
        return "", []
    entities = _clip(entities, code_units(shown)) if len(shown) < len(text) else entities
    lead = len(shown) - len(shown.lstrip(_SPACES))
    if lead and entities:
        entities = [e for e in entities if _end(e) > lead]
        lead = min([lead, *(e["offset"] for e in entities)])
    if lead:
        entities = [{**e, "offset": e["offset"] - lead} for e in entities]
    return shown[lead:], entities


def _clip(entities: list[Entity], total: int) -> list[Entity]:
    return [
        entity if _end(entity) <= total else {**entity, "length": total - entity["offset"]}
        for entity in entities
        if entity["offset"] < total
    ]
