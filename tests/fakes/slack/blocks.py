"""What Slack takes as Block Kit: types, lengths and counts, each complaint with its JSON pointer.

Sources: docs.slack.dev, "Block Kit reference", block by block and element by element.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Literal

from .errors import refused

__all__ = ["Surface", "accept_blocks", "complaints"]

Wire = dict[str, Any]
Surface = Literal["message", "home", "modal"]

MAX_BLOCKS = {"message": 50, "home": 100, "modal": 100}
MAX_ID_CHARACTERS = 255
MAX_MARKDOWN_CHARACTERS = 12_000  # all markdown blocks of a payload together
MAX_BUTTON_TEXT, MAX_BUTTON_VALUE = 75, 2000
MAX_COLUMNS = 20
MAX_OPTIONS, MAX_OPTION_TEXT, MAX_OPTION_VALUE = 100, 75, 150

#: The texts of a block: field, most characters, whether it has to be there.
_TEXTS: dict[str, tuple[tuple[str, int, bool], ...]] = {
    "section": (("text", 3000, False),),
    "header": (("text", 150, True),),
    "input": (("label", 2000, True), ("hint", 2000, False)),
    "image": (("title", 2000, False),),
    "alert": (("text", 2000, True),),
    "card": (("title", 150, False), ("subtitle", 150, False), ("body", 200, False)),
    "video": (("title", 200, True),),
}
#: The lists of a block: field, most items, whether it has to be there.
_LISTS: dict[str, tuple[tuple[str, int, bool], ...]] = {
    "section": (("fields", 10, False),),
    "context": (("elements", 10, True),),
    "actions": (("elements", 25, True),),
    "context_actions": (("elements", 5, True),),
    "carousel": (("elements", 10, True),),
    "table": (("rows", 100, True),),
    "rich_text": (("elements", 500, True),),
}
_PLAIN = frozenset(("divider", "markdown", "file", "call", "task_card", "plan", "container", "auth_provider"))
BLOCK_TYPES = frozenset((*_TEXTS, *_LISTS, *_PLAIN))
_MESSAGE_ONLY = frozenset(("markdown", "context_actions", "task_card", "plan", "table"))
_SELECTS = frozenset(("static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes"))
_FREE = frozenset(("external_select", "users_select", "conversations_select", "channels_select"))
_INPUTS = frozenset(
    ("plain_text_input", "email_text_input", "url_text_input", "number_input", "datepicker", "timepicker")
)
ELEMENT_TYPES = frozenset(
    ("button", "image", "feedback_buttons", "icon_button", *_SELECTS, *_FREE, *_INPUTS, "datetimepicker")
)
_numbers = count(1)


def accept_blocks(
    blocks: list[Any], *, surface: Surface = "message", error: str = "invalid_blocks"
) -> list[Wire]:
    """The blocks as Slack stores them, each with a block_id. Raises ApiError with every complaint."""
    found = list(complaints(blocks, surface=surface))
    if found:
        raise refused(error, *(f"[ERROR] {text} [json-pointer:{path}]" for path, text in found))
    return [{"block_id": f"b{next(_numbers):04d}", **block} for block in blocks]


def complaints(blocks: list[Any], *, surface: Surface = "message") -> Iterator[tuple[str, str]]:
    """What is wrong, as JSON pointer and sentence."""
    most = MAX_BLOCKS[surface]
    if len(blocks) > most:
        yield "/blocks", f"no more than {most} items allowed"
    found = [block for block in blocks if isinstance(block, dict)]
    markdown = sum(len(str(block.get("text", ""))) for block in found if block.get("type") == "markdown")
    if markdown > MAX_MARKDOWN_CHARACTERS:
        yield (
            "/blocks",
            f"markdown blocks must be less than {MAX_MARKDOWN_CHARACTERS + 1} characters together",
        )
    ids = [str(block["block_id"]) for block in found if block.get("block_id")]
    if len(ids) != len(set(ids)):
        yield "/blocks", "block_id must be unique"
    for index, block in enumerate(blocks):
        yield from _block(block, f"/blocks/{index}", surface)


def _kind(value: Any) -> str:
    return str(value.get("type")) if isinstance(value, dict) else type(value).__name__


def _some(value: Any) -> list[Any]:
    """The items of what should be a list; that it is none is complained of elsewhere."""
    return value if isinstance(value, list) else []


def _block(block: Any, path: str, surface: Surface) -> Iterator[tuple[str, str]]:
    kind = _kind(block)
    if kind not in BLOCK_TYPES or (surface != "message" and kind in _MESSAGE_ONLY):
        yield path, f"unsupported type: {kind}"
        return
    if len(str(block.get("block_id", ""))) > MAX_ID_CHARACTERS:
        yield f"{path}/block_id", f"must be less than {MAX_ID_CHARACTERS + 1} characters"
    for field, most, required in _TEXTS.get(kind, ()):
        yield from _text(block.get(field), f"{path}/{field}", most, required)
    for field, most, required in _LISTS.get(kind, ()):
        yield from _list(block.get(field), f"{path}/{field}", most, required)
    yield from _particulars(block, kind, path)


def _particulars(block: Wire, kind: str, path: str) -> Iterator[tuple[str, str]]:
    """The rules of one type that are neither the length of a text nor the length of a list."""
    match kind:
        case "markdown" if not isinstance(block.get("text"), str) or not block["text"]:
            yield f"{path}/text", "must be more than 0 characters"
        case "section":
            yield from _section(block, path)
        case "actions" | "context_actions":
            yield from _elements(block.get("elements"), path)
        case "card":
            yield from _elements(block.get("actions"), path)
        case "container":
            for index, child in enumerate(_some(block.get("blocks"))):
                yield from _block(child, f"{path}/blocks/{index}", "message")
        case "carousel":
            for index, child in enumerate(_some(block.get("elements"))):
                yield from _block(child, f"{path}/elements/{index}", "message")
        case "input":
            yield from _element(block.get("element"), f"{path}/element")
        case "table" if _widest_row(block) > MAX_COLUMNS:
            yield f"{path}/rows", f"no more than {MAX_COLUMNS} columns allowed"
        case "image" if not block.get("alt_text") or not (block.get("image_url") or block.get("slack_file")):
            yield path, "must provide alt_text and an image"
        case _:
            pass


def _section(block: Wire, path: str) -> Iterator[tuple[str, str]]:
    if not block.get("text") and not block.get("fields"):
        yield path, "must provide text or fields"
    for index, field in enumerate(_some(block.get("fields"))):
        yield from _text(field, f"{path}/fields/{index}", 2000, True)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{path}/accessory")


def _widest_row(table: Wire) -> int:
    return max((len(row) for row in _some(table.get("rows")) if isinstance(row, list)), default=0)


def _text(value: Any, path: str, most: int, required: bool) -> Iterator[tuple[str, str]]:
    if value is None:
        if required:
            yield path, "missing required field"
        return
    if not isinstance(value, dict) or value.get("type") not in ("plain_text", "mrkdwn"):
        yield path, "must be a text object"
        return
    words = value.get("text")
    if not isinstance(words, str) or not words:
        yield f"{path}/text", "must be more than 0 characters"
    elif len(words) > most:
        yield f"{path}/text", f"must be less than {most + 1} characters"


def _list(value: Any, path: str, most: int, required: bool) -> Iterator[tuple[str, str]]:
    if value is None and not required:
        return
    if not isinstance(value, list) or not value:
        yield path, "must provide an array with at least 1 item"
    elif len(value) > most:
        yield path, f"no more than {most} items allowed"


def _elements(elements: Any, path: str) -> Iterator[tuple[str, str]]:
    found = _some(elements)
    ids = [str(each["action_id"]) for each in found if isinstance(each, dict) and "action_id" in each]
    if len(ids) != len(set(ids)):
        yield f"{path}/elements", "action_id must be unique in its block"
    for index, element in enumerate(found):
        yield from _element(element, f"{path}/elements/{index}")


def _element(element: Any, path: str) -> Iterator[tuple[str, str]]:
    kind = _kind(element)
    if kind not in ELEMENT_TYPES:
        yield path, f"unsupported type: {kind}"
        return
    if len(str(element.get("action_id", ""))) > MAX_ID_CHARACTERS:
        yield f"{path}/action_id", f"must be less than {MAX_ID_CHARACTERS + 1} characters"
    match kind:
        case "button":
            yield from _button(element, path)
            if element.get("style", "primary") not in ("primary", "danger"):
                yield f"{path}/style", "must be a valid enum value"
        case "feedback_buttons":
            for name in ("positive_button", "negative_button"):
                yield from _button(element.get(name), f"{path}/{name}")
        case "icon_button":
            yield from _text(element.get("text"), f"{path}/text", MAX_BUTTON_TEXT, True)
        case _:
            if kind in _SELECTS:
                yield from _options(element, path)


def _button(button: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(button, dict):
        yield path, "must provide an object"
        return
    yield from _text(button.get("text"), f"{path}/text", MAX_BUTTON_TEXT, True)
    if len(str(button.get("value", ""))) > MAX_BUTTON_VALUE:
        yield f"{path}/value", f"must be less than {MAX_BUTTON_VALUE + 1} characters"


def _options(element: Wire, path: str) -> Iterator[tuple[str, str]]:
    groups = [group for group in _some(element.get("option_groups")) if isinstance(group, dict)]
    grouped = [option for group in groups for option in _some(group.get("options"))]
    options = grouped or element.get("options")
    yield from _list(options, f"{path}/options", MAX_OPTIONS, True)
    for index, option in enumerate(_some(options)):
        yield from _option(option, f"{path}/options/{index}")
    initial = element.get("initial_option")
    if initial is not None and initial not in _some(options):
        yield f"{path}/initial_option", "must match one of the options"


def _option(option: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(option, dict):
        yield path, "must provide an object"
        return
    yield from _text(option.get("text"), f"{path}/text", MAX_OPTION_TEXT, True)
    if len(str(option.get("value", ""))) > MAX_OPTION_VALUE:
        yield f"{path}/value", f"must be less than {MAX_OPTION_VALUE + 1} characters"
